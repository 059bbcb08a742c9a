/** A sweep over two hosts by GNU parallel: workers killed and stopped, a connection cut, and the script given again. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMark } from '../src/lab/cli/sweep/cell-mark';
import { type SshHosts, startSshHosts } from './ssh-hosts';
import { caughtInTheMiddle, lab, nextAtWork, ROOT, start, stretchesOf, TinySweep, until } from './tiny-sweep';

let sweep: TinySweep;
let hosts: SshHosts;
beforeAll(async () => {
  sweep = await TinySweep.create();
  hosts = await startSshHosts(join(sweep.folder, 'ssh'));
});
afterAll(async () => {
  await hosts?.stop();
  sweep?.remove();
});

/** The server's process for the connection that a remote process came by. */
function connectionOf(pid: number): number {
  for (let each = pid; each > 1; ) {
    const stat = readFileSync(`/proc/${each}/stat`, 'utf8');
    const [, name] = /\((.*)\)/.exec(stat) ?? [];
    if (name?.startsWith('sshd')) return each;
    each = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  }
  throw new Error(`process ${pid}: expected one that came over SSH, got another`);
}

/** The last exit code of each job in a joblog, by its number. */
function exitCodes(joblog: string): Map<string, string> {
  const [, ...lines] = readFileSync(joblog, 'utf8').trimEnd().split('\n');
  return new Map(lines.map((line) => line.split('\t')).map((fields) => [fields[0], fields[6]]));
}

test('killed, stopped and cut off, the sweep is the uninterrupted one once its script is given again', async () => {
  const out = sweep.place('parallel');
  const joblog = join(sweep.place('parallel-log'), 'job log');
  const script = sweep.place('sweep.sh');
  const emitted = await lab(
    ...['emit', 'parallel', '--manifest', sweep.manifest, '--out', out, '--lab', ROOT],
    ...['--node', process.execPath, '--hosts', hosts.file, '--joblog', joblog, '--retries', '3'],
    ...['--write', script],
  );
  expect(emitted.code, emitted.stderr).toBe(0);
  const first = start(script, []);
  const cells = sweep.cells(out);
  const chosen = new Set<(typeof cells)[number]>();

  const killed = await nextAtWork(cells, chosen);
  process.kill(await caughtInTheMiddle(killed), 'SIGKILL');
  const stopped = await nextAtWork(cells, chosen);
  process.kill(await caughtInTheMiddle(stopped), 'SIGTERM');
  const cut = await nextAtWork(cells, chosen);
  const orphan = await caughtInTheMiddle(cut);
  process.kill(connectionOf(orphan), 'SIGKILL');

  const { stderr } = await first.done;
  expect([...exitCodes(joblog).keys()].map(Number).sort(), stderr).toEqual([1, 2, 3, 4, 5, 6]);
  for (const cell of [killed, stopped]) expect(stretchesOf(cell.path).length, cell.path).toBe(2);
  // Whoever was cut off is ended by parallel's own guard on that host, or goes on there by itself; nobody else is let
  // at the cell before that, and in the end it is finished.
  await until('the end of the run that was cut off', () => readMark(cut.path));

  const second = await start(script, []).done;
  expect(second.code, second.stderr).toBe(0);
  expect(new Set(exitCodes(joblog).values())).toEqual(new Set(['0']));
  await sweep.expectWhole(out);

  const times = () => cells.map((cell) => statSync(join(cell.path, 'events.jsonl')).mtimeMs);
  const before = times();
  expect((await start(script, []).done).code).toBe(0);
  expect(times()).toEqual(before);
});
