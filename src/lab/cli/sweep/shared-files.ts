/**
 * Folders and files that several workers make at the same time, perhaps on different hosts: whole or not there, and no
 * error when another one was first. Used by `sweep` and `merge`.
 */
import { randomUUID } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../checkpoint-folder';
import { errorCode, withFile } from '../file-errors';

/** @throws FileError */
export function makeSharedFolder(path: string): void {
  withFile('create', path, () => {
    for (let left = 20; ; left--) {
      try {
        makeFolder(path);
        return;
      } catch (error) {
        // Made by another between the look and the making: what is below it still has to be.
        if (errorCode(error) !== 'EEXIST' || left === 0) throw error;
      }
    }
  });
}

/** Writes a file by a name of its own, then moves it into place. @throws FileError */
export function writeSharedFile(path: string, contents: string): void {
  withFile('write', path, () => {
    const fresh = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
    try {
      writeFileSync(fresh, contents, { flush: true });
      renameSync(fresh, path);
    } finally {
      rmSync(fresh, { force: true });
    }
  });
}
