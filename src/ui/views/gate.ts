/**
 * The gate at a step, prompt by prompt, and what the audit says of it over recent steps. Pure; from the records of
 * steps alone. The window's figures are the trainer's own (`rl/masa/audit.ts`).
 */
import {
  addTallies,
  EMPTY_GATE_TALLY,
  type GateFigures,
  type GateTally,
  gateFigures,
  TALLY_WINDOW,
} from '../../lab/figures';
import type { Table } from '../components/panel-offers';
import { candidateOf, type GateDecision, type StepRecord } from '../history/step-record';

export { TALLY_WINDOW };
export type GateRole = GateDecision['role'];

/** A candidate before the gate, with what came of it. */
export interface GateRow {
  step: number;
  /** Number of the candidate. */
  index: number;
  prompt: readonly number[];
  tier: string;
  decision: GateDecision;
  /** Sampled pass rates that parsed, in rising order; how many did not. */
  samples: number[];
  unparsed: number;
  /** What the rule compares: the mean of the samples, or P(zero variance); null where it was not known. */
  compared: number | null;
  /** Trained on. */
  kept: boolean;
  /** Its rollouts, trained on or audited; null where there are none, or not yet. */
  outcome: { correct: number; total: number; zeroVariance: boolean } | null;
  /** Whether outcome and verdict agree: closed and without variance, or open and with; null without an outcome. */
  right: boolean | null;
}

/** The candidates of a step in the order in which they arrived. */
export function gateRows(record: StepRecord): GateRow[] {
  return record.decisions.map((decision) => {
    const parsed = decision.pass_rates.filter((rate) => rate !== null);
    const outcome = outcomeOf(record, decision.index);
    return {
      step: record.step,
      index: decision.index,
      prompt: decision.prompt,
      tier: decision.problem.tier,
      decision,
      samples: [...parsed].sort((a, b) => a - b),
      unparsed: decision.pass_rates.length - parsed.length,
      compared: decision.rule === 'paper' ? decision.mean : decision.zero_variance,
      kept: decision.role !== 'gated' && decision.role !== 'audited',
      outcome,
      right: outcome && outcome.zeroVariance === (decision.verdict === 'closed'),
    };
  });
}

/** A masked rollout has no say: it is missing from the truth of the meta group, which is asked first. */
export function outcomeOf(record: StepRecord, index: number): GateRow['outcome'] {
  const truth = record.metaGroups.find((each) => each.index === index)?.truth;
  const audited = record.audit?.gate?.entries.find((each) => each.index === index);
  const rewards =
    audited?.rewards ??
    record.groups.find((each) => candidateOf(each) === index)?.rollouts.map((each) => each.reward);
  const total = truth?.total ?? rewards?.length;
  const correct = truth?.correct ?? rewards?.filter((reward) => reward > 0).length;
  if (total === undefined || correct === undefined) return null;
  return { correct, total, zeroVariance: audited?.zero_variance ?? (correct === 0 || correct === total) };
}

const ROLE_WORDS: Readonly<Record<GateRole, string>> = {
  open: 'let through',
  explored: 'closed, but let through by chance, so that the gate is checked',
  floor: 'closed, but let through, or the step would have had too few prompts',
  gated: 'skipped',
  audited: 'skipped; rolled out beside the training, to check the gate',
};

export const roleInWords = (role: GateRole): string => ROLE_WORDS[role];

/**
 * Why the gate let a prompt through or not, with its numbers as shares; the event's own reason has every digit.
 *
 * @param percent writes a share.
 */
