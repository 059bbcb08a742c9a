/**
 * The store's surroundings in memory, for tests of the order in which things are written: a disk that can crash at
 * any byte of any operation, forget what was not flushed, or be full. Never used by the page.
 */
import { NoRoomError } from '../errors';
import type { RunEntry, RunIndex } from './entry';
import { type LibraryParts, RunLibrary, type RunLocks } from './library';
import type { OpenFile, RunFiles, RunFolders } from './run-files';

/** The end of the page, in the middle of an operation. */
export class Crash extends Error {}

const PIECE = 97;

export class MemoryDisk {
  /** By `id/path`. */
  readonly files = new Map<string, Uint8Array>();
  readonly entries = new Map<string, RunEntry>();
  /** Operations and bytes so far; a crash is at one of them. */
  spent = 0;
  crashAt = Number.POSITIVE_INFINITY;
  /** Bytes that fit. */
  room = Number.POSITIVE_INFINITY;
  /** Sizes of open files when they were last flushed. */
  readonly #flushed = new Map<string, number>();
  readonly #locked = new Set<string>();
  #clock = Date.UTC(2026, 0, 1);
  #ids = 0;

  /** A library of a page that has just been opened on this disk. */
  openLibrary(): RunLibrary {
    return new RunLibrary(this.parts());
  }

  parts(): LibraryParts {
    return {
      folders: this.folders(),
      index: this.index(),
      locks: this.locks(),
      now: () => {
        this.#clock += 1000;
        return new Date(this.#clock);
      },
      newId: () => `run-${this.#ids++}`,
    };
  }

  /** After a crash: what a page that is opened again finds. With a loss of power, what was not flushed is gone. */
  reboot(powerLost = false): void {
    if (powerLost)
      for (const [path, size] of this.#flushed) {
        const bytes = this.files.get(path);
        if (bytes && bytes.length > size) this.files.set(path, bytes.slice(0, size));
      }
    this.#flushed.clear();
    this.#locked.clear();
    this.crashAt = Number.POSITIVE_INFINITY;
  }

  get bytes(): number {
    return [...this.files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  }

  folders(): RunFolders {
    return {
      list: async () => [...new Set([...this.files.keys()].map((path) => path.split('/')[0]))],
      open: (id) => this.open(id),
      remove: async (id) => this.#remove(id),
    };
  }

  open(id: string): RunFiles {
    const at = (path: string) => `${id}/${path}`;
    const { files } = this;
    return {
      list: async (folder) => {
        const start = folder === '' ? `${id}/` : `${at(folder)}/`;
        const inside = [...files.keys()].filter((path) => path.startsWith(start));
        return [...new Set(inside.map((path) => path.slice(start.length).split('/')[0]))];
      },
      size: async (path) => files.get(at(path))?.length ?? null,
      read: async (path) => files.get(at(path))?.slice() ?? null,
      async *pieces(path, from = 0) {
        const bytes = files.get(at(path)) ?? new Uint8Array();
        for (let next = from; next < bytes.length; next += PIECE) yield bytes.slice(next, next + PIECE);
      },
      write: async (path, bytes) => {
        this.#spend(1);
        files.set(at(path), new Uint8Array());
        this.#grow(at(path), bytes);
      },
      open: async (path) => this.#openFile(at(path)),
      remove: async (path) => this.#remove(at(path)),
    };
  }

  index(): RunIndex {
    const { entries } = this;
    return {
      all: async () => [...entries.values()].map((entry) => structuredClone(entry)),
      get: async (id) => structuredClone(entries.get(id)),
      put: async (entry) => {
        this.#spend(1);
        entries.set(entry.id, structuredClone(entry));
      },
      delete: async (id) => {
        this.#spend(1);
        entries.delete(id);
      },
    };
  }

  locks(): RunLocks {
    return {
      take: async (id) => {
        if (this.#locked.has(id)) return null;
        this.#locked.add(id);
        return async () => {
          this.#locked.delete(id);
        };
      },
      held: async () => new Set(this.#locked),
    };
  }

  #openFile(path: string): OpenFile {
    const { files } = this;
    const flushed = this.#flushed;
    if (!files.has(path)) {
      this.#spend(1);
      files.set(path, new Uint8Array());
    }
    flushed.set(path, files.get(path)!.length);
    const spend = (cost: number) => this.#spend(cost);
    const grow = (bytes: Uint8Array) => this.#grow(path, bytes);
    return {
      get size() {
        return files.get(path)!.length;
      },
      append: grow,
      truncate(size) {
        spend(1);
        files.set(path, files.get(path)!.slice(0, size));
        flushed.set(path, Math.min(size, flushed.get(path) ?? 0));
      },
      flush() {
        spend(1);
        flushed.set(path, files.get(path)!.length);
      },
      close: () => flushed.delete(path),
    };
  }

  #grow(path: string, bytes: Uint8Array): void {
    const before = this.files.get(path)!;
    const fits = Math.max(0, Math.min(bytes.length, this.room - this.bytes));
    const lives = Math.max(0, Math.min(fits, this.crashAt - this.spent));
    const after = new Uint8Array(before.length + lives);
    after.set(before);
    after.set(bytes.subarray(0, lives), before.length);
    this.files.set(path, after);
    this.#spend(lives < fits ? lives + 1 : fits);
    if (fits < bytes.length) throw new NoRoomError(`${path}: no room`, bytes.length);
  }

  #remove(path: string): void {
    for (const each of [...this.files.keys()])
      if (each === path || each.startsWith(`${path}/`)) {
        this.#spend(1);
        this.files.delete(each);
      }
  }

  #spend(cost: number): void {
    this.spent += cost;
    if (this.spent > this.crashAt) throw new Crash();
  }
}
