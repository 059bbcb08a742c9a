/**
 * The answer that a race gives so far, in words: how much cheaper each arm came to a share of the baseline's accuracy,
 * or what is still missing. Pure; every figure is the report's, which is `lab compare`'s own.
 */
import type { ArmComparison, Axis, RaceReport, Spread, TargetComparison } from '../../lab/race/report';
import { formatFixed, formatPercent } from '../../run/format';

export interface Currency {
  axis: Axis;
  label: string;
  /** After a number: `1.40× fewer tokens`. */
  fewer: string;
  more: string;
  same: string;
  definition: string;
}

/** In the order of the answer. */
export const CURRENCIES: readonly Currency[] = [
  {
    axis: 'tokens',
    label: 'Tokens',
    fewer: 'fewer tokens',
    more: 'more tokens',
    same: 'as many tokens',
    definition:
      'Tokens generated for training: solutions, and predictions where the run makes use of them. What the audit rolls out only to measure is left out.',
  },
  {
    axis: 'tokens_with_audit',
    label: 'Tokens with audit',
    fewer: 'fewer tokens with the audit’s',
    more: 'more tokens with the audit’s',
    same: 'as many tokens with the audit’s',
    definition: 'The same, and what the audit rolls out to measure how often gate and cutoff are wrong.',
  },
  {
    axis: 'flops',
    label: 'FLOPs',
    fewer: 'fewer FLOPs',
    more: 'more FLOPs',
    same: 'as many FLOPs',
    definition:
      'Floating-point operations of training, counted from shapes: matrix products and attention of decoding, forward and backward passes.',
  },
  {
    axis: 'decode_steps',
    label: 'Decoding steps',
    fewer: 'fewer decoding steps',
    more: 'more decoding steps',
    same: 'as many decoding steps',
    definition:
      'Decoding passes one after the other, each by its longest row: what bounds the time where a pass costs the same however many rows it has.',
  },
  {
    axis: 'seconds',
    label: 'Time',
    fewer: 'less time',
    more: 'more time',
    same: 'as much time',
    definition:
      'Seconds of the arm’s own training steps on this device. Its waiting for the other arms’ turns and the evaluations are left out.',
  },
  {
    axis: 'steps',
    label: 'Steps',
    fewer: 'fewer steps',
    more: 'more steps',
    same: 'as many steps',
    definition: 'Optimiser steps.',
  },
];

/** Those of the sentence; the others stand in the picture. */
const SPOKEN: readonly Axis[] = ['tokens', 'flops', 'seconds'];

export interface Answer {
  arm: string;
  kind: 'none' | 'failed' | 'too-early' | 'not-yet' | 'reached';
  text: string;
  /** What the figures are over, and what is missing; empty where there is nothing to add. */
  note: string;
  target: TargetComparison | null;
}

export const shareText = (share: number): string => `${Number((100 * share).toFixed(1))}%`;

/** `long-tail’s accuracy`, or 95% of it. */
export const goalText = (baseline: string, share: number): string =>
  `${share === 1 ? '' : `${shareText(share)} of `}${baseline}’s accuracy`;

export function answersOf(report: RaceReport, share: number): Answer[] {
  const { comparison, baseline } = report;
  return (comparison?.arms ?? [])
    .filter(({ name }) => name !== baseline)
    .map((arm) => answerOf(report, arm, share));
}

function answerOf(report: RaceReport, arm: ArmComparison, share: number): Answer {
  const { baseline, suite, provisional } = report;
  const { name } = arm;
  const target = arm.targets.find((each) => each.share === share) ?? null;
  const answer = (kind: Answer['kind'], text: string, note = ''): Answer => ({
    arm: name,
    kind,
    text,
    note,
    target,
  });
  if (arm.runs.length === 0)
    return answer(
      'failed',
      `${name} did not finish.`,
      arm.missing.map(({ seed, why }) => `Seed ${seed}: ${why}`).join(' '),
    );
  const goal = goalText(baseline, share);
  if (!target) return answer('none', `${baseline} has no accuracy to be held against yet.`);
  const accuracy = formatPercent(target.accuracy);
  const sofar = provisional ? ' so far' : '';
  if (target.reached > 0 && target.costs.steps?.mean === 0)
    return answer(
      'too-early',
      `Nothing to compare yet: ${goal}${sofar}, ${accuracy}, is where the arms began.`,
    );
  const end = arm.final[suite]?.end;
  if (target.pairs === 0)
    return answer(
      'not-yet',
      `Not yet: ${name} stands at ${end ? formatPercent(end.mean) : 'no accuracy'} and has not reached ${goal}${sofar}, ${accuracy}.`,
      target.reached < target.of ? `${target.reached} of ${target.of} runs got there.` : '',
    );
  const spoken = SPOKEN.flatMap((axis) => {
    const ratio = target.ratios?.[axis];
    return ratio ? [costText(CURRENCIES.find((each) => each.axis === axis)!, ratio)] : [];
  });
  const missing =
    target.pairs < target.of_pairs
      ? `Only ${target.pairs} of ${target.of_pairs} pairs of runs reached it, and the figures are of those. `
      : '';
  return answer(
    'reached',
    `To ${goal}${sofar} (${accuracy}), ${name} needed ${listed(spoken)}.`,
    `${missing}${overText(target, provisional)}`,
  );
}

function overText({ pairs }: TargetComparison, provisional: boolean): string {
  if (provisional) return 'One seed, under way: the target moves as the baseline learns.';
  if (pairs === 1) return 'One seed shows nothing by itself: seeds differ by more than the methods.';
  if (pairs === 2) return 'Two seeds have no interval; three have.';
  return `Geometric mean over ${pairs} pairs of runs of one seed, with its bootstrap 95% interval.`;
}

const listed = (parts: readonly string[]): string =>
  parts.length < 2
    ? (parts[0] ?? 'no measured cost')
    : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;

export const timesText = (ratio: number): string => `${formatFixed(ratio, 2)}×`;

export const intervalText = (interval: Spread['interval']): string =>
  interval ? `[${formatFixed(interval[0], 2)}, ${formatFixed(interval[1], 2)}]` : '';

/** The baseline's cost over the arm's as people say it: above 1 so many times fewer, below 1 more. */
export function costText({ fewer, more, same }: Currency, { mean, interval }: Spread): string {
  if (formatFixed(mean, 2) === '1.00') return interval ? `${same} ${intervalText(interval)}` : same;
  const turned: Spread['interval'] = interval && mean < 1 ? [1 / interval[1], 1 / interval[0]] : interval;
  const text = `${timesText(mean > 1 ? mean : 1 / mean)} ${mean > 1 ? fewer : more}`;
  return turned ? `${text} ${intervalText(turned)}` : text;
}
