/**
 * The files of one kept run, and of all of them, as little as the store needs of a file system: no renaming and no
 * atomic replacement, since the origin private file system has neither for folders. What is whole after a crash is
 * therefore a matter of the order of writing, which `kept-run.ts` and `points.ts` see to.
 *
 * `opfs-files.ts` implements it for the browser; `testing.ts` in memory, with crashes at any byte. A path is relative
 * to the run's folder, with forward slashes.
 */

/** A file that is being appended to. Its methods are synchronous: what has returned survives the end of the page. */
export interface OpenFile {
  readonly size: number;
  /** @throws NoRoomError when the file cannot grow; a part of `bytes` may be in it then. */
  append(bytes: Uint8Array): void;
  truncate(size: number): void;
  /** Brings what was written to the disk, past a loss of power. */
  flush(): void;
  close(): void;
}

export interface RunFiles {
  /** Names directly inside `folder`, '' being the run's own; none when there is no such folder. */
  list(folder: string): Promise<string[]>;
  /** null when there is no such file. */
  size(path: string): Promise<number | null>;
  /** null when there is no such file. */
  read(path: string): Promise<Uint8Array | null>;
  /** The contents in order from a byte on, in pieces of bounded size; none when there is no such file. */
  pieces(path: string, from?: number): AsyncIterable<Uint8Array>;
  /** Writes a file with its folders, in place of an older one. Not atomic. @throws NoRoomError */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Opens for appending, creating it where needed. One at a time. */
  open(path: string): Promise<OpenFile>;
  /** Removes a file, or a folder with everything in it; nothing when there is none. */
  remove(path: string): Promise<void>;
}

/** The folders of all kept runs, by id. */
export interface RunFolders {
  list(): Promise<string[]>;
  open(id: string): RunFiles;
  remove(id: string): Promise<void>;
}

export const MANIFEST_FILE = 'manifest.json';
export const EVENTS_FILE = 'events.jsonl';
/** Name, tags, notes and lineage: what the user said of the run, beside what the run is. */
export const ABOUT_FILE = 'run.json';
/** Checkpoints that the stream tells of, as the command line writes them. */
export const CHECKPOINTS = 'checkpoints';
/** The state after the newest step, of which the stream says nothing. */
export const RESUME = 'resume';
