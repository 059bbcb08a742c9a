/** Sections of a run's report that tell of MASA and of benchmark sets: each null where the run has nothing of it. */
import { cutoffTallyOf, gateTallyOf, tokensWithoutGate } from '../rl/comparison/arithmetic';
import type { CalibrationBin } from '../rl/masa/alignment';
import { cutoffFigures, gateFigures } from '../rl/masa/audit';
import { formatCount, formatFixed, formatNumber, formatPercent, formatPercentInterval } from '../run/format';
import type { RunDigest } from './digest';
import { section, table } from './document';
import { type Html, html } from './html';

const r = (value: number | null | undefined): string => formatFixed(value, 3);

export function selfKnowledge({ calibration, record }: RunDigest): Html | null {
  const heldOut = Object.entries(record.points.at(-1)?.alignment ?? {});
  if (!calibration && heldOut.length === 0) return null;
  return section(
    'What it knows of itself',
    html`<p class="note">Predicted against true pass rate. On the diagonal it is as often right as it expects; whiskers are Wilson’s 95% interval of the true pass rate.</p>`,
    html`<div class="charts">${calibration && calibrated('In training', calibration.bins)}${heldOut.map(([suite, { calibration: bins }]) => calibrated(`Held-out, ${suite}`, bins.map(fromEvent)))}</div>`,
    table(
      ['on', 'prompts', 'pass rate r', 'error', 'length r', 'parsed'],
      [
        ...(calibration
          ? [
              [
                `training, steps ${calibration.from} to ${calibration.to}`,
                formatCount(calibration.prompts),
                r(calibration.pearson),
                r(calibration.error),
                '',
                '',
              ],
            ]
          : []),
        ...heldOut.map(([suite, own]) => [
          `held-out, ${suite}`,
          formatCount(own.points.length),
          r(own.pass_rate_pearson),
          r(own.pass_rate_mae),
          r(own.length_pearson),
          formatPercent(own.parse_rate),
        ]),
      ],
    ),
    calibration && binTable('Calibration in training', calibration.bins),
    ...heldOut.map(([suite, own]) =>
      binTable(`Calibration, held-out ${suite}`, own.calibration.map(fromEvent)),
    ),
  );
}

type EventBin = NonNullable<
  RunDigest['record']['points'][number]['alignment'][string]
>['calibration'][number];

const fromEvent = ({ actual_low, actual_high, ...bin }: EventBin): CalibrationBin => ({
  ...bin,
  actualLow: actual_low,
  actualHigh: actual_high,
});

function binTable(caption: string, bins: readonly CalibrationBin[]): Html | null {
  return table(
    ['predicted', 'prompts', 'mean prediction', 'true pass rate'],
    bins
      .filter(({ count }) => count > 0)
      .map((bin) => [
        `${formatFixed(bin.low, 1)} to ${formatFixed(bin.high, 1)}`,
        formatCount(bin.count),
        formatPercent(bin.predicted),
        `${formatPercent(bin.actual)} [${formatPercentInterval(bin.actualLow, bin.actualHigh)}]`,
      ]),
    { caption },
  );
}

const SIDE = 300;
const EDGE = 40;

function calibrated(title: string, bins: readonly CalibrationBin[]): Html {
  const x = (value: number) => Math.round(EDGE + value * (SIDE - EDGE - 10));
  const y = (value: number) => Math.round(SIDE - EDGE - value * (SIDE - EDGE - 10));
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const drawn = bins.filter(({ predicted, actual }) => predicted !== null && actual !== null);
  const said = drawn.map((bin) => `${formatPercent(bin.predicted)}: ${formatPercent(bin.actual)}`).join(', ');
  return html`<figure><figcaption><strong>${title}</strong></figcaption>
<svg viewBox="0 0 ${SIDE} ${SIDE}" style="max-width:340px" role="img" aria-label="${title}: true by predicted pass rate, ${said || 'no prompts'}">
${[0, 0.5, 1].map((tick) => html`<line class="grid" x1="${x(0)}" x2="${x(1)}" y1="${y(tick)}" y2="${y(tick)}"/><text class="y" x="${EDGE - 6}" y="${y(tick) + 4}">${formatPercent(tick)}</text><text class="x" x="${x(tick)}" y="${SIDE - 20}">${formatPercent(tick)}</text>`)}
<text class="x" x="${x(0.5)}" y="${SIDE - 4}">predicted</text>
<line class="ideal" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"/>
${drawn.map((bin) => html`<line class="whisker" x1="${x(bin.predicted ?? 0)}" x2="${x(bin.predicted ?? 0)}" y1="${y(bin.actualLow)}" y2="${y(bin.actualHigh)}"/><circle class="c0" cx="${x(bin.predicted ?? 0)}" cy="${y(bin.actual ?? 0)}" r="${formatNumber(3 + 5 * Math.sqrt(bin.count / most), 2)}"><title>${formatCount(bin.count)} prompts</title></circle>`)}
</svg></figure>`;
}

