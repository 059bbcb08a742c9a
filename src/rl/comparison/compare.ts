/**
 * From the records of finished runs to a comparison: every figure by seed first, then over seeds, and against the
 * baseline in pairs of one seed. Pure; knows no files and no text. Used by the command line's `compare`.
 *
 * Targets are shares of the mean of the baseline's last accuracies. A run that never reaches one is counted, and left
 * out of that target's costs and ratios, which say over how many they are.
 */
import { manifestDifference } from '../../run/manifest';
import { mean } from '../../run/statistics';
import type { BenchmarkReport } from '../benchmark-scores';
import { cutoffFigures, gateFigures } from '../masa/audit';
import { alignmentOf } from './alignment';
import { arithmeticOf, cutoffTallyOf, gateTallyOf, tokensWithoutGate } from './arithmetic';
import { claimsOf } from './claims';
import {
  type ArmComparison,
  type ArmRun,
  type AtBudget,
  type BenchmarkGain,
  COMPARISON_VERSION,
  type Comparison,
  type CutoffSummary,
  type FinalAccuracy,
  type GateSummary,
  type TargetComparison,
} from './comparison';
import { accuracyAt, type CurvePoint, curveOf, firstCrossing, lastCost } from './curve';
import type { ComparedArm, ComparisonInput } from './input';
import { notesOf } from './notes';
import { AXES, type Axis, type Costs, type RunRecord } from './record';
import { type BySeed, bySeed, difference, paired, ratio, ratioSpreadOf, spreadOf } from './spread';

/** Shares of the baseline's final accuracy. */
export const TARGET_SHARES = [0.8, 0.9, 0.95, 0.975, 1] as const;

/** The one that the arithmetic of the gate is done for. */
export const ARITHMETIC_SHARE = 0.95;

/** Shares of the largest common budget. */
export const BUDGET_SHARES = [0.25, 0.5, 0.75, 1] as const;

/** @throws Error when no arm has the baseline's name. */
export function compareArms(input: ComparisonInput): Comparison {
  const { arms, suite, seeds } = input;
  const baseline = arms.find(({ name }) => name === input.baseline);
  if (!baseline)
    throw new Error(
      `compareArms: expected the baseline to be one of ${arms.map(({ name }) => name).join(', ')}, got "${input.baseline}"`,
    );
  const curves = new Map(
    arms.map((arm) => [arm, new Map(arm.runs.map((run) => [run.manifest.seed, curveOf(run, suite)]))]),
  );
  const all = [...curves.values()].flatMap((each) => [...each.values()]);
  const ends = [...curves.get(baseline)!.values()].flatMap((curve) => curve.at(-1)?.accuracy ?? []);
  const scene: Scene = {
    input,
    baseline,
    curves,
    reference: ends.length === 0 ? null : mean(ends),
    common: { tokens: commonBudget(all, 'tokens'), steps: commonBudget(all, 'steps') },
  };
  const compared = arms.map((arm) => compareArm(scene, arm));
  const comparison = {
    version: COMPARISON_VERSION as typeof COMPARISON_VERSION,
    suite,
    baseline: baseline.name,
    seeds: [...seeds],
    reference_accuracy: scene.reference,
    common: scene.common,
    arms: compared,
  } satisfies Partial<Comparison>;
  return { ...comparison, claims: claimsOf(comparison, arms), notes: notesOf(comparison, arms) };
}

interface Scene {
  input: ComparisonInput;
  baseline: ComparedArm;
  /** By seed. */
  curves: ReadonlyMap<ComparedArm, ReadonlyMap<number, CurvePoint[]>>;
  reference: number | null;
  common: Comparison['common'];
}

const commonBudget = (curves: readonly CurvePoint[][], axis: Axis): number | null => {
  const ends = curves.map((curve) => lastCost(curve, axis));
  return ends.length === 0 || ends.includes(null) ? null : Math.min(...(ends as number[]));
};

