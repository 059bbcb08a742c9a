/**
 * A comparison laid out as sections of tables and sentences, for the terminal and for Markdown alike. What is written
 * is all in `comparison.json`; nothing is computed here. Rendering is `render.ts`.
 */
import { formatCount, formatDuration, formatNumber } from '../../run/format';
import type { ArmComparison, AtBudget, Comparison, TargetComparison } from './comparison';
import type { Axis } from './record';
import { change, figure, inPercent, meanCount, meanIn, NOT_MEASURED, percent, points, times } from './words';

export interface Section {
  title: string;
  /** What the figures are; empty when the title says it. */
  note: string;
  /** The first row is the header, the first column names; null for a section of sentences. */
  rows: string[][] | null;
  lines: string[];
}

const table = (title: string, note: string, rows: string[][]): Section => ({ title, note, rows, lines: [] });

/** Sections without a row are left out. */
export function sectionsOf(comparison: Comparison): Section[] {
  const { arms, notes } = comparison;
  return [
    runs(arms),
    final(comparison),
    ...atBudgets(comparison),
    ...targets(comparison),
    alignment(arms),
    gate(arms),
    cutoff(arms),
    arithmetic(comparison),
    benchmarks(comparison),
    claims(comparison),
    { title: 'To be kept in mind', note: '', rows: null, lines: notes },
  ].filter(({ rows, lines }) => (rows ? rows.length > 1 : lines.length > 0));
}

const meanOf = (arm: ArmComparison, axis: Axis): number | null => {
  const values = arm.runs.flatMap(({ costs }) => costs[axis] ?? []);
  return values.length === 0 || values.length < arm.runs.length
    ? null
    : values.reduce((a, b) => a + b, 0) / values.length;
};

const orNot = (value: number | null, text: (value: number) => string): string =>
  value === null ? NOT_MEASURED : text(value);

const giga = (flops: number): string => formatNumber(flops / 1e9);

function runs(arms: readonly ArmComparison[]): Section {
  return table('What a run cost', 'Means over the finished runs; evaluations cost nothing.', [
    ['arm', 'runs', 'steps', 'tokens', 'audit tokens', 'GFLOP', 'decoding steps', 'time'],
    ...arms.map((arm) => {
      const [tokens, all] = [meanOf(arm, 'tokens'), meanOf(arm, 'tokens_with_audit')];
      return [
        arm.name,
        String(arm.runs.length),
        orNot(meanOf(arm, 'steps'), formatCount),
        orNot(tokens, formatCount),
        orNot(tokens === null || all === null ? null : all - tokens, formatCount),
        orNot(meanOf(arm, 'flops'), giga),
        orNot(meanOf(arm, 'decode_steps'), formatCount),
        orNot(meanOf(arm, 'seconds'), (seconds) => formatDuration(1000 * seconds)),
      ];
    }),
  ]);
}

function final({ arms, suite, baseline }: Comparison): Section {
  const suites = [...new Set(arms.flatMap((arm) => Object.keys(arm.final)))].sort((a, b) =>
    a === suite ? -1 : b === suite ? 1 : 0,
  );
  return table(
    'Accuracy at the end',
    `In percent, with the bootstrap 95% interval over seeds; the last column is paired by seed.`,
    [
      ['arm', 'suite', 'start', 'end', 'change', `against ${baseline}`],
      ...suites.flatMap((name) =>
        arms.flatMap((arm) => {
          const found = arm.final[name];
          if (!found) return [];
          return [
            [
              arm.name,
              name,
              found.start ? inPercent(found.start.mean) : NOT_MEASURED,
              percent(found.end),
              points(found.change),
              arm.name === baseline ? '' : points(found.difference),
            ],
          ];
        }),
      ),
    ],
  );
}

