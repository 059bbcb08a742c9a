/**
 * The phase `reward`, predictions: each prompt's meta rollouts against its true group. They are rewarded wherever
 * there is a truth, and trained on only where the group itself is trained on.
 */
import type { RunEventOf } from '../../run/events';
import type { MetaTask } from '../../tasks/meta';
import { groupAdvantages } from '../advantages';
import { type ScoredPrediction, scoreMetaGroup } from '../masa/rewards';
import { metaRewardSettings } from '../masa/settings';
import { type GroupTruth, groupTruth } from '../masa/truth';
import { type Candidate, isKept, type MetaRollouts, type SolutionGroup, type StepContext } from './context';

/** A candidate's meta rollouts with what they earned. */
export interface JudgedPredictions {
  candidate: Candidate;
  meta: MetaRollouts;
  truth: GroupTruth | null;
  /** [M]; null without a truth. */
  scored: ScoredPrediction[] | null;
  /** [M]; null where they are not trained on. */
  advantages: number[] | null;
}

/** What a group's counted rollouts were like; null when none counts. */
export function truthOf(group: SolutionGroup, meta: MetaTask): GroupTruth | null {
  const rollouts = group.rollouts.filter((r) => r.counted);
  if (rollouts.length === 0) return null;
  return groupTruth(
    rollouts.map(({ seen, reward }) => ({
      correct: reward === 1,
      length: seen.tokens.length,
      notions: meta.notionsIn(seen.tokens),
    })),
  );
}

/** @param groups of the kept and the audited candidates. */
export function judgePredictions(
  { manifest, task }: StepContext,
  candidates: readonly Candidate[],
  groups: readonly SolutionGroup[],
): JudgedPredictions[] {
  const ask = task.meta;
  if (!ask) return [];
  const byCandidate = new Map(groups.map((group) => [group.candidate.index, group]));
  const judged = candidates.flatMap((candidate): JudgedPredictions[] => {
    const { meta, problem, index } = candidate;
    if (!meta) return [];
    const group = byCandidate.get(index);
    const truth = group ? truthOf(group, ask) : null;
    const completions = meta.completions.map((c) => c.tokens);
    const scored = truth && scoreMetaGroup(ask, problem, completions, truth, metaRewardSettings(manifest));
    return [{ candidate, meta, truth, scored, advantages: null }];
  });
  if (manifest.masa_meta !== 'train') return judged;
  const trained = judged.filter(({ candidate, scored }) => scored !== null && isKept(candidate.role));
  const advantages = groupAdvantages(
    trained.map(({ scored }) => scored!.map((s) => s.reward.meta)),
    manifest.scale_rewards,
  );
  trained.forEach((each, i) => {
    each.advantages = advantages[i];
  });
  return judged;
}

export function emitPredictions(
  { emit, step, task }: StepContext,
  judged: readonly JudgedPredictions[],
): void {
  for (const { candidate, meta, truth, scored, advantages } of judged)
    emit({
      type: 'meta_group',
      v: 1,
      step,
      index: candidate.index,
      prompt: meta.prompt,
      predictions: meta.completions.map(({ tokens, logps }, m) => {
        const { parsed, notions, length, passRate } = meta.predictions[m];
        const reward = scored?.[m].reward ?? null;
        return {
          tokens,
          logps,
          parsed,
          notions,
          length,
          pass_rate: passRate,
          counted: notions && task.meta!.countedNotions(candidate.problem, notions),
          reward_length: reward?.length ?? null,
          reward_difficulty: reward?.difficulty ?? null,
          reward_notion: reward?.notion ?? null,
          reward: reward?.meta ?? null,
          advantage: advantages?.[m] ?? 0,
        };
      }),
      pass_distribution: meta.passDistribution,
      ...(meta.expectedLength !== null && { expected_length: meta.expectedLength }),
      truth: truth && describeTruth(truth),
    });
}

function describeTruth(truth: GroupTruth): RunEventOf<'meta_group'>['truth'] {
  const counts = new Map<number, { correct: number; incorrect: number }>();
  for (const { correct, notions } of truth.rollouts)
    for (const notion of notions) {
      const count = counts.get(notion) ?? { correct: 0, incorrect: 0 };
      count[correct ? 'correct' : 'incorrect']++;
      counts.set(notion, count);
    }
  return {
    correct: truth.correct,
    total: truth.total,
    lengths: [...truth.correctLengths],
    notion_counts: [...counts].sort(([a], [b]) => a - b).map(([notion, count]) => ({ notion, ...count })),
  };
}