function compareArm(scene: Scene, arm: ComparedArm): ArmComparison {
  const { input, baseline, reference } = scene;
  const isBaseline = arm === baseline;
  const runs = bySeedOf(arm.runs);
  const { seed: _, ...settings } = arm.runs[0] ? manifestDifference(arm.runs[0].manifest) : { seed: 0 };
  return {
    name: arm.name,
    settings,
    runs: [...runs.values()].map(endOf),
    missing: [...arm.missing],
    final: finalAccuracies(arm, isBaseline ? null : baseline),
    at_equal_tokens: atBudgets(scene, arm, 'tokens'),
    at_equal_steps: atBudgets(scene, arm, 'steps'),
    targets:
      reference === null
        ? []
        : TARGET_SHARES.map((share) => compareTarget(scene, arm, share, share * reference)),
    alignment: alignmentOf(arm.runs, isBaseline ? null : baseline.runs),
    gate: gateSummary(runs),
    cutoff: cutoffSummary(runs),
    arithmetic:
      isBaseline || reference === null
        ? null
        : arithmeticOf(
            bySeedOf(baseline.runs),
            runs,
            input.suite,
            ARITHMETIC_SHARE,
            ARITHMETIC_SHARE * reference,
          ),
    benchmarks: benchmarkGains(scene, arm),
  };
}

const bySeedOf = (runs: readonly RunRecord[]): Map<number, RunRecord> =>
  new Map([...runs].sort((a, b) => a.manifest.seed - b.manifest.seed).map((run) => [run.manifest.seed, run]));

const endOf = ({ manifest, adapter, steps, points }: RunRecord): ArmRun => ({
  seed: manifest.seed,
  adapter,
  costs: steps.at(-1)?.costs ?? (Object.fromEntries(AXES.map((axis) => [axis, 0])) as Costs),
  accuracy: { ...points.at(-1)?.accuracy },
});

function finalAccuracies(arm: ComparedArm, baseline: ComparedArm | null): Record<string, FinalAccuracy> {
  const suites = [
    ...new Set(arm.runs.flatMap(({ points }) => points.flatMap((p) => Object.keys(p.accuracy)))),
  ];
  const at = (runs: readonly RunRecord[], suite: string, place: 0 | -1): BySeed =>
    bySeed(bySeedOf(runs), (run) => curveOf(run, suite).at(place)?.accuracy ?? null);
  return Object.fromEntries(
    suites.map((suite) => {
      const [start, end] = [at(arm.runs, suite, 0), at(arm.runs, suite, -1)];
      return [
        suite,
        {
          start: spreadOf(start),
          end: spreadOf(end),
          change: spreadOf(paired(end, start, difference)),
          difference: baseline && spreadOf(paired(end, at(baseline.runs, suite, -1), difference)),
        },
      ];
    }),
  );
}

function atBudgets(
  { curves, common, baseline }: Scene,
  arm: ComparedArm,
  axis: 'tokens' | 'steps',
): AtBudget[] {
  const whole = common[axis];
  if (whole === null) return [];
  return BUDGET_SHARES.map((share) => {
    const budget = share * whole;
    const of = (each: ComparedArm) => bySeed(curves.get(each)!, (curve) => accuracyAt(curve, axis, budget));
    const accuracy = of(arm);
    return {
      share,
      budget,
      accuracy: spreadOf(accuracy),
      difference: arm === baseline ? null : spreadOf(paired(accuracy, of(baseline), difference)),
    };
  });
}

