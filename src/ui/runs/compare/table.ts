/** The numbers of a comparison as tables: what the arms came to, and everything that is drawn, for a file. Pure. */
import type { RunDigest } from '../../../report';
import { type ArmCurves, type ArmRuns, curvesOf, endOf, type Figure, figureOf } from '../../../report/arms';
import type { BandKind, Curve } from '../../../report/curves';
import type { CurveAxis, Quantity } from '../../../report/quantities';
import type { Cell, Table } from '../../components/panel-offers';

/** "0.7 ± 0.1" with the interval where there is one. */
export function figureText({ mean, deviation, interval }: Figure, format: (value: number) => string): string {
  const spread = deviation === null ? '' : ` ± ${format(deviation)}`;
  const within = interval ? ` [${format(interval.low)} to ${format(interval.high)}]` : '';
  return `${format(mean)}${spread}${within}`;
}

const COLUMNS = [
  'what',
  'quantity',
  'arm',
  'run',
  'seed',
  'axis',
  'place',
  'value',
  'low',
  'high',
  'deviation',
  'runs',
];

/**
 * Everything a comparison shows, with every digit: `end` what arms and runs came to, `curve` the points of arms' means
 * with their bands, `run` the points of single runs. The band is the one on screen.
 */
export function comparisonTable(
  arms: readonly ArmRuns[],
  quantities: readonly Quantity[],
  axis: CurveAxis,
  band: BandKind,
): Table {
  const rows = quantities.flatMap((quantity): Cell[][] => [
    ...arms.flatMap((arm) => endRows(arm, quantity)),
    ...curvesOf(arms, quantity, axis, band).flatMap((each) => curveRows(each, quantity, axis)),
  ]);
  return { columns: COLUMNS, rows };
}

/** What the arms and their runs came to, alone. */
export const figuresTable = (arms: readonly ArmRuns[], quantities: readonly Quantity[]): Table => ({
  columns: COLUMNS,
  rows: quantities.flatMap((quantity) => arms.flatMap((arm) => endRows(arm, quantity))),
});

function endRows(arm: ArmRuns, quantity: Quantity): Cell[][] {
  const figure = figureOf(arm, quantity);
  if (!figure) return [];
  const { mean, deviation, interval, runs } = figure;
  const own = arm.runs.flatMap((run: RunDigest): Cell[][] => {
    const value = endOf(run, quantity);
    const { seed } = run.record.manifest;
    return value === null
      ? []
      : [['end', quantity.key, arm.name, run.name, seed, null, null, value, null, null, null, 1]];
  });
  const low = interval?.low ?? null;
  const high = interval?.high ?? null;
  return [['end', quantity.key, arm.name, null, null, null, null, mean, low, high, deviation, runs], ...own];
}

function curveRows({ arm, whole, runs }: ArmCurves, { key }: Quantity, axis: CurveAxis): Cell[][] {
  const points = (
    curve: Curve,
    what: string,
    run: string | null,
    seed: number | null,
    count: number,
  ): Cell[][] =>
    curve.x.map((x, i) => [
      what,
      key,
      arm,
      run,
      seed,
      axis,
      x,
      curve.y[i],
      curve.band?.low[i] ?? null,
      curve.band?.high[i] ?? null,
      null,
      count,
    ]);
  const drawn = runs.filter(({ curve }) => curve.x.length > 0);
  return [
    ...points(whole, 'curve', null, null, drawn.length),
    ...drawn.flatMap(({ name, seed, curve }) => points(curve, 'run', name, seed, 1)),
  ];
}
