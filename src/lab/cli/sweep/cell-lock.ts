/**
 * One worker at a time in a cell's folder, also when workers are on several hosts that share a file system.
 *
 *   cell.lock.N   who has the cell; the highest N counts, an older one is that of a worker that lost it
 *
 * Having a cell is having made the next N, which the file system grants to one (a hard link to a finished record, or
 * an exclusive creation where there are no hard links). The owner writes to its record every few seconds. It is taken
 * from an owner that
 *   - let go of it;
 *   - is on this machine, in this container, and dead;
 *   - is elsewhere, and has not written for six times its interval, by the file system's own clock.
 * An owner that is seen alive here keeps it however long it is silent. One that comes back from a pause finds a higher N
 * and writes nothing more: `check` stands before everything that is written (`RunDirectory.guard`).
 *
 * Knows nothing of what is in the folder besides. Used by `sweep`.
 */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, FileError, withFile } from '../file-errors';
import { isSeenAlive, isSeenDead, type ProcessIdentity, thisProcess } from './process-identity';

export interface Owner extends ProcessIdentity {
  /** Of this claim. */
  token: string;
  /** Seconds between two signs of life. */
  heartbeat: number;
  beats: number;
  released: boolean;
}

export const HEARTBEAT_SECONDS = 10;
/** So many intervals without a sign of life, and an owner elsewhere is taken for dead. */
const SILENT_INTERVALS = 6;
const POLL_MS = 500;
/** A record always has this many bytes, so that one write replaces it whole. */
const RECORD_BYTES = 1024;
/** How long a look at the disk is believed, in milliseconds. */
const BELIEVED_MS = 200;
/** What file systems without hard links answer. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']);

/** Another worker has taken the cell: nothing may be written any more. */
export class CellLost extends FileError {
  constructor(folder: string) {
    super('write', folder, 'EOWNERDEAD');
    this.message = `could not write ${folder}: another worker has taken the cell, as this one gave no sign of life for too long; it goes on there`;
  }
}

export type Claim =
  | { state: 'claimed'; lock: CellLock }
  /** Another worker is alive in it. */
  | { state: 'busy'; owner: Owner | null }
  | { state: 'stopped' };

export interface ClaimOptions {
  heartbeat?: number;
  self?: ProcessIdentity;
  signal?: AbortSignal;
  /** Called once when it has to be waited whether an owner elsewhere is alive. */
  waiting?: (owner: Owner | null, seconds: number) => void;
}

export class CellLock {
  #descriptor: number;
  #timer: NodeJS.Timeout;
  #lost = false;
  #looked = Number.NEGATIVE_INFINITY;
  #open = true;

  private constructor(
    readonly folder: string,
    readonly number: number,
    readonly owner: Owner,
    /** The dead worker it was taken from; null when nobody had it. */
    readonly tookOver: Owner | null,
  ) {
    this.#descriptor = openSync(place(folder, number), 'r+');
    this.#timer = setInterval(() => this.#beat(), owner.heartbeat * 1000);
    this.#timer.unref();
  }

  /** Claims the cell in `folder`, which is there. @throws FileError */
  static async claim(folder: string, options: ClaimOptions = {}): Promise<Claim> {
    const { heartbeat = HEARTBEAT_SECONDS, self = thisProcess(), signal, waiting } = options;
    const owner: Owner = { ...self, token: randomUUID(), heartbeat, beats: 0, released: false };
    const fresh = join(folder, `.cell.lock.${owner.token}`);
    let seen: { number: number; beats: number } | null = null;
    try {
      for (;;) {
        if (signal?.aborted) return { state: 'stopped' };
        // Written anew each time: its time is now, by the clock of the file system.
        withFile('write', fresh, () => writeFileSync(fresh, recordText(owner)));
        const current = newest(folder);
        const found = current === 0 ? null : look(place(folder, current), fresh);
        if (current > 0 && found === null) continue; // Gone between the two looks.
        const from = found?.owner ?? null;
        if (found && !isFree(found)) {
          if (from && isSeenAlive(from)) return { state: 'busy', owner: from };
          const beats = from?.beats ?? -1;
          if (seen && (seen.number !== current || seen.beats !== beats))
            return { state: 'busy', owner: from };
          if (!seen) waiting?.(from, silence(from));
          seen = { number: current, beats };
          await sleep(POLL_MS);
          continue;
        }
        const lock = take(fresh, folder, current + 1)
          ? new CellLock(folder, current + 1, owner, from && !from.released ? from : null)
          : null;
        if (!lock) continue;
        lock.#removeOlder();
        return { state: 'claimed', lock };
      }
    } finally {
      rmSync(fresh, { force: true });
    }
  }

