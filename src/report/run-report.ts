/**
 * The report of one run: what it came to, its curves, its evaluations, what it knows of itself, its gate, cutoffs and
 * costs, its warnings and where it all comes from. Made from the digest alone; used by the command line and the page.
 */
import { armOf } from '../run/arm';
import {
  formatCount,
  formatDuration,
  formatFixed,
  formatNumber,
  formatPercent,
  formatPercentInterval,
} from '../run/format';
import { chart } from './chart';
import { runCurve, shortened, thinned } from './curves';
import type { DigestEvaluation, RunDigest } from './digest';
import {
  documentOf,
  folded,
  type ReportOptions,
  section,
  type Tile,
  table,
  tiles,
  withinSize,
} from './document';
import { type Html, html } from './html';
import { provenance } from './provenance';
import { AXIS_LABELS, type Quantity, quantitiesOf } from './quantities';
import { benchmarkTable, cutoffSection, gateSection, selfKnowledge } from './run-sections';

/** @returns a whole HTML document of at most MOST_REPORT_BYTES. */
export const runReport = (run: RunDigest, options: ReportOptions): string =>
  withinSize((points) => build(run, options, points));

function build(run: RunDigest, options: ReportOptions, points: number): string {
  const quantities = quantitiesOf([run]);
  return documentOf(
    run.name,
    html`${lead(run)}${tiles(headline(run))}${ending(run)}`,
    [
      section(
        'Curves',
        html`<div class="charts">${quantities.map((quantity) => curve(run, quantity, points))}</div>`,
        numbers(run, quantities, points),
      ),
      evaluations(run, points),
      selfKnowledge(run),
      gateSection(run),
      cutoffSection(run),
      costs(run),
      benchmarkTable(run),
      warnings(run),
      provenance(run),
    ],
    options,
  );
}

function lead({ record: { manifest, steps } }: RunDigest): Html {
  return html`<p class="lead">${armOf(manifest)}, seed ${manifest.seed}, on the task ${manifest.task} from the model ${manifest.model}: ${formatCount(steps.length)} of ${formatCount(manifest.steps)} steps.</p>`;
}

const suitesOf = ({ evaluations }: RunDigest): string[] => [
  ...new Set(evaluations.map(({ suite }) => suite)),
];

const intervalText = ({ total }: DigestEvaluation): string =>
  `${formatPercent(total.accuracy)} [${formatPercentInterval(total.low, total.high)}]`;

function headline(run: RunDigest): Tile[] {
  const costs = run.record.steps.at(-1)?.costs;
  const accuracies = suitesOf(run).map((suite): Tile => {
    const own = run.evaluations.filter((each) => each.suite === suite);
    const [first, last] = [own[0], own[own.length - 1]];
    return {
      label: `Held-out accuracy, ${suite}`,
      value: formatPercent(last.total.accuracy),
      small: `${formatPercentInterval(last.total.low, last.total.high)} after step ${formatCount(last.step)}; ${formatPercent(first.total.accuracy)} after step ${formatCount(first.step)}`,
    };
  });
  return [
    ...accuracies,
    { label: 'Tokens generated', value: formatCount(costs?.tokens), small: 'for training' },
    { label: 'Time of the steps', value: formatDuration((costs?.seconds ?? 0) * 1000) },
    { label: 'Arithmetic', value: `${formatNumber(costs?.flops == null ? null : costs.flops / 1e9)} GFLOP` },
  ];
}

function ending({ ending, checkpoint }: RunDigest): Html {
  const kept = checkpoint ? ` Its newest checkpoint is that after step ${formatCount(checkpoint.step)}.` : '';
  if (!ending)
    return html`<p class="warn">The stream does not say how it ended: it goes on, or its page went away.${kept}</p>`;
  if (ending.reason === 'failed')
    return html`<p class="bad">It failed at step ${formatCount(ending.step)}: ${ending.message}${kept}</p>`;
  return html`<p class="small">It was ${ending.reason} at step ${formatCount(ending.step)}.${kept}</p>`;
}

function curve(run: RunDigest, quantity: Quantity, points: number): Html | null {
  const { label, note, from, format, range } = quantity;
  return chart({ title: label, note, xLabel: AXIS_LABELS.steps, format, range }, [
    {
      label: run.name,
      curve: shortened(runCurve(run, quantity, 'steps'), points),
      index: 0,
      marks: from === 'evaluations',
    },
  ]);
}

