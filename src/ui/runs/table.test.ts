import { describe, expect, test } from 'vitest';
import { NO_FIGURES, type RunEntry } from '../../lab/store/entry';
import { type ManifestInput, parseManifest } from '../../run/manifest';
import { PRESETS, presetManifest } from '../../run/presets';
import { score } from '../../run/statistics';
import { canContinue, INITIAL_RUNS, unfinishedRuns } from './state';
import { armOf, arrange, csvOf, nameOf, rowsOf } from './table';

const entry = (id: string, change: Partial<RunEntry> = {}, settings: ManifestInput = {}): RunEntry => ({
  id,
  name: '',
  manifest: parseManifest(settings),
  parent: null,
  created: '2026-01-01T00:00:00.000Z',
  updated: '2026-01-01T00:00:00.000Z',
  ...NO_FIGURES,
  tags: [],
  notes: '',
  pinned: false,
  bytes: 0,
  checkpoints: [],
  ...change,
});
const accuracy = (correct: number) => ({ suite: 'in-domain', step: 10, ...score(correct, 100) });
const ids = (rows: { run: RunEntry }[]) => rows.map(({ run }) => run.id);

describe('an arm', () => {
  test('is the preset whose method it is, whatever the seed, the length and what is watched', () => {
    for (const { name, label } of PRESETS) {
      const manifest = { ...presetManifest(name), seed: 9, steps: 300, eval_steps: 7, eval_problems: 11 };
      // Presets that differ in nothing but what is watched or how long they go on are one arm.
      expect(
        PRESETS.find((each) => each.label === armOf(manifest)),
        name,
      ).toBeDefined();
      if (name !== 'quick') expect(armOf(manifest), name).toBe(label);
    }
  });

  test('of the user’s own settings says so', () => {
    expect(armOf(parseManifest({ beta: 0.3 }))).toBe('GRPO, changed');
    expect(armOf(parseManifest({ masa_meta: 'train', beta: 0.3 }))).toBe('MASA, changed');
  });

  test('names a run that has no name', () => {
    expect(nameOf(entry('a', {}, { seed: 3 }))).toBe('GRPO, seed 3');
    expect(nameOf(entry('a', { name: 'mine' }))).toBe('mine');
  });
});

describe('the order of rows', () => {
  const rows = rowsOf(
    [
      entry('a', { name: 'Beta', accuracy: accuracy(40), steps: 3 }, { seed: 2 }),
      entry('b', { name: 'alpha', pinned: true, steps: 1 }, { seed: 10 }),
      entry('c', { name: 'gamma', accuracy: accuracy(60), steps: 2 }, { seed: 1 }),
    ],
    [],
  );

  test('is theirs, with the pinned ones first, until one is chosen', () => {
    expect(ids(arrange(rows, '', null))).toEqual(['b', 'a', 'c']);
  });

  test('goes by numbers as numbers, names without case, and what is missing comes last either way', () => {
    const unpinned = rows.map((row) => ({ ...row, run: { ...row.run, pinned: false } }));
    expect(ids(arrange(unpinned, '', { key: 'seed', down: false }))).toEqual(['c', 'a', 'b']);
    expect(ids(arrange(unpinned, '', { key: 'name', down: false }))).toEqual(['b', 'a', 'c']);
    expect(ids(arrange(unpinned, '', { key: 'accuracy', down: false }))).toEqual(['a', 'c', 'b']);
    expect(ids(arrange(unpinned, '', { key: 'accuracy', down: true }))).toEqual(['c', 'a', 'b']);
  });

  test('leaves the rows it was given as they were', () => {
    arrange(rows, '', { key: 'steps', down: true });
    expect(ids([...rows])).toEqual(['a', 'b', 'c']);
  });
});

test('a filter finds rows that hold all its words, in names, arms, seeds, tags, notes or lineage', () => {
  const runs = [
    entry('a', { name: 'first', tags: ['tiny'], notes: 'lower rate' }, { seed: 4 }),
    entry('b', { parent: { run: 'a', name: 'first', step: 20 } }, { seed: 5 }),
    entry(
      'c',
      { parent: { run: 'gone', name: 'old one', step: 3 } },
      { loss_type: 'dr_grpo', scale_rewards: 'none' },
    ),
  ];
  const rows = rowsOf(runs, ['b']);
  const found = (filter: string) => ids(arrange(rows, filter, null));
  expect(found('')).toEqual(['a', 'b', 'c']);
  expect(found('FIRST')).toEqual(['a', 'b']);
  expect(found('first rate')).toEqual(['a']);
  expect(found('seed 5')).toEqual(['b']);
  expect(found('Dr. GRPO')).toEqual(['c']);
  expect(found('nothing')).toEqual([]);
  expect(rows[1]).toMatchObject({ lineage: 'first at step 20', elsewhere: true });
  expect(rows[2]).toMatchObject({ lineage: 'old one (deleted) at step 3', elsewhere: false });
});

test('CSV has every digit, quotes what needs it, and no formula of a stranger’s', () => {
  const [row] = rowsOf(
    [
      entry('id-1', {
        name: '=HYPERLINK("x")',
        tags: ['a', 'b'],
        notes: 'two\nlines, and "quotes"',
        accuracy: accuracy(1),
        tokens: 1_234_567,
        seconds: 0.1,
      }),
    ],
    [],
  );
  const text = csvOf([row]);
  expect(text.split('\r\n')[0].split(',').slice(0, 4)).toEqual(['id', 'name', 'arm', 'seed']);
  expect(text).toContain(`id-1,"'=HYPERLINK(""x"")",GRPO,0,unfinished,0,100,0.01,`);
  expect(text).toContain(',1234567,0.1,');
  expect(text).toContain(',a b,"two\nlines, and ""quotes""",,\r\n');
});

test('only runs that were left in the middle are offered, the last one first', () => {
  const list = [
    entry('done', { status: 'completed', steps: 100 }),
    entry('empty'),
    entry('stopped', { status: 'stopped', steps: 4 }),
    entry('old', { steps: 2, updated: '2026-01-02T00:00:00.000Z' }),
    entry('new', { steps: 3, status: 'failed', updated: '2026-01-03T00:00:00.000Z' }),
    entry('elsewhere', { steps: 5 }),
  ];
  const offered = unfinishedRuns({ ...INITIAL_RUNS, list, elsewhere: ['elsewhere'] });
  expect(offered.map((run) => run.id)).toEqual(['new', 'old']);
  expect(list.filter(canContinue).map((run) => run.id)).toEqual(['stopped', 'old', 'new', 'elsewhere']);
});