  /** Whether the cell is still this worker's. */
  get isOurs(): boolean {
    const now = performance.now();
    if (!this.#lost && now - this.#looked > BELIEVED_MS) {
      this.#looked = now;
      this.#lost = newest(this.folder) !== this.number;
    }
    return !this.#lost;
  }

  /** @throws CellLost once another worker has it. */
  readonly check = (): void => {
    if (!this.isOurs) throw new CellLost(this.folder);
  };

  /** Lets go of the cell; whoever comes next has it at once. */
  release(): void {
    this.#close({ released: true });
  }

  /** Lets go of a cell that nobody needs any more, and leaves no trace. */
  remove(): void {
    if (!this.#open) return;
    this.#close({ released: true });
    if (newest(this.folder) === this.number)
      for (const number of numbers(this.folder)) rmSync(place(this.folder, number), { force: true });
  }

  #beat(): void {
    if (!this.#open || !this.isOurs) return;
    this.owner.beats++;
    this.#write();
  }

  #write(): void {
    try {
      writeSync(this.#descriptor, recordText(this.owner), 0);
      fdatasyncSync(this.#descriptor);
    } catch (error) {
      // A sign of life that cannot be given is as none: whether the cell is lost by it, the others decide.
      if (errorCode(error) === null) throw error;
    }
  }

  #close(last: Partial<Owner>): void {
    if (!this.#open) return;
    clearInterval(this.#timer);
    Object.assign(this.owner, last);
    this.#write();
    this.#open = false;
    closeSync(this.#descriptor);
  }

  /** Those who had the cell before, as far as it is still written down. */
  formerOwners(): Owner[] {
    return numbers(this.folder)
      .filter((number) => number < this.number)
      .flatMap((number) => readOwner(place(this.folder, number)) ?? []);
  }

  /** The two before stay: a worker that has just judged one must not be granted its number a second time. */
  #removeOlder(): void {
    for (const number of numbers(this.folder))
      if (number < this.number - 2) rmSync(place(this.folder, number), { force: true });
  }
}

/** Whether nobody has the cell in `folder`, as far as can be seen without waiting. Used where cells are listed. */
export function holderOf(folder: string): Owner | null {
  const current = newest(folder);
  const owner = current === 0 ? null : readOwner(place(folder, current));
  return owner && !owner.released && !isSeenDead(owner) ? owner : null;
}

const place = (folder: string, number: number) => join(folder, `cell.lock.${number}`);

const numbers = (folder: string): number[] =>
  withFile('read', folder, () => readdirSync(folder)).flatMap((name) => {
    const [, digits] = /^cell\.lock\.([1-9]\d*)$/.exec(name) ?? [];
    return digits === undefined ? [] : [Number(digits)];
  });

const newest = (folder: string): number => (existsSync(folder) ? Math.max(0, ...numbers(folder)) : 0);

const silence = (owner: Owner | null) => (owner?.heartbeat ?? HEARTBEAT_SECONDS) * SILENT_INTERVALS;

/** A record, and for how many seconds it has not been written. */
interface Found {
  /** null where it cannot be read: it is being written, or was never finished. */
  owner: Owner | null;
  age: number;
}

function look(path: string, now: string): Found | null {
  try {
    const [then, today] = [path, now].map(modified);
    return { owner: readOwner(path), age: (today - then) / 1000 };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** When a file was written; it is opened for it, since a network file system answers a mere question from memory. */
function modified(path: string): number {
  const file = openSync(path, 'r');
  try {
    return fstatSync(file).mtimeMs;
  } finally {
    closeSync(file);
  }
}

const isFree = ({ owner, age }: Found): boolean =>
  (owner !== null && (owner.released || isSeenDead(owner))) ||
  (age > silence(owner) && !(owner && isSeenAlive(owner)));

/** Makes the file of that number, for one of all that try. */
function take(fresh: string, folder: string, number: number): boolean {
  const path = place(folder, number);
  return withFile('create', path, () => {
    try {
      try {
        linkSync(fresh, path);
      } catch (error) {
        if (!NO_LINKS.has(errorCode(error) ?? '')) throw error;
        writeFileSync(path, readFileSync(fresh), { flag: 'wx' });
      }
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    }
    if (newest(folder) === number) return true;
    rmSync(path, { force: true });
    return false;
  });
}

const recordText = (owner: Owner) => `${JSON.stringify(owner).padEnd(RECORD_BYTES - 1)}\n`;

function readOwner(path: string): Owner | null {
  try {
    const owner = JSON.parse(readFileSync(path, 'utf8')) as Partial<Owner> | null;
    const isWhole =
      typeof owner?.pid === 'number' &&
      typeof owner.space === 'string' &&
      typeof owner.began === 'string' &&
      typeof owner.beats === 'number' &&
      typeof owner.heartbeat === 'number' &&
      owner.heartbeat > 0;
    return isWhole ? (owner as Owner) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