export function whyInWords(decision: GateDecision, percent: (share: number) => string): string {
  const { rule, mean, spread, low, high, spread_limit, zero_variance, threshold, expectation } = decision;
  if (rule !== 'paper') {
    if (zero_variance === null) return decision.reason;
    const at =
      rule === 'calibrated' && expectation !== null ? `, as it expects ${percent(expectation)} right` : '';
    return `nothing to learn: ${percent(zero_variance)} likely${at}; it closes above ${percent(threshold)}`;
  }
  if (mean === null || spread === null) return 'no prediction could be read';
  const band = `${percent(low)} to ${percent(high)}`;
  if (mean >= low && mean <= high) return `expects ${percent(mean)}, inside ${band}`;
  const guesses = `spread ${percent(spread)}, limit ${percent(spread_limit)}`;
  return `expects ${percent(mean)}, outside ${band}, ${spread < spread_limit ? 'and its guesses agree' : 'but its guesses disagree'}: ${guesses}`;
}

/** What came of it, as a sentence without its end. */
export function outcomeInWords({ outcome, kept, decision }: GateRow): string {
  if (outcome === null)
    return kept ? 'rollouts to come' : decision.role === 'audited' ? 'check to come' : 'not rolled out';
  const said = `${outcome.correct} of ${outcome.total} right`;
  return outcome.zeroVariance ? `${said}: nothing to learn` : `${said}: something to learn`;
}

/** The gate against what had variance, over a window of steps. */
export interface GateConfusion {
  /** Steps in the window with an audit of the gate; its first and last. */
  steps: number;
  from: number | null;
  to: number | null;
  tally: Readonly<GateTally>;
  /** Counted, not estimated. Of what was closed only the audited and the explored are known. */
  skippedZero: number;
  skippedInformative: number;
  keptZero: number;
  keptInformative: number;
  /** Gated and never rolled out. */
  unknown: number;
  /** Estimates scaled up from the sampled prompts. */
  figures: GateFigures;
  /** Solution tokens saved, those of the predictions not deducted; null while nothing closed was sampled. */
  tokensSaved: number | null;
  /** The same less the tokens of the predictions that the gate reads. */
  tokensSavedNet: number | null;
}

/** Over the latest `TALLY_WINDOW` of `records`, as the step's metrics are. */
export function gateConfusion(records: readonly Pick<StepRecord, 'step' | 'audit'>[]): GateConfusion {
  const audits = records.flatMap(({ step, audit }) =>
    audit?.gate ? [{ step, tally: audit.gate.tally }] : [],
  );
  const window = audits.slice(-TALLY_WINDOW);
  const tally = window.reduce<GateTally>((sum, each) => addTallies(sum, each.tally), { ...EMPTY_GATE_TALLY });
  const figures = gateFigures(tally);
  // Explored prompts are sampled without being gated, so the known among the gated follow from the audits' entries.
  const audited = records
    .filter(({ step }) => window.some((each) => each.step === step))
    .reduce((sum, { audit }) => sum + (audit?.gate?.entries.length ?? 0), 0);
  return {
    steps: window.length,
    from: window[0]?.step ?? null,
    to: window.at(-1)?.step ?? null,
    tally,
    skippedZero: tally.sampledZero,
    skippedInformative: tally.sampledInformative,
    keptZero: tally.keptZero,
    keptInformative: tally.keptInformative,
    unknown: tally.gated - audited,
    figures,
    tokensSaved: figures.tokensSaved,
    tokensSavedNet: figures.tokensSaved === null ? null : figures.tokensSaved - tally.metaTokens,
  };
}

export const gateTable = (rows: readonly GateRow[]): Table => ({
  columns: [
    'step',
    'prompt',
    'rule',
    'mean',
    'spread',
    'expectation',
    'P(zero variance)',
    'verdict',
    'role',
    'reason',
    'right',
    'rollouts',
  ],
  rows: rows.map(({ step, index, decision: d, outcome }) => [
    step,
    index,
    d.rule,
    d.mean,
    d.spread,
    d.expectation,
    d.zero_variance,
    d.verdict,
    d.role,
    d.reason,
    outcome?.correct ?? null,
    outcome?.total ?? null,
  ]),
});

export const confusionTable = (c: GateConfusion): Table => ({
  columns: ['', 'no variance', 'variance', 'not rolled out'],
  rows: [
    ['closed', c.skippedZero, c.skippedInformative, c.unknown],
    ['kept', c.keptZero, c.keptInformative, 0],
  ],
});