export function gateSection({ record }: RunDigest): Html | null {
  const tally = gateTallyOf(record.steps);
  if (!tally) return null;
  const figures = gateFigures(tally);
  const { confusion } = figures;
  const without = tokensWithoutGate(tally);
  const count = (value: number | undefined) => formatNumber(value, 4);
  return section(
    'Gate',
    html`<p class="note">Over the whole run, in prompts. What was skipped is estimated from those rolled out all the same: ${formatCount(figures.sampled)} of ${formatCount(figures.gated)}.</p>`,
    table(
      ['', 'nothing to learn', 'something to learn'],
      [
        ['skipped', count(confusion?.truePositive), count(confusion?.falsePositive)],
        ['let through', count(confusion?.falseNegative), count(confusion?.trueNegative)],
      ],
      { caption: 'What the gate did, and what was so' },
    ),
    table(
      ['figure', ''],
      [
        ['precision: of what is skipped, nothing to learn', formatPercent(figures.precision)],
        ['recall: of what has nothing to learn, skipped', formatPercent(figures.recall)],
        [
          'false positives: of what has something to learn, skipped',
          formatPercent(figures.falsePositiveRate),
        ],
        ['prompts with nothing to learn', formatPercent(figures.zeroVarianceShare)],
        ['solution tokens spared, the audit deducted', formatCount(figures.tokensSaved)],
        [
          'as a share of those without a gate',
          formatPercent(figures.tokensSaved === null || !without ? null : figures.tokensSaved / without),
        ],
      ],
    ),
  );
}

export function cutoffSection({ record }: RunDigest): Html | null {
  const tally = cutoffTallyOf(record.steps);
  if (!tally) return null;
  const figures = cutoffFigures(tally);
  return section(
    'Cutoffs',
    html`<p class="note">Over the whole run. What the cut rollouts would have come to is estimated from the ${formatCount(tally.audited)} of ${formatCount(tally.cut)} that ran on.</p>`,
    table(
      ['figure', ''],
      [
        ['rollouts', formatCount(tally.rollouts)],
        ['of these, cut', formatPercent(figures.cut)],
        ['precision: of the cut, not right in the end', formatPercent(figures.precision)],
        ['tokens spared', formatCount(figures.tokensSaved)],
        ['as a share of those without cutoffs', formatPercent(figures.tokensSavedShare)],
        ['right answers lost', formatNumber(figures.correctLost)],
      ],
    ),
  );
}

export function benchmarkTable({ benchmarks }: RunDigest): Html | null {
  if (!benchmarks) return null;
  const { sets, averages, step, samples } = benchmarks;
  return section(
    'Benchmark sets',
    html`<p class="note">After step ${formatCount(step)}, ${formatCount(samples)} answers a problem: mean@k with its 95% interval.</p>`,
    table(
      ['set', 'problems', `mean@${samples}`, 'uniform guess', 'base model'],
      [
        ...averages.map((each) => [
          `average, ${each.over} (${each.sets} of ${each.of} sets)`,
          '',
          `${formatPercent(each.mean.value)} [${formatPercentInterval(each.mean.low, each.mean.high)}]`,
          formatPercent(each.random_guess),
          formatPercent(each.base_score),
        ]),
        ...sets.map((each) => [
          each.name,
          formatCount(each.problems),
          `${formatPercent(each.mean.accuracy)} [${formatPercentInterval(each.mean.low, each.mean.high)}]`,
          formatPercent(each.random_guess),
          formatPercent(each.base_score),
        ]),
      ],
    ),
  );
}
