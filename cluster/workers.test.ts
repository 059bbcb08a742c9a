/** Workers without a scheduler: several at one cell, killed, stopped, and frozen. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMark } from '../src/lab/cli/sweep/cell-mark';
import {
  caughtInTheMiddle,
  LAB,
  lab,
  plainEnvironment,
  start,
  stretchesOf,
  TinySweep,
  until,
} from './tiny-sweep';

let sweep: TinySweep;
beforeAll(async () => {
  sweep = await TinySweep.create();
});
afterAll(() => sweep.remove());

const worker = (out: string, index: number, ...rest: string[]) =>
  start(process.execPath, [
    ...[
      LAB,
      'sweep',
      '--manifest',
      sweep.manifest,
      '--out',
      out,
      '--index',
      String(index),
      '--json',
      ...rest,
    ],
  ]);

const outcome = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');

test('four workers at one cell: one trains it, the others leave it alone and are to come again', async () => {
  const out = sweep.place('crowd');
  const results = await Promise.all([1, 2, 3, 4].map(() => worker(out, 0).done));
  const states = results.map(({ stdout }) => outcome(stdout));
  expect(states.filter(({ trained }) => trained)).toHaveLength(1);
  expect(results.map(({ code }) => code).sort()).toEqual(
    states.map(({ state }) => (state === 'finished' ? 0 : 75)).sort(),
  );
  const [cell] = sweep.cells(out);
  expect(stretchesOf(cell.path)).toEqual([0]);
});

test('every cell is killed, stopped or interrupted in the middle, and all end as the uninterrupted runs', async () => {
  const out = sweep.place('interrupted');
  const cells = sweep.cells(out);
  // Two at a time, as on a machine with two processors.
  for (let pair = 0; pair < cells.length; pair += 2)
    await Promise.all(
      cells.slice(pair, pair + 2).map(async (cell) => {
        const first = worker(out, cell.index);
        const pid = await caughtInTheMiddle(cell);
        expect(pid).toBe(first.child.pid);
        const signal = (['SIGKILL', 'SIGTERM', 'SIGINT'] as const)[cell.index % 3];
        process.kill(pid, signal);
        const { code } = await first.done;
        expect(code).toBe({ SIGKILL: -1, SIGTERM: 75, SIGINT: 130 }[signal]);
        expect(readMark(cell.path)).toBeNull();
        const second = await worker(out, cell.index).done;
        expect(second.code, second.stderr).toBe(0);
        const [, from] = stretchesOf(cell.path);
        expect(from).toBeGreaterThan(0);
      }),
    );
  await sweep.expectWhole(out);

  const times = () => cells.map((cell) => statSync(join(cell.path, 'events.jsonl')).mtimeMs);
  const before = times();
  for (const cell of cells)
    expect(outcome((await worker(out, cell.index).done).stdout)).toMatchObject({ trained: false });
  expect(times()).toEqual(before);
});

test('a worker elsewhere that freezes is taken for dead, and when it wakes up it writes nothing', async () => {
  const out = sweep.place('frozen');
  const [cell] = sweep.cells(out);
  // A process space of its own, as a container or another host has: that the process lives is not to be seen.
  const unshare = [
    ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
    '--fork',
    '--pid',
    '--mount-proc',
    process.execPath,
    LAB,
  ];
  const args = ['sweep', '--manifest', sweep.manifest, '--out', out, '--index', '0', '--heartbeat', '0.5'];
  const first = start('unshare', [...unshare, ...args], plainEnvironment());
  await caughtInTheMiddle(cell);
  const inside = await until('the worker inside', () => childrenOf(first.child.pid ?? 0).at(0));
  process.kill(inside, 'SIGSTOP');
  const second = await lab(...args);
  expect(second.code, second.stderr).toBe(0);
  expect(second.stderr).toMatch(/waiting up to 3 s for a sign of life/);
  const mark = readMark(cell.path);
  const before = statSync(join(cell.path, 'events.jsonl')).mtimeMs;
  process.kill(inside, 'SIGCONT');
  const { code, stderr } = await first.done;
  expect(code, stderr).toBe(75);
  expect(stderr).toMatch(/another worker has taken the cell/);
  expect(statSync(join(cell.path, 'events.jsonl')).mtimeMs).toBe(before);
  expect(readMark(cell.path)).toEqual(mark);
});

/** The processes that a process started. */
function childrenOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

test('what two hosts finished is gathered, compared, and named where it is missing or differs', async () => {
  const whole = sweep.place('interrupted');
  const [one, two] = [sweep.place('host-1'), sweep.place('host-2')];
  const out = sweep.place('gathered');
  const cells = sweep.cells(whole);
  for (const [place, from, to] of [
    [one, 0, 4],
    [two, 3, 5],
  ] as const) {
    mkdirSync(place);
    cpSync(join(whole, 'sweep.json'), join(place, 'sweep.json'));
    for (const cell of cells.slice(from, to))
      cpSync(cell.path, join(place, cell.arm.name, `seed-${cell.seed}`), { recursive: true });
  }
  const partial = await lab('merge', one, two, '--out', out);
  expect(partial.code, partial.stderr).toBe(75);
  expect(partial.stdout).toContain('5 of 6 cells gathered');
  expect(partial.stdout).toContain('cell 5 (masa+beta=0.1, seed 3): not finished: it has not begun');

  const all = await lab('merge', one, two, whole, '--out', out, '--json');
  expect(all.code, all.stderr).toBe(0);
  const { copied, comparison } = JSON.parse(all.stdout.trimEnd().split('\n').at(-1) ?? '');
  expect(copied).toBe(1);
  expect(comparison.arms.map((arm: { runs: unknown[] }) => arm.runs.length)).toEqual([3, 3]);
  await sweep.expectWhole(out);

  // Another run under the same name, marked as finished.
  const [cell] = cells;
  const strange = join(two, cell.arm.name, `seed-${cell.seed}`);
  cpSync(join(two, cells[3].arm.name, `seed-${cells[3].seed}`), strange, { recursive: true });
  cpSync(join(cell.path, 'manifest.json'), join(strange, 'manifest.json'));
  rmSync(out, { recursive: true });
  const conflict = await lab('merge', one, two, whole, '--out', out);
  expect(conflict.code).toBe(1);
  expect(conflict.stderr).toMatch(/cell 0 .*expected copies of one run, got ones that differ/);
  writeFileSync(join(strange, 'events.jsonl'), '{}\n');
  const damaged = await lab('merge', two, '--out', out);
  expect(damaged.code).toBe(1);
  expect(damaged.stderr).toMatch(/cell 0 .*expected the \d+ bytes of SHA-256/);
});