function compareTarget(
  { curves, baseline }: Scene,
  arm: ComparedArm,
  share: number,
  accuracy: number,
): TargetComparison {
  const crossings = (each: ComparedArm): Map<number, Costs> =>
    new Map(
      [...curves.get(each)!].flatMap(([seed, curve]) => {
        const costs = firstCrossing(curve, accuracy);
        return costs ? [[seed, costs] as const] : [];
      }),
    );
  const [own, theirs] = [crossings(arm), crossings(baseline)];
  const perAxis = <T>(of: (axis: Axis) => T) =>
    Object.fromEntries(AXES.map((axis) => [axis, of(axis)])) as Record<Axis, T>;
  return {
    share,
    accuracy,
    reached: own.size,
    of: arm.runs.length,
    costs: perAxis((axis) => spreadOf(bySeed(own, (costs) => costs[axis]))),
    pairs: [...own].filter(([seed, costs]) => costs.steps !== 0 && theirs.get(seed)?.steps).length,
    of_pairs: [...curves.get(arm)!.keys()].filter((seed) => curves.get(baseline)!.has(seed)).length,
    ratios:
      arm === baseline
        ? null
        : perAxis((axis) =>
            ratioSpreadOf(
              paired(
                bySeed(theirs, (costs) => costs[axis]),
                bySeed(own, (costs) => costs[axis]),
                ratio,
              ),
            ),
          ),
  };
}

function gateSummary(runs: ReadonlyMap<number, RunRecord>): GateSummary | null {
  const tallies = new Map(
    [...runs].flatMap(([seed, { steps }]) => {
      const tally = gateTallyOf(steps);
      return tally ? [[seed, { tally, figures: gateFigures(tally) }] as const] : [];
    }),
  );
  if (tallies.size === 0) return null;
  const spread = (
    of: (each: {
      tally: Parameters<typeof gateFigures>[0];
      figures: ReturnType<typeof gateFigures>;
    }) => number | null,
  ) => spreadOf(bySeed(tallies, of));
  return {
    precision: spread(({ figures }) => figures.precision),
    recall: spread(({ figures }) => figures.recall),
    false_positive_rate: spread(({ figures }) => figures.falsePositiveRate),
    tokens_saved: spread(({ figures }) => figures.tokensSaved),
    tokens_saved_share: spread(({ tally, figures }) => {
      const whole = tokensWithoutGate(tally);
      return figures.tokensSaved === null || !whole ? null : figures.tokensSaved / whole;
    }),
  };
}

function cutoffSummary(runs: ReadonlyMap<number, RunRecord>): CutoffSummary | null {
  const figures = new Map(
    [...runs].flatMap(([seed, { steps }]) => {
      const tally = cutoffTallyOf(steps);
      return tally ? [[seed, cutoffFigures(tally)] as const] : [];
    }),
  );
  if (figures.size === 0) return null;
  return {
    cut: spreadOf(bySeed(figures, ({ cut }) => cut)),
    precision: spreadOf(bySeed(figures, ({ precision }) => precision)),
    tokens_saved: spreadOf(bySeed(figures, ({ tokensSaved }) => tokensSaved)),
    tokens_saved_share: spreadOf(bySeed(figures, ({ tokensSavedShare }) => tokensSavedShare)),
    correct_lost: spreadOf(bySeed(figures, ({ correctLost }) => correctLost)),
  };
}

function benchmarkGains({ input, baseline }: Scene, arm: ComparedArm): BenchmarkGain[] | null {
  const reports = arm.benchmarks;
  const [first] = reports?.values() ?? [];
  if (!reports || !first) return null;
  return first.averages.map(({ over, sets, of }) => {
    const average = (report: BenchmarkReport | null | undefined): number | null =>
      report?.averages.find((each) => each.over === over)?.mean.value ?? null;
    const base = average(input.baseBenchmarks);
    const end = bySeed(reports, average);
    return {
      over,
      sets,
      of,
      base,
      end: spreadOf(end),
      gain: base === null ? null : spreadOf(bySeed(reports, (report) => (average(report) ?? base) - base)),
      difference:
        arm === baseline
          ? null
          : spreadOf(paired(end, bySeed(baseline.benchmarks ?? new Map(), average), difference)),
    };
  });
}