function atBudgets({ arms, baseline, suite }: Comparison): Section[] {
  const section = (what: string, unit: string, of: (arm: ArmComparison) => AtBudget[]): Section[] => {
    const [first] = arms.map(of).filter((budgets) => budgets.length > 0);
    if (!first) return [];
    const header = first.map(
      ({ budget }) => `${unit === 'tokens' ? formatCount(budget) : formatNumber(budget)} ${unit}`,
    );
    return [
      table(
        `Accuracy on ${suite} at equal ${what}`,
        'In percent, between evaluations by linear interpolation, up to the largest budget that every run has.',
        [['arm', ...header], ...arms.map((arm) => [arm.name, ...of(arm).map((at) => percent(at.accuracy))])],
      ),
      table(`The same against ${baseline}`, 'In percentage points, paired by seed.', [
        ['arm', ...header],
        ...arms
          .filter(({ name }) => name !== baseline)
          .map((arm) => [arm.name, ...of(arm).map((at) => points(at.difference))]),
      ]),
    ];
  };
  return [
    ...section('tokens', 'tokens', (arm) => arm.at_equal_tokens),
    ...section('steps', 'steps', (arm) => arm.at_equal_steps),
  ];
}

const RATIOS: readonly [Axis, string][] = [
  ['tokens', 'tokens'],
  ['flops', 'FLOPs'],
  ['decode_steps', 'decoding steps'],
  ['seconds', 'seconds'],
];

function targets({ arms, baseline, suite }: Comparison): Section[] {
  const [first] = arms.map((arm) => arm.targets).filter((each) => each.length > 0);
  if (!first) return [];
  const rows = (of: (arm: ArmComparison, target: TargetComparison) => string[]): string[][] =>
    first.flatMap(({ share }, place) =>
      arms.flatMap((arm) => {
        const target = arm.targets[place];
        const cells = target ? of(arm, target) : [];
        return cells.length === 0 ? [] : [[arm.name, `${formatNumber(100 * share)}%`, ...cells]];
      }),
    );
  const goals = first.map(({ share, accuracy }) => `${formatNumber(100 * share)}% is ${inPercent(accuracy)}`);
  return [
    table(
      `What it took to reach a share of ${baseline}’s final accuracy on ${suite}`,
      `${goals.join(', ')}. Costs are means over the runs that reached it.`,
      [
        ['arm', 'to', 'runs', 'steps', 'tokens', 'with audit', 'GFLOP', 'decoding steps', 'seconds'],
        ...rows((_, { reached, of, costs }) => {
          const cells = [
            meanIn(costs.steps, 1),
            meanCount(costs.tokens),
            meanCount(costs.tokens_with_audit),
            meanIn(costs.flops, 1e9),
            meanCount(costs.decode_steps),
            meanIn(costs.seconds, 1),
          ];
          return [`${reached}/${of}`, ...(reached === 0 ? cells.map(() => '') : cells)];
        }),
      ],
    ),
    table(
      `How many times cheaper than ${baseline}, to the same`,
      `${baseline}’s cost over the arm’s, geometric mean over the pairs of runs in which both reached it; above 1 the arm is cheaper.`,
      [
        ['arm', 'to', 'pairs', ...RATIOS.map(([, word]) => word)],
        ...rows(({ name }, { pairs, of_pairs, ratios }) =>
          name === baseline
            ? []
            : [`${pairs}/${of_pairs}`, ...RATIOS.map(([axis]) => (pairs === 0 ? '' : times(ratios?.[axis])))],
        ),
      ],
    ),
  ];
}

function alignment(arms: readonly ArmComparison[]): Section {
  return table(
    'Alignment at the end',
    'Predicted against true pass rate (r and mean error) and length (r), on held-out problems in domain, or on the prompts of the last steps.',
    [
      ['arm', 'pass rate r', 'against baseline', 'error', 'length r', 'parsed %', 'on'],
      ...arms.map(({ name, alignment: own }) =>
        own
          ? [
              name,
              figure(own.pass_rate_pearson),
              own.difference ? change(own.difference) : '',
              figure(own.pass_rate_mae),
              figure(own.length_pearson),
              percent(own.parse_rate),
              own.source === 'evaluation' ? 'held-out' : 'training',
            ]
          : [name, NOT_MEASURED, '', '', '', '', ''],
      ),
    ],
  );
}

function gate(arms: readonly ArmComparison[]): Section {
  return table(
    'Gate',
    'In percent, over the whole run, estimated from the audit. Saved: of the solution tokens, the audit’s deducted, predictions not.',
    [
      ['arm', 'precision', 'recall', 'false positives', 'tokens saved', 'share'],
      ...arms.flatMap(({ name, gate: own }) =>
        own
          ? [
              [
                name,
                percent(own.precision),
                percent(own.recall),
                percent(own.false_positive_rate),
                meanCount(own.tokens_saved),
                percent(own.tokens_saved_share),
              ],
            ]
          : [],
      ),
    ],
  );
}