function numbers(run: RunDigest, quantities: readonly Quantity[], points: number): Html {
  const own = quantities.filter(({ from }) => from === 'steps');
  const values = own.map((quantity) => new Map(quantity.points(run).map(({ step, value }) => [step, value])));
  const shown = thinned(run.record.steps, points);
  const left = shown.length < run.record.steps.length;
  return folded(
    left
      ? `The numbers behind them: ${formatCount(shown.length)} of ${formatCount(run.record.steps.length)} steps`
      : 'The numbers behind them, step by step',
    table(
      ['step', 'tokens by then', 'seconds by then', ...own.map(({ label }) => label)],
      shown.map(({ step, costs }) => [
        String(step),
        formatCount(costs.tokens),
        formatFixed(costs.seconds, 1),
        ...values.map((each) => formatNumber(each.get(step), 6)),
      ]),
    ),
  );
}

function evaluations(run: RunDigest, points: number): Html | null {
  const suites = suitesOf(run);
  if (suites.length === 0) return null;
  const steps = thinned([...new Set(run.evaluations.map(({ step }) => step))], points);
  const at = (step: number, suite: string) =>
    run.evaluations.find((each) => each.step === step && each.suite === suite);
  return section(
    'Evaluations',
    html`<p class="note">Sampled answers to held-out problems, with Wilson’s 95% interval over answers.</p>`,
    table(
      ['after step', ...suites.flatMap((suite) => [suite, 'right', 'answers', 'mean length'])],
      steps.map((step) => [
        String(step),
        ...suites.flatMap((suite) => {
          const found = at(step, suite);
          return found
            ? [
                intervalText(found),
                formatCount(found.total.correct),
                formatCount(found.total.samples),
                formatNumber(found.meanLength, 3),
              ]
            : ['', '', '', ''];
        }),
      ]),
    ),
    ...suites.map((suite) => {
      const own = run.evaluations.filter((each) => each.suite === suite);
      const [first, last] = [own[0], own[own.length - 1]];
      return table(
        ['family and difficulty', `after step ${first.step}`, `after step ${last.step}`, 'answers'],
        Object.entries(last.byTier).map(([tier, score]) => {
          const before = first.byTier[tier];
          return [
            tier,
            before ? formatPercent(before.accuracy) : '',
            `${formatPercent(score.accuracy)} [${formatPercentInterval(score.low, score.high)}]`,
            formatCount(score.samples),
          ];
        }),
        { caption: `${suite}, by family and difficulty` },
      );
    }),
  );
}

function costs({ record }: RunDigest): Html | null {
  const last = record.steps.at(-1)?.costs;
  if (!last) return null;
  const audit =
    last.tokens === null || last.tokens_with_audit === null ? null : last.tokens_with_audit - last.tokens;
  const sum = (of: (step: (typeof record.steps)[number]) => number) =>
    record.steps.reduce((total, step) => total + of(step), 0);
  const solution = sum((step) => step.solution_tokens);
  const zero = sum((step) => step.zero_variance_tokens);
  return section(
    'What it cost',
    html`<p class="note">Of training; evaluations cost nothing here.</p>`,
    table(
      ['cost', ''],
      [
        ['steps', formatCount(last.steps)],
        ['tokens generated for training', formatCount(last.tokens)],
        ['of these, tokens of solutions', formatCount(solution)],
        [
          'of these, in groups without variance',
          `${formatCount(zero)} (${formatPercent(solution === 0 ? null : zero / solution)})`,
        ],
        ['tokens of predictions that are used', formatCount(sum((step) => step.meta_tokens))],
        ['tokens for the audit alone', formatCount(audit)],
        ['prompts trained on with something to learn', formatCount(sum((step) => step.informative))],
        ['arithmetic, GFLOP', formatNumber(last.flops === null ? null : last.flops / 1e9)],
        ['sequential decoding steps', formatCount(last.decode_steps)],
        ['time of the steps', formatDuration((last.seconds ?? 0) * 1000)],
      ],
    ),
  );
}

function warnings({ warnings, moreWarnings }: RunDigest): Html | null {
  if (warnings.length === 0) return null;
  return section(
    'Warnings',
    table(
      ['step', 'code', 'what', 'what to do'],
      warnings.map(({ step, code, message, remedy }) => [String(step), code, message, remedy]),
      { words: [1, 2, 3] },
    ),
    moreWarnings > 0 ? html`<p class="note">And ${formatCount(moreWarnings)} more.</p>` : null,
  );
}
