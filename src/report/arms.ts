/**
 * Runs gathered into arms, and what each arm came to: mean, deviation and 95% interval over its seeds. Pure; used by the
 * report of a comparison and by the page's.
 *
 * A figure of a run is its last evaluation, or the mean over its last steps for what is measured at every step.
 */
import { armDifference, armOf, isSameArm } from '../run/arm';
import { bootstrapMean } from '../run/bootstrap';
import { mean } from '../run/statistics';
import { armCurve, type BandKind, type Curve, runCurve, sampleDeviation } from './curves';
import type { RunDigest } from './digest';
import type { CurveAxis, Quantity } from './quantities';

/** Steps at the end of a run whose mean stands for what is measured at every step. */
export const LAST_STEPS = 10;

export interface ArmRuns {
  name: string;
  runs: RunDigest[];
}

/** Runs that differ in nothing but seed, length and watching are one arm. In the order in which arms come. */
export function groupArms(runs: readonly RunDigest[]): ArmRuns[] {
  const arms: ArmRuns[] = [];
  for (const run of runs) {
    const { manifest } = run.record;
    const arm = arms.find(({ runs: [first] }) => isSameArm(first.record.manifest, manifest));
    if (arm) arm.runs.push(run);
    else arms.push({ name: armOf(manifest), runs: [run] });
  }
  return arms.map((arm) => ({ ...arm, name: ownName(arm, arms) }));
}

/** Arms of one name are told apart by the settings in which they differ. */
function ownName(arm: ArmRuns, arms: readonly ArmRuns[]): string {
  const others = arms.filter((each) => each !== arm && each.name === arm.name);
  if (others.length === 0) return arm.name;
  const { manifest } = arm.runs[0].record;
  const keys = new Set(
    others.flatMap(({ runs: [run] }) => Object.keys(armDifference(manifest, run.record.manifest))),
  );
  const settings = Object.entries(manifest).filter(([key]) => keys.has(key));
  return `${arm.name}: ${settings.map(([key, value]) => `${key}=${value}`).join(' ')}`;
}

export interface ArmCurves {
  arm: string;
  /** Over seeds. */
  whole: Curve;
  runs: { name: string; seed: number; curve: Curve }[];
}

export const curvesOf = (
  arms: readonly ArmRuns[],
  quantity: Quantity,
  axis: CurveAxis,
  band: BandKind = 'interval',
): ArmCurves[] =>
  arms.map(({ name, runs }) => {
    const own = runs.map((run) => ({
      name: run.name,
      seed: run.record.manifest.seed,
      curve: runCurve(run, quantity, axis),
    }));
    return {
      arm: name,
      runs: own,
      whole: armCurve(
        own.map(({ curve }) => curve),
        band,
      ),
    };
  });

export interface Figure {
  /** Runs it is over. */
  runs: number;
  mean: number;
  /** Of the sample, divided by n - 1; null of a single run. */
  deviation: number | null;
  /** Bootstrap 95%; null with fewer than three runs. */
  interval: { low: number; high: number } | null;
}

/** What the runs of an arm came to; null where none has the quantity. */
export function figureOf({ runs }: ArmRuns, quantity: Quantity): Figure | null {
  const values = runs.flatMap((run) => endOf(run, quantity) ?? []);
  if (values.length === 0) return null;
  return {
    runs: values.length,
    mean: mean(values),
    deviation: sampleDeviation(values),
    interval: bootstrapMean(values),
  };
}

export function endOf(run: RunDigest, quantity: Quantity): number | null {
  const points = quantity.points(run);
  if (points.length === 0) return null;
  const one = quantity.from === 'evaluations' || quantity.key.startsWith('cumulative/');
  return mean(points.slice(one ? -1 : -LAST_STEPS).map(({ value }) => value));
}
