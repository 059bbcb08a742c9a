/**
 * A step's metrics under `masa/`; `run/metrics.ts` defines each. A figure that nothing defines in this step is left
 * out. Those that rest on audited prompts and rollouts, of which a step has few, are over the latest steps.
 */
import type { Manifest } from '../../run/manifest';
import type { MasaState } from '../../run/masa-state';
import { mean } from '../../run/statistics';
import { alignment } from '../masa/alignment';
import { addTallies, cutoffFigures, EMPTY_CUTOFF_TALLY, EMPTY_GATE_TALLY, gateFigures } from '../masa/audit';
import type { GatePlan } from '../masa/gate-plan';
import { hintLift } from '../masa/hints';
import { metaRewardSettings } from '../masa/settings';
import { isKept, type SolutionGroup } from './context';
import { learningMetrics, type StepLearning, stepBrier } from './learn-meta';
import { expectationsOf } from './predict';
import type { JudgedPredictions } from './reward-predictions';

export interface MasaFacts {
  manifest: Manifest;
  plan: GatePlan | null;
  /** Of the kept and the audited candidates. */
  groups: readonly SolutionGroup[];
  predictions: readonly JudgedPredictions[];
  /** Already weighted: the meta rows' part of each update's loss. */
  losses: readonly number[];
  /** null where nothing is learned by supervision. */
  learning: StepLearning | null;
  /** After the step. */
  state: MasaState;
}

export function masaMetrics(facts: MasaFacts): Record<string, number> {
  const { manifest, plan, groups, predictions, state } = facts;
  const kept = groups.filter((g) => isKept(g.candidate.role));
  const all: Record<string, number | null> = {
    ...(manifest.masa_meta !== 'off' && predictionMetrics(facts, predictions)),
    ...(plan && gateMetrics(plan, groups, state)),
    ...(manifest.masa_cutoff && cutoffMetrics(state)),
    ...(manifest.masa_hint_share > 0 && hintMetrics(kept)),
    ...(facts.learning && learningMetrics(facts.learning)),
    'masa/audit/tokens': manifest.masa_gate || manifest.masa_cutoff ? state.audit_tokens : null,
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, number] => entry[1] !== null),
  );
}

const meanOf = (values: readonly number[]): number | null => (values.length === 0 ? null : mean(values));

function predictionMetrics(
  { manifest, losses, state }: MasaFacts,
  predictions: readonly JudgedPredictions[],
): Record<string, number | null> {
  const rewards = predictions.flatMap(({ scored }) => (scored ?? []).map((s) => s.reward));
  const figures = alignment(
    predictions.flatMap(({ meta, truth, scored }) =>
      truth && scored
        ? [
            {
              ...expectationsOf(meta),
              predictions: meta.predictions,
              counted: scored.map((s) => s.counted),
              truth,
            },
          ]
        : [],
    ),
    metaRewardSettings(manifest),
  );
  return {
    'masa/reward': meanOf(rewards.map((r) => r.meta)),
    'masa/reward_length': meanOf(rewards.map((r) => r.length)),
    'masa/reward_difficulty': meanOf(rewards.map((r) => r.difficulty)),
    'masa/reward_notion': meanOf(rewards.map((r) => r.notion)),
    // Of all that was written, whether its prompt was rolled out or not.
    'masa/parse_rate': meanOf(
      predictions.flatMap(({ meta }) => meta.predictions.map((p) => (p.parsed ? 1 : 0))),
    ),
    'masa/pass_rate_pearson': figures.passRatePearson,
    'masa/pass_rate_mae': figures.passRateMae,
    'masa/pass_rate_brier': figures.passRateBrier,
    'masa/length_pearson': figures.lengthPearson,
    'masa/length_in_range': figures.lengthInRange,
    'masa/notion_precision': figures.notionPrecision,
    'masa/loss': manifest.masa_meta === 'train' ? (meanOf(losses) ?? 0) : null,
    'masa/num_tokens': state.meta_tokens,
  };
}

function gateMetrics(
  plan: GatePlan,
  groups: readonly SolutionGroup[],
  state: MasaState,
): Record<string, number | null> {
  const figures = gateFigures(state.gate_tallies.reduce((a, b) => addTallies(a, b), EMPTY_GATE_TALLY));
  const perStep = (sum: number | null) => (sum === null ? null : sum / state.gate_tallies.length);
  return {
    'masa/gate/gated': plan.gated.length,
    'masa/gate/kept': plan.kept.length,
    'masa/gate/floor': plan.roles.filter((role) => role === 'floor').length,
    'masa/gate/tries': plan.tries,
    'masa/gate/precision': figures.precision,
    'masa/gate/recall': figures.recall,
    'masa/gate/false_positive_rate': figures.falsePositiveRate,
    'masa/gate/tokens_saved': perStep(figures.tokensSaved),
    'masa/gate/brier': stepBrier(groups),
  };
}

function cutoffMetrics(state: MasaState): Record<string, number | null> {
  const tallies = state.cutoff_tallies;
  const figures = cutoffFigures(tallies.reduce((a, b) => addTallies(a, b), EMPTY_CUTOFF_TALLY));
  const perStep = (sum: number | null) => (sum === null ? null : sum / tallies.length);
  const last = tallies.at(-1);
  return {
    'masa/cutoff/cut': last && last.rollouts > 0 ? last.cut / last.rollouts : null,
    'masa/cutoff/precision': figures.precision,
    'masa/cutoff/tokens_saved': perStep(figures.tokensSaved),
    'masa/cutoff/correct_lost': perStep(figures.correctLost),
  };
}

function hintMetrics(kept: readonly SolutionGroup[]): Record<string, number | null> {
  const groups = kept.map(({ rollouts }) =>
    rollouts.map(({ hintSource, reward }) => ({ hinted: hintSource !== null, reward })),
  );
  return {
    'masa/hint/used': meanOf(groups.flat().map(({ hinted }) => (hinted ? 1 : 0))),
    'masa/hint/lift': hintLift(groups),
  };
}
