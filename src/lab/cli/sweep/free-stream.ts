/**
 * What a worker that is gone may have left in a cell: the run's own lock, and a hand on the stream. Done once by whoever
 * has the cell now. Used by `sweep`.
 */
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withFile } from '../file-errors';
import type { CellLock } from './cell-lock';
import { isSeenDead } from './process-identity';

export function freeStream(folder: string, lock: CellLock): void {
  freeRunLock(folder, lock);
  // An owner elsewhere that was taken for dead may wake up in the middle of a write. It has the old file open, so
  // what it writes goes nowhere once another one has that name.
  if (lock.tookOver && !isSeenDead(lock.tookOver)) replaceStream(folder, lock.owner.token);
}

/** `run.lock` holds a process number alone, which here may be another process's. */
function freeRunLock(folder: string, lock: CellLock): void {
  const path = join(folder, 'run.lock');
  withFile('remove', path, () => {
    if (!existsSync(path)) return;
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    if (lock.formerOwners().some((owner) => owner.pid === pid)) rmSync(path, { force: true });
  });
}

function replaceStream(folder: string, token: string): void {
  const path = join(folder, 'events.jsonl');
  const copy = join(folder, `.events.jsonl.${token}`);
  withFile('copy', path, () => {
    if (!existsSync(path)) return;
    copyFileSync(path, copy);
    renameSync(copy, path);
  });
}
