import { describe, expect, test } from 'vitest';
import { compareArms } from './compare';
import { renderMarkdown, renderText } from './render';
import { sectionsOf } from './tables';
import { type MadeUpRun, record } from './testing';

const SEEDS = [1, 2, 3];
const run = (seed: number, rest: Partial<MadeUpRun>) =>
  record({
    seed,
    tokens: [10_000, 10_000],
    accuracy: { 0: 0.2, 2: 0.6 + seed / 100 },
    ...rest,
  });

const gate = [1, 2].map(() => ({
  gated: 1,
  sampledZero: 1,
  sampledZeroTokens: 5000,
  keptInformative: 2,
  keptInformativeTokens: 10_000,
  auditTokens: 500,
}));

const comparison = compareArms({
  arms: [
    { name: 'grpo', runs: SEEDS.map((seed) => run(seed, {})), missing: [] },
    {
      name: 'masa-efficient',
      runs: [1, 2].map((seed) =>
        run(seed, {
          settings: { masa_meta: 'train', masa_gate: true },
          gate,
          meta: [500, 500],
          flops: [2e9, 2e9],
        }),
      ),
      missing: [{ seed: 3, why: 'it failed at step 1 of 2' }],
    },
  ],
  baseline: 'grpo',
  suite: 'in-domain',
  seeds: SEEDS,
});
const sections = sectionsOf(comparison);
const text = renderText(sections);
const tableOf = (title: string) => sections.find((section) => section.title.startsWith(title))?.rows ?? [];

describe('the tables of a comparison', () => {
  test('every row has as many cells as its header', () => {
    expect(sections.length).toBeGreaterThan(8);
    for (const { rows } of sections) for (const row of rows ?? []) expect(row).toHaveLength(rows![0].length);
  });

  test('what was not measured says so, and means over some runs alone are not given as if over all', () => {
    const [, grpo, masa] = tableOf('What a run cost');
    expect(grpo).toEqual(['grpo', '3', '2', '20,000', '0', 'not measured', 'not measured', '2 s']);
    expect(masa.slice(0, 6)).toEqual(['masa-efficient', '2', '2', '21,000', '0', '4']);
  });

  test('shares are in percent with their interval, differences have a sign', () => {
    // Ends 0.61, 0.62, 0.63: each extreme of the mean of three has a chance of 1/27, so the interval has them all.
    expect(tableOf('Accuracy at the end')).toEqual([
      ['arm', 'suite', 'start', 'end', 'change', 'against grpo'],
      ['grpo', 'in-domain', '20.0', '62.0 [61.0,63.0]', '+42.0 [+41.0,+43.0]', ''],
      ['masa-efficient', 'in-domain', '20.0', '61.5', '+41.5', '0.0'],
    ]);
  });

  test('a target that some runs miss says how many', () => {
    const all = tableOf('What it took to reach').filter(([, to]) => to === '100%');
    // 0.62 on average: the run that ends at 0.61 never has it.
    expect(all.map((row) => row.slice(0, 3))).toEqual([
      ['grpo', '100%', '2/3'],
      ['masa-efficient', '100%', '1/2'],
    ]);
  });

  test('claims and notes are told in sentences, what is missing by name', () => {
    expect(text).toContain('NOT SHOWN: masa-efficient needs fewer tokens');
    expect(text).toContain('masa-efficient, seed 3, is missing: it failed at step 1 of 2');
  });

  test('the text fits 100 columns', () => {
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  test('Markdown has the same sections and cells, and a bar in a name does not break a row', () => {
    const markdown = renderMarkdown('Comparison', sections);
    for (const { title, rows } of sections) {
      expect(markdown).toContain(`\n## ${title}\n`);
      for (const row of rows ?? []) expect(markdown).toContain(`| ${row.join(' | ')} |\n`.trimEnd());
    }
    const [row] =
      renderMarkdown('x', [{ title: 'y', note: '', rows: [['a|b', 'c']], lines: [] }]).match(/^\| a.*$/m) ??
      [];
    expect(row).toBe('| a\\|b | c |');
  });

  test('an empty comparison has nothing but its notes', () => {
    const empty = compareArms({
      arms: [{ name: 'grpo', runs: [], missing: [{ seed: 1, why: 'it has not begun' }] }],
      baseline: 'grpo',
      suite: 'in-domain',
      seeds: [1],
    });
    expect(renderText(sectionsOf(empty))).toContain('grpo, seed 1, is missing: it has not begun');
  });
});