function cutoff(arms: readonly ArmComparison[]): Section {
  return table(
    'Cutoff',
    'In percent of the rollouts, of the cut ones, and of the tokens; lost: correct answers among the cut.',
    [
      ['arm', 'cut', 'precision', 'tokens saved', 'share', 'correct lost'],
      ...arms.flatMap(({ name, cutoff: own }) =>
        own
          ? [
              [
                name,
                percent(own.cut),
                percent(own.precision),
                meanCount(own.tokens_saved),
                percent(own.tokens_saved_share),
                meanCount(own.correct_lost),
              ],
            ]
          : [],
      ),
    ],
  );
}

function arithmetic({ arms, baseline }: Comparison): Section {
  const of = arms.flatMap(({ name, arithmetic: own }) => (own ? [{ name, own }] : []));
  const known = of.filter(({ own }) => own.pairs.length > 0);
  const row = (name: string, cell: (own: (typeof of)[number]['own']) => string) => [
    name,
    ...known.map(({ own }) => cell(own)),
  ];
  const share = formatNumber(100 * (of[0]?.own.target ?? 0));
  const lines = of.flatMap(({ name, own }) => (own.reason ? [`${name}: left out: ${own.reason}`] : []));
  return {
    title: `What the arithmetic of the gate allows, to ${share}% of ${baseline}’s final accuracy`,
    note: 'speed-up = e (1 - f) / (m + 1 - r z - f (1 - z)) / (1 - c); the factors lead from the ceiling to it, and on to what was measured (tokens, the audit’s counted).',
    rows:
      known.length === 0
        ? null
        : [
            ['', ...known.map(({ name }) => name)],
            row('pairs', (own) => `${own.pairs.length} of ${own.of_pairs}`),
            row(`z, tokens without variance (${baseline}), %`, ({ z }) => percent(z)),
            row('r, recall of the gate, %', ({ r }) => percent(r)),
            row('f, its false positives, %', ({ f }) => percent(f)),
            row('m, predictions and audit, %', ({ m }) => percent(m)),
            row('c, spared by the cutoff, %', ({ c }) => percent(c)),
            row('e, learning per informative prompt', ({ e }) => times(e)),
            row('ceiling, 1 / (1 - z)', ({ ceiling }) => times(ceiling)),
            row('x prompts let through', ({ lost }) => times(lost.recall)),
            row('x informative ones closed', ({ lost }) => times(lost.falsePositives)),
            row('x overhead', ({ lost }) => times(lost.overhead)),
            row('x learning', ({ lost }) => times(lost.learning)),
            row('x cutoff', ({ lost }) => times(lost.cutoff)),
            row('= predicted', ({ predicted }) => times(predicted)),
            row('x not explained', ({ lost }) => times(lost.unexplained)),
            row('= measured', ({ measured }) => times(measured)),
            row('predicted if e were 1', (own) => times(own.predicted_at_equal_learning)),
            row('pays above an e of', (own) => times(own.break_even_e)),
          ],
    lines,
  };
}

function benchmarks({ arms, baseline }: Comparison): Section {
  return table('Benchmark sets', 'mean@k in percent, unweighted over sets, of the last checkpoint.', [
    ['arm', 'sets', 'base', 'end', 'gain', `against ${baseline}`],
    ...arms.flatMap((arm) =>
      (arm.benchmarks ?? []).map(({ over, sets, of, base, end, gain, difference }) => [
        arm.name,
        `${over} (${sets} of ${of})`,
        orNot(base, (value) => inPercent(value)),
        percent(end),
        points(gain),
        arm.name === baseline ? '' : points(difference),
      ]),
    ),
  ]);
}

const WORDS = {
  reproduced: 'REPRODUCED',
  'not shown': 'NOT SHOWN',
  contradicted: 'CONTRADICTED',
  'not measured': 'NOT MEASURED',
} as const;

function claims({ claims }: Comparison): Section {
  return {
    title: 'The paper’s claims',
    note: 'Reproduced: the whole 95% interval is on the claim’s side of no effect. Contradicted: on the other. Not shown: neither, no interval, or not every pair reached the target.',
    rows: null,
    lines: claims.map(
      ({ arm, claim, verdict, evidence }) => `${WORDS[verdict]}: ${arm} ${claim}. ${evidence}.`,
    ),
  };
}
