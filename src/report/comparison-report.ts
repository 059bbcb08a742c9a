/**
 * The report of several runs: curves by arm over seeds with their bands, what the arms came to, and the tables of the
 * comparison (`rl/comparison`). Made from digests alone; used by the command line and the page.
 */
import { compareArms } from '../rl/comparison/compare';
import { sectionsOf } from '../rl/comparison/tables';
import { formatCount } from '../run/format';
import { type ArmRuns, curvesOf, figureOf, groupArms, LAST_STEPS } from './arms';
import { type ChartLine, chart, short } from './chart';
import { shortened, thinned } from './curves';
import type { RunDigest } from './digest';
import { documentOf, folded, type ReportOptions, section, table, withinSize } from './document';
import { type Html, html } from './html';
import { provenances } from './provenance';
import { AXES, AXIS_LABELS, type Quantity, quantitiesOf } from './quantities';

/** @returns a whole HTML document of at most MOST_REPORT_BYTES. */
export const comparisonReport = (
  runs: readonly RunDigest[],
  options: ReportOptions,
  title?: string,
): string => withinSize((points) => build(runs, options, points, title));

function build(runs: readonly RunDigest[], options: ReportOptions, points: number, title?: string): string {
  const arms = groupArms(runs);
  const quantities = quantitiesOf(runs);
  const seeds = [...new Set(runs.map(({ record }) => record.manifest.seed))].sort((a, b) => a - b);
  const named = arms.map(({ name, runs }) => `${name} (${runs.length})`).join(', ');
  return documentOf(
    title ?? `Comparison of ${arms.map(({ name }) => name).join(', ')}`,
    html`<p class="lead">${formatCount(runs.length)} runs of ${formatCount(arms.length)} ${arms.length === 1 ? 'arm' : 'arms'}: ${named}; seeds ${seeds.join(', ')}.</p>`,
    [
      figures(arms, quantities),
      section(
        'Curves',
        html`<p class="note">Means over seeds, as far as all runs of an arm reach; bands are bootstrap 95% intervals of the mean, from three seeds on; single runs are faint. A lone run’s band is that of its own evaluations.</p>`,
        html`<div class="charts">${quantities.map((quantity) => curves(arms, quantity, points))}</div>`,
        ...quantities.map((quantity) => numbers(arms, quantity)),
      ),
      ...tables(arms),
      provenances(arms.flatMap(({ name, runs }) => runs.map((run) => ({ arm: name, run })))),
    ],
    options,
  );
}

function figures(arms: readonly ArmRuns[], quantities: readonly Quantity[]): Html | null {
  return section(
    'What the arms came to',
    html`<p class="note">At the last evaluation of each run, or over its last ${LAST_STEPS} steps: mean ± deviation over runs (of the sample), and the bootstrap 95% interval of the mean from three runs on.</p>`,
    table(
      ['quantity', 'arm', 'runs', 'mean', '± deviation', '95% interval'],
      quantities.flatMap((quantity) =>
        arms.flatMap((arm) => {
          const figure = figureOf(arm, quantity);
          if (!figure) return [];
          const { format } = quantity;
          const { deviation, interval } = figure;
          return [
            [
              quantity.label,
              arm.name,
              formatCount(figure.runs),
              format(figure.mean),
              deviation === null ? '' : `± ${format(deviation)}`,
              interval ? `${format(interval.low)} to ${format(interval.high)}` : '',
            ],
          ];
        }),
      ),
      { words: [1] },
    ),
  );
}

/** Against steps, and the first quantity against everything there is: where what a step costs differs, so do they. */
function curves(arms: readonly ArmRuns[], quantity: Quantity, points: number): (Html | null)[] {
  const axes = quantity.from === 'evaluations' ? AXES : AXES.slice(0, 1);
  return axes.map((axis) => {
    const drawn = curvesOf(arms, quantity, axis);
    const lines = drawn.flatMap(({ arm, whole, runs }, index): ChartLine[] => [
      { label: arm, curve: shortened(whole, points), index, marks: quantity.from === 'evaluations' },
      ...(runs.length > 1
        ? runs.map(({ name, curve }) => ({
            label: name,
            curve: shortened(curve, Math.max(24, Math.floor((2 * points) / runs.length))),
            index,
            faint: true,
          }))
        : []),
    ]);
    const { label, note, format, range } = quantity;
    return chart({ title: label, note, xLabel: AXIS_LABELS[axis], format, range }, lines);
  });
}

/** Rows of an arm's curve in the tables behind the charts. */
const MOST_ROWS = 48;

function numbers(arms: readonly ArmRuns[], quantity: Quantity): Html | null {
  const { format } = quantity;
  const rows = curvesOf(arms, quantity, 'steps').flatMap(({ arm, whole, runs }) =>
    thinned(
      whole.x.map((x, i) => [
        arm,
        short(x),
        formatCount(runs.filter(({ curve }) => curve.x.length > 0).length),
        format(whole.y[i]),
        whole.band ? `${format(whole.band.low[i])} to ${format(whole.band.high[i])}` : '',
      ]),
      MOST_ROWS,
    ),
  );
  const head = ['arm', 'step', 'runs', 'mean', '95% interval'];
  return rows.length === 0 ? null : folded(`The numbers behind: ${quantity.label}`, table(head, rows));
}

/** The comparison's own tables. Of two runs of one arm and seed, a run and its fork say, the longer one stands. */
function tables(arms: readonly ArmRuns[]): (Html | null)[] {
  const suite = arms.flatMap(({ runs }) => runs.flatMap(({ evaluations }) => evaluations[0]?.suite ?? []))[0];
  if (suite === undefined) return [];
  const left: string[] = [];
  const compared = arms.map(({ name, runs }) => {
    const bySeed = new Map<number, RunDigest>();
    for (const run of runs) {
      const { seed } = run.record.manifest;
      const other = bySeed.get(seed);
      const longer = !other || run.record.steps.length > other.record.steps.length;
      if (other) left.push(`${(longer ? other : run).name} (${name}, seed ${seed})`);
      if (longer) bySeed.set(seed, run);
    }
    return { name, runs: [...bySeed.values()].map(({ record }) => record), missing: [] };
  });
  const seeds = [...new Set(compared.flatMap(({ runs }) => runs.map(({ manifest }) => manifest.seed)))];
  const comparison = compareArms({ arms: compared, baseline: compared[0].name, suite, seeds });
  const written = sectionsOf(comparison).map(({ title, note, rows, lines }) =>
    section(
      title,
      note ? html`<p class="note">${note}</p>` : null,
      rows ? table(rows[0], rows.slice(1)) : null,
      lines.length > 0 ? html`<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>` : null,
    ),
  );
  const twice =
    left.length === 0
      ? null
      : html`<p class="note">Two runs of one arm and seed: the longer one stands in the tables below, in the curves both. Left out: ${left.join(', ')}.</p>`;
  return [twice, ...written];
}
