/**
 * The report of a race while it goes on: `lab compare`'s own comparison of the arms' records so far, the curves, and
 * the arithmetic of the gate to every target. Pure. Made in the worker after each evaluation, drawn by the page.
 *
 * Figures are over the seeds that are settled, in which every arm has ended. Before the first is, they are over the
 * seed under way and provisional: their target is the accuracy that the baseline has come to so far.
 */
import { arithmeticOf } from '../../rl/comparison/arithmetic';
import { PAPER_SPEEDUP } from '../../rl/comparison/claims';
import { compareArms } from '../../rl/comparison/compare';
import type { Arithmetic, Comparison } from '../../rl/comparison/comparison';
import { type CurvePoint, curveOf } from '../../rl/comparison/curve';
import type { RunRecord } from '../../rl/comparison/record';
import { bandsOf, type RaceBand } from './bands';

export type {
  Arithmetic,
  ArithmeticPair,
  ArmComparison,
  Claim,
  Comparison,
  TargetComparison,
} from '../../rl/comparison/comparison';
export type { CurvePoint } from '../../rl/comparison/curve';
export type { Axis } from '../../rl/comparison/record';
export type { Spread } from '../../rl/comparison/spread';
export type { RaceBand } from './bands';

/** An arm's accuracy on a seed over what it cost. */
export interface RaceCurve {
  arm: string;
  seed: number;
  settled: boolean;
  points: CurvePoint[];
}

export interface RaceReport {
  suite: string;
  baseline: string;
  /** What the figures are over. */
  seeds: number[];
  /** No seed is settled: the figures are of the one under way. */
  provisional: boolean;
  /** null before every arm was evaluated. */
  comparison: Comparison | null;
  /** Of each arm but the baseline, to each of the comparison's targets. */
  arithmetic: { arm: string; share: number; arithmetic: Arithmetic }[];
  curves: RaceCurve[];
  bands: RaceBand[];
  /** The paper's speed-up to GRPO's accuracy. */
  paper: number;
}

/** What became of one arm on one seed. */
export interface Entry {
  arm: string;
  seed: number;
  record: RunRecord;
  /** It has taken its last step, or failed. */
  ended: boolean;
  /** Why it does not count; empty while it does. */
  failed: string;
}

/** @param arms names, the baseline's first. @param entries of the seeds that have begun. */
export function reportOf(suite: string, arms: readonly string[], entries: readonly Entry[]): RaceReport {
  const [baseline] = arms;
  const begun = [...new Set(entries.map(({ seed }) => seed))];
  const settled = begun.filter((seed) => {
    const own = entries.filter((entry) => entry.seed === seed);
    return own.length === arms.length && own.every(({ ended }) => ended);
  });
  const seeds = settled.length > 0 ? settled : begun.slice(-1);
  const counted = entries.filter(({ seed }) => seeds.includes(seed));
  const evaluated = arms.every((arm) =>
    counted.some(
      (entry) => entry.arm === arm && (entry.failed !== '' || curveOf(entry.record, suite).length > 0),
    ),
  );
  const compared = arms.map((name) => {
    const own = counted.filter(({ arm }) => arm === name);
    return {
      name,
      runs: own.filter(({ failed }) => failed === '').map(({ record }) => record),
      missing: own.filter(({ failed }) => failed !== '').map(({ seed, failed }) => ({ seed, why: failed })),
    };
  });
  const comparison = evaluated ? compareArms({ arms: compared, baseline, suite, seeds }) : null;
  const bySeed = (name: string) =>
    new Map(compared.find((arm) => arm.name === name)!.runs.map((run) => [run.manifest.seed, run]));
  return {
    suite,
    baseline,
    seeds,
    provisional: settled.length === 0,
    comparison,
    arithmetic: (comparison?.arms ?? []).flatMap(({ name, targets }) =>
      name === baseline
        ? []
        : targets.map(({ share, accuracy }) => ({
            arm: name,
            share,
            arithmetic: arithmeticOf(bySeed(baseline), bySeed(name), suite, share, accuracy),
          })),
    ),
    curves: entries.map(({ arm, seed, record }) => ({
      arm,
      seed,
      settled: settled.includes(seed),
      points: curveOf(record, suite),
    })),
    bands: compared.flatMap(({ name, runs }) =>
      bandsOf(
        name,
        runs.map((run) => curveOf(run, suite)),
      ),
    ),
    paper: PAPER_SPEEDUP,
  };
}
