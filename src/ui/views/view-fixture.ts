/** Builds steps with predictions, gate and cutoff by hand, for tests of the views. No figure was measured. */
import { EMPTY_CUTOFF_TALLY, EMPTY_GATE_TALLY } from '../../lab/figures';
import type { PromptGroup } from '../../run/events';
import {
  type AuditEvent,
  type CutoffEvent,
  emptyRecord,
  type GateDecision,
  type MetaGroup,
  type StepRecord,
} from '../history/step-record';
import { stepMetrics } from '../state/run-fixture';

export const record = (step: number, parts: Partial<StepRecord> = {}): StepRecord => ({
  ...emptyRecord(step),
  metrics: stepMetrics(step),
  finished: true,
  ...parts,
});

type Prediction = MetaGroup['predictions'][number];

/** A prediction that says `eighths` of 8, a bucket of eight tokens, and notions that all count. */
export function prediction(eighths: number | null, more: Partial<Prediction> = {}): Prediction {
  return {
    tokens: [23, 24, 21, 4, 22, 7, 2],
    logps: [],
    parsed: eighths !== null,
    notions: null,
    length: null,
    pass_rate: eighths === null ? null : eighths / 8,
    counted: null,
    reward_length: null,
    reward_difficulty: null,
    reward_notion: null,
    reward: null,
    advantage: 0,
    ...more,
  };
}

export const bucket = (b: number): Prediction['length'] => ({
  bucket: b,
  low: 8 * b,
  high: b === 9 ? null : 8 * b + 7,
  midpoint: 8 * b + 3.5,
});

export const metaGroup = (
  step: number,
  index: number,
  predictions: Prediction[],
  truth: [correct: number, total: number] | null,
  more: Partial<MetaGroup> = {},
): MetaGroup => ({
  type: 'meta_group',
  v: 1,
  step,
  index,
  prompt: [1, 19, 7, 19],
  predictions,
  pass_distribution: null,
  truth: truth && {
    correct: truth[0],
    total: truth[1],
    lengths: Array.from({ length: truth[0] }, (_, i) => 20 + i),
    notion_counts: [],
  },
  ...more,
});

interface Rolled {
  length: number;
  reward: number;
  truncated?: boolean;
  cut?: boolean;
  hint?: number[];
}

export const group = (step: number, index: number, candidate: number, rollouts: Rolled[]): PromptGroup => ({
  type: 'prompt_group',
  v: 1,
  step,
  index,
  candidate,
  problem: { family: 'ladder', tier: 'easy', size: 1, answer: [8, 8] },
  prompt: [1, 5, 6, 17],
  rollouts: rollouts.map(({ length, reward, truncated = false, cut, hint }) => ({
    tokens: Array.from({ length }, () => 5),
    logps: [],
    reward,
    advantage: 0,
    truncated,
    ...(cut && { cut }),
    ...(hint && { hint, hint_source: 0 }),
  })),
  reward_mean: 0,
  reward_std: 0,
});

export const decision = (
  step: number,
  index: number,
  role: GateDecision['role'],
  more: Partial<GateDecision> = {},
): GateDecision => ({
  type: 'gate_decision',
  v: 1,
  step,
  index,
  problem: { family: 'ladder', tier: 'hard', size: 1, answer: [8] },
  prompt: [1, 7, 17],
  rule: 'paper',
  low: 0.1,
  high: 0.9,
  spread_limit: 0.3,
  threshold: 0.65,
  pass_rates: [0.5, null, 0.25],
  pass_distribution: null,
  mean: 0.375,
  spread: 0.125,
  expectation: null,
  zero_variance: null,
  score: 0.25,
  verdict: role === 'open' ? 'open' : 'closed',
  role,
  reason: 'predicted pass rate 0.375 is from 0.1 to 0.9',
  calibrator_weights: null,
  ...more,
});

export const cutoff = (step: number, index: number, more: Partial<CutoffEvent> = {}): CutoffEvent => ({
  type: 'cutoff',
  v: 1,
  step,
  index,
  limit: 36,
  cuts: true,
  predicted: 18,
  lengths: [18],
  statistic: 'median',
  multiple: 2,
  minimum: 8,
  reason: '2 x median predicted length 18 = 36',
  cut: [],
  audited: [],
  ...more,
});

type GateAudit = NonNullable<AuditEvent['gate']>;
type CutoffAudit = NonNullable<AuditEvent['cutoff']>;

export const audit = (
  step: number,
  gate: { entries?: GateAudit['entries']; tally: Partial<GateAudit['tally']> } | null,
  cut: { entries?: CutoffAudit['entries']; tally: Partial<CutoffAudit['tally']> } | null = null,
): AuditEvent => ({
  type: 'audit',
  v: 1,
  step,
  tokens: 0,
  gate: gate && { entries: gate.entries ?? [], tally: { ...EMPTY_GATE_TALLY, ...gate.tally } },
  cutoff: cut && { entries: cut.entries ?? [], tally: { ...EMPTY_CUTOFF_TALLY, ...cut.tally } },
});
