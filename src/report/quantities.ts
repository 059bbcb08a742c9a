/**
 * What is drawn of runs: each quantity with where it stands in a digest and how it is written. The one list that the
 * report's charts, the comparison of the page and its CSV go by. Pure.
 */
import type { Costs } from '../rl/comparison/record';
import { formatCount, formatFixed, formatNumber, formatPercent } from '../run/format';
import type { RunDigest } from './digest';

/** What curves stand against. */
export const AXES = ['steps', 'tokens', 'seconds'] as const;
export type CurveAxis = (typeof AXES)[number];

export const AXIS_LABELS: Readonly<Record<CurveAxis, string>> = {
  steps: 'steps',
  tokens: 'tokens generated for training',
  seconds: 'seconds of training',
};

/** A point of a run's curve; `costs` are those spent by then. */
export interface Point {
  step: number;
  costs: Costs;
  value: number;
  /** Its own 95% interval, where it has one. */
  low?: number;
  high?: number;
}

export interface Quantity {
  key: string;
  label: string;
  /** One sentence on what is drawn. */
  note: string;
  /** Where it is measured: at evaluations, or at every step. */
  from: 'evaluations' | 'steps';
  format(value: number): string;
  /** Bounds of the axis; null lets the data decide. */
  range: readonly [number | null, number | null];
  points(run: RunDigest): Point[];
}

const SHARE = [0, 1] as const;
const FROM_ZERO = [0, null] as const;
const FREE = [null, null] as const;

const accuracy = (suite: string): Quantity => ({
  key: `accuracy/${suite}`,
  label: `Held-out accuracy, ${suite}`,
  note: 'Share of answers to held-out problems that were right. A single run’s band is Wilson’s 95% interval over its answers.',
  from: 'evaluations',
  format: formatPercent,
  range: SHARE,
  points: ({ evaluations, record }) =>
    evaluations.flatMap(({ step, suite: own, total }) => {
      const costs = own === suite && record.points.find((point) => point.costs.steps === step)?.costs;
      return costs ? [{ step, costs, value: total.accuracy, low: total.low, high: total.high }] : [];
    }),
});

const heldOutPearson: Quantity = {
  key: 'held_out_pass_rate_pearson',
  label: 'Predicted against true pass rate, r, held-out',
  note: 'Pearson’s correlation over held-out problems in domain, at evaluations.',
  from: 'evaluations',
  format: (value) => formatFixed(value, 3),
  range: [null, 1],
  points: ({ record }) =>
    record.points.flatMap(({ costs, alignment }) => {
      const value = alignment['in-domain']?.pass_rate_pearson ?? null;
      return value === null ? [] : [{ step: costs.steps ?? 0, costs, value }];
    }),
};

const metric = (
  key: string,
  label: string,
  note: string,
  format: (value: number) => string,
  range: Quantity['range'],
): Quantity => ({
  key,
  label,
  note,
  from: 'steps',
  format,
  range,
  points: ({ steps, record }) =>
    steps.flatMap(({ step, metrics }, i) => {
      const value = metrics[key];
      const costs = record.steps[i]?.costs;
      return value === undefined || !Number.isFinite(value) || !costs ? [] : [{ step, costs, value }];
    }),
});

const cumulative = (axis: 'tokens' | 'flops', label: string, note: string): Quantity => ({
  key: `cumulative/${axis}`,
  label,
  note,
  from: 'steps',
  format: axis === 'tokens' ? formatCount : formatNumber,
  range: FROM_ZERO,
  points: ({ record }) =>
    record.steps.flatMap(({ step, costs }) => {
      const value = costs[axis];
      return value === null ? [] : [{ step, costs, value: axis === 'flops' ? value / 1e9 : value }];
    }),
});

const STEP_QUANTITIES: readonly Quantity[] = [
  metric('reward', 'Reward', 'Mean reward of the rollouts of a step.', (v) => formatFixed(v, 3), SHARE),
  metric(
    'completions/mean_length',
    'Rollout length',
    'Mean length of the rollouts of a step, in tokens.',
    (v) => formatNumber(v, 3),
    FROM_ZERO,
  ),
  metric(
    'frac_reward_zero_std',
    'Groups without signal',
    'Share of groups that are all right or all wrong: nothing to compare, nothing to learn.',
    formatPercent,
    SHARE,
  ),
  metric('entropy', 'Entropy', 'Of the policy over its own tokens, in nats.', formatNumber, FROM_ZERO),
  metric('grad_norm', 'Gradient norm', 'Before clipping.', formatNumber, FROM_ZERO),
  metric('loss', 'Loss', 'Of the policy; near zero where every ratio is 1.', formatNumber, FREE),
  metric('kl', 'KL to the base model', 'Mean over tokens, in nats.', formatNumber, FROM_ZERO),
  metric(
    'masa/pass_rate_pearson',
    'Predicted against true pass rate, r, in training',
    'Pearson’s correlation over the prompts of a step.',
    (v) => formatFixed(v, 3),
    [null, 1],
  ),
  metric(
    'masa/pass_rate_mae',
    'Error of the predicted pass rate',
    'Mean absolute error over the prompts of a step.',
    (v) => formatFixed(v, 3),
    FROM_ZERO,
  ),
  metric(
    'masa/parse_rate',
    'Predictions that parse',
    'Share of the meta rollouts that are exactly a prediction.',
    formatPercent,
    SHARE,
  ),
  metric('masa/gate/gated', 'Prompts skipped by the gate', 'Prompts of a step.', formatCount, FROM_ZERO),
  metric('masa/cutoff/cut', 'Rollouts cut', 'Share of the rollouts of a step.', formatPercent, FROM_ZERO),
  cumulative(
    'tokens',
    'Tokens generated',
    'For training, up to and with a step: rollouts and the predictions that are used.',
  ),
  cumulative('flops', 'Arithmetic, GFLOP', 'Counted from shapes, up to and with a step.'),
];

/** The quantities that any of `runs` has anything to tell of, accuracies first: one that is 0 throughout is left out. */
export function quantitiesOf(runs: readonly RunDigest[]): Quantity[] {
  const suites = [...new Set(runs.flatMap((run) => run.evaluations.map(({ suite }) => suite)))];
  const all = [...suites.map(accuracy), heldOutPearson, ...STEP_QUANTITIES];
  return all.filter((quantity) => runs.some((run) => quantity.points(run).some(({ value }) => value !== 0)));
}

/** A point's place on an axis; null where that was not measured. Metrics of a step stand at its number, as on the page. */
export const placeOf = ({ step, costs }: Point, axis: CurveAxis): number | null =>
  axis === 'steps' ? step : costs[axis];
