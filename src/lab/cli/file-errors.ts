/**
 * What the operating system says about files, in words: which file, what was wanted of it, what stood in the
 * way and what to do. Used by everything of the command line that touches the disk.
 */

import { closeSync, openSync, readSync, statSync } from 'node:fs';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is used up; free some space',
  EFBIG: 'the file would be larger than the file system allows; choose another place',
  EACCES: 'permission denied; change the permissions or choose another place',
  EPERM: 'permission denied; change the permissions or choose another place',
  EROFS: 'the file system is read-only; choose another place',
  ENOENT: 'there is no such file or folder; check the path',
  ENOTDIR: 'a part of the path is a file, not a folder; choose another place',
  EISDIR: 'it is a folder, not a file; check the path',
  EIO: 'the disk reported an error; check it, and choose another place',
  EMFILE: 'too many files are open; close some programs',
  ENAMETOOLONG: 'the name is too long; choose a shorter one',
};

/** A file could not be read or written; the message is ready to be shown. */
export class FileError extends Error {
  constructor(
    /** `read`, `write`, `create` and the like. */
    readonly action: string,
    readonly path: string,
    /** The system's code, e.g. `ENOSPC`. */
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(`could not ${action} ${path}: ${REASONS[code] ?? 'the system refused'} (${code})`, options);
    this.name = 'FileError';
  }
}

/** The system's code of an error, e.g. `ENOENT`, or null for an error of another kind. */
export function errorCode(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return error instanceof Error && typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : null;
}

/** Runs `work`; what the system refuses becomes a FileError about `path`, anything else passes through. */
export function withFile<T>(action: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = errorCode(error);
    if (code === null || error instanceof FileError) throw error;
    throw new FileError(action, path, code, { cause: error });
  }
}

/** Bytes asked of the system at once; Node's own reading of whole files ends at 2 GiB. */
const PIECE = 256 * 1024 * 1024;

/** All of a file, in memory of its own. @throws FileError */
export const readWhole = (path: string): Uint8Array<ArrayBuffer> =>
  readPart(
    path,
    0,
    withFile('read', path, () => statSync(path).size),
  );

/** Bytes `from` up to `to` of a file; fewer where it ends before. @throws FileError */
export function readPart(path: string, from: number, to: number): Uint8Array<ArrayBuffer> {
  return withFile('read', path, () => {
    const file = openSync(path, 'r');
    try {
      const bytes = new Uint8Array(to - from);
      let done = 0;
      while (done < bytes.length) {
        const read = readSync(file, bytes, done, Math.min(PIECE, bytes.length - done), from + done);
        if (read === 0) return bytes.slice(0, done);
        done += read;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  });
}
