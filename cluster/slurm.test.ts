/** A sweep as a Slurm array: a worker killed, one warned of its time, one given back and one cancelled. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMark } from '../src/lab/cli/sweep/cell-mark';
import type { Cell } from '../src/lab/cli/sweep/plan';
import { SlurmNode } from './slurm-node';
import { caughtInTheMiddle, lab, nextAtWork, ROOT, stretchesOf, TinySweep, until } from './tiny-sweep';

let sweep: TinySweep;
let slurm: SlurmNode;
beforeAll(async () => {
  sweep = await TinySweep.create();
  slurm = await SlurmNode.start(join(sweep.folder, 'slurm'));
});
afterAll(async () => {
  await slurm?.stop();
  sweep?.remove();
});

test('killed, warned, given back and cancelled, the sweep is the uninterrupted one in the end', async () => {
  const out = sweep.place('slurm');
  const script = sweep.place('sweep.sbatch');
  const logs = join(sweep.folder, 'slurm');
  const emitted = await lab(
    ...[
      'emit',
      'slurm',
      '--manifest',
      sweep.manifest,
      '--out',
      out,
      '--lab',
      ROOT,
      '--node',
      process.execPath,
    ],
    ...['--cpus', '1', '--time', '30', '--at-once', '2', '--sbatch=--export=PATH,HOME', '--write', script],
  );
  expect(emitted.code, emitted.stderr).toBe(0);
  const job = await slurm.must('sbatch', '--parsable', script);
  const cells = sweep.cells(out);
  const task = ({ index }: Cell) => `${job}_${index}`;
  const chosen = new Set<Cell>();

  const killed = await nextAtWork(cells, chosen);
  process.kill(await caughtInTheMiddle(killed), 'SIGKILL');
  // What Slurm itself sends, by the script's own --signal, when the time is nearly up.
  const warned = await nextAtWork(cells, chosen);
  await caughtInTheMiddle(warned);
  // Once: the task is given back at once, and scancel would repeat itself until it could signal the next try as well.
  const warning = slurm.call('timeout', '2', 'scancel', '--batch', '--signal=USR1', task(warned));
  const givenBack = await nextAtWork(cells, chosen);
  await caughtInTheMiddle(givenBack);
  await slurm.must('scontrol', 'requeue', task(givenBack));
  const cancelled = await nextAtWork(cells, chosen);
  await caughtInTheMiddle(cancelled);
  await slurm.must('scancel', task(cancelled));

  await warning;

  await until('the end of the array', async () => (await slurm.waiting(job)).size === 0, 240);
  const told = readdirSync(logs)
    .filter((name) => name.endsWith('.out'))
    .map((name) => `${name}:\n${readFileSync(join(logs, name), 'utf8')}`)
    .join('\n');
  // Who cancels a task means it: that alone is not finished, and it stopped with a checkpoint.
  expect(cells.filter((cell) => !readMark(cell.path)).map(task), told).toEqual([task(cancelled)]);
  for (const cell of [killed, warned, givenBack]) expect(stretchesOf(cell.path), told).toHaveLength(2);

  const times = () =>
    cells
      .filter((cell) => cell !== cancelled)
      .map((cell) => statSync(join(cell.path, 'events.jsonl')).mtimeMs);
  const before = times();
  const again = await slurm.must('sbatch', '--parsable', script);
  await until('the end of the second array', async () => (await slurm.waiting(again)).size === 0, 240);
  expect(times()).toEqual(before);
  expect(stretchesOf(cancelled.path)).toHaveLength(2);
  await sweep.expectWhole(out);
});
