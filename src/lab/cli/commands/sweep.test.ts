/** `lab sweep` as far as it goes without a device: which cell is meant, what is listed, and what is refused. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Arguments, readArguments, UsageError } from '../arguments';
import { main } from '../main';
import { digestStream, MARK_FILE, readMark, verifyMark } from '../sweep/cell-mark';
import { planCell } from '../sweep/plan';
import { ListeningConsole, temporaryFolder } from '../testing';
import { readSweepRequest, SWEEP } from './sweep';

const SWEEP_FILE = { sweep_version: 1, name: 'two', arms: ['grpo'], seeds: [3, 4], budget: 'tokens=100' };

function written(): { folder: string; file: string; args: (...more: string[]) => Arguments } {
  const folder = temporaryFolder();
  const file = join(folder, 'sweep.json');
  writeFileSync(file, JSON.stringify(SWEEP_FILE));
  return { folder, file, args: (...more) => readArguments(SWEEP, ['--manifest', file, ...more]) };
}

describe('the index', () => {
  const indexOf = (environment: Record<string, string>, ...more: string[]) =>
    readSweepRequest(written().args(...more), environment).index;

  test('is that of the scheduler, as it counts', () => {
    expect(indexOf({ SLURM_ARRAY_TASK_ID: '1' })).toBe(1);
    expect(indexOf({ JOB_COMPLETION_INDEX: '0' })).toBe(0);
    expect(indexOf({ PARALLEL_SEQ: '1' })).toBe(0);
  });

  test('that is given goes before them', () => {
    expect(indexOf({ SLURM_ARRAY_TASK_ID: '1', PARALLEL_SEQ: '2' }, '--index', '0')).toBe(0);
  });

  test('that is missing, not a cell, or told by two is refused', () => {
    expect(() => indexOf({})).toThrow(/expected a cell from 0 to 1, or one of SLURM_ARRAY_TASK_ID/);
    expect(() => indexOf({ SLURM_ARRAY_TASK_ID: '2' })).toThrow(/whole number from 0 to 1, .* got "2"/);
    expect(() => indexOf({ PARALLEL_SEQ: '3' })).toThrow(/whole number from 1 to 2/);
    expect(() => indexOf({ SLURM_ARRAY_TASK_ID: '0', PARALLEL_SEQ: '1' })).toThrow(
      /say which cell with --index/,
    );
    expect(() => indexOf({}, '--index', '2')).toThrow(UsageError);
  });
});

/** A cell's folder as a finished run leaves it, its stream made up. */
async function finishedCell(): Promise<{ file: string; path: string; out: string }> {
  const { folder, file, args } = written();
  const { plan, out } = readSweepRequest(args('--index', '0'), {});
  const cell = planCell(plan, 0, out);
  mkdirSync(cell.path, { recursive: true });
  writeFileSync(join(cell.path, 'manifest.json'), JSON.stringify(cell.manifest));
  writeFileSync(join(cell.path, 'events.jsonl'), '{"type":"step_metrics","step":0,"step_ms":3}\n');
  const mark = {
    cell_version: 1,
    sweep: 'two',
    arm: 'grpo',
    seed: 3,
    budget: 'tokens=100',
    steps: 1,
    ...(await digestStream(cell.path)),
    adapter: 'some',
    lab: '0.1.0',
    host: 'here',
    finished_at: '2026-11-21T00:00:00.000Z',
  };
  writeFileSync(join(cell.path, MARK_FILE), JSON.stringify(mark));
  expect(out).toBe(join(folder, 'two'));
  return { file, path: cell.path, out };
}

async function lab(...argv: string[]) {
  const console = new ListeningConsole();
  const code = await main(argv, console);
  return { code, out: console.stdout, err: console.stderr };
}

describe('a finished cell', () => {
  test('is left alone, at once', async () => {
    const { file } = await finishedCell();
    const { code, out } = await lab('sweep', '--manifest', file, '--index', '0', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ state: 'finished', trained: false, steps: 1 });
    const list = await lab('sweep', '--manifest', file, '--list');
    expect(list.out).toMatch(/0 {2}grpo\/seed-3 +finished\n +1 {2}grpo\/seed-4 +not begun/);
  });

  test('by other settings or another budget is refused by name', async () => {
    const { file } = await finishedCell();
    writeFileSync(file, JSON.stringify({ ...SWEEP_FILE, settings: { learning_rate: 0.5 } }));
    const kept = await lab('sweep', '--manifest', file, '--index', '0');
    expect(kept.code).toBe(2);
    expect(kept.err).toMatch(/learning_rate: expected 0.5 as the sweep says, got 0.0002/);
    writeFileSync(file, JSON.stringify({ ...SWEEP_FILE, name: 'two', budget: 'tokens=200' }));
    const budget = await lab('sweep', '--manifest', file, '--index', '0', '--out', join(file, '..', 'two'));
    expect(budget.code).toBe(2);
    expect(budget.err).toMatch(/budget: expected tokens=200 as the sweep says, got tokens=100/);
  });

  test('whose stream has changed, or whose mark is of a newer version, is refused and not trained again', async () => {
    const { file, path } = await finishedCell();
    const mark = readMark(path);
    writeFileSync(join(path, 'events.jsonl'), '{"type":"step_metrics","step":1}\n');
    const changed = await lab('sweep', '--manifest', file, '--index', '0');
    expect(changed.code).toBe(1);
    expect(changed.err).toMatch(/expected the 45 bytes of SHA-256 [0-9a-f]{64}/);
    await expect(verifyMark(path, mark!)).rejects.toThrow(/restore the folder from a copy/);
    writeFileSync(join(path, MARK_FILE), JSON.stringify({ ...mark, cell_version: 2 }));
    expect((await lab('sweep', '--manifest', file, '--index', '0')).err).toMatch(
      /cell_version: expected 1 or older, got 2/,
    );
  });

  test('has a digest that knows no times', async () => {
    const { path } = await finishedCell();
    const { events, content_sha256 } = await digestStream(path);
    writeFileSync(
      join(path, 'events.jsonl'),
      '{"type":"run_started"}\n{"type":"step_metrics","step":0,"step_ms":4}\n{"type":"checkpoint"}\n',
    );
    const other = await digestStream(path);
    expect(other.content_sha256).toBe(content_sha256);
    expect(other.events.sha256).not.toBe(events.sha256);
  });
});

test('merge names folders that are none, or of no sweep, or of different ones', async () => {
  const { folder, file } = written();
  const out = join(folder, 'all');
  expect((await lab('merge', join(folder, 'none'), '--out', out)).err).toMatch(
    /expected a folder, got .*none/,
  );
  expect((await lab('merge', folder.replace(/[^/]+$/, ''), '--out', out)).err).toMatch(
    /which has no sweep.json/,
  );
  const other = temporaryFolder();
  writeFileSync(join(other, 'sweep.json'), JSON.stringify({ ...SWEEP_FILE, budget: null }));
  const { code, err } = await lab('merge', folder, other, '--out', out);
  expect(code).toBe(2);
  expect(err).toMatch(/expected folders of one sweep/);
  // Not finished anywhere: said of each cell, compared all the same, and to be given again.
  const open = await lab('merge', folder, '--out', out, '--manifest', file);
  expect(open.code).toBe(75);
  expect(open.out).toContain('0 of 2 cells gathered');
});
