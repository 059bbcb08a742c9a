/**
 * Kept runs in the origin private file system, `runs/ID/...`, through synchronous access handles: what a write has
 * returned for is with the operating system, whatever becomes of the page. A dedicated worker alone may use them.
 * Used by the worker.
 */
import { NoRoomError, StorageError } from '../errors';
import type { OpenFile, RunFiles, RunFolders } from './run-files';

/** The part of a synchronous access handle that is used; the page's types leave it out, as it is a worker's. */
interface SyncHandle {
  read(into: Uint8Array, options: { at: number }): number;
  write(from: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}
type SyncFile = FileSystemFileHandle & { createSyncAccessHandle?: () => Promise<SyncHandle> };

const RUNS = 'runs';
/** A piece is read at a time, so that no file has to be in memory as a whole. */
const PIECE = 256 * 1024;

const nameOf = (error: unknown): string => (error instanceof DOMException ? error.name : '');
const isMissing = (error: unknown) => ['NotFoundError', 'TypeMismatchError'].includes(nameOf(error));

/** What a file operation threw, as this lab tells it. */
function explain(path: string, verb: string, bytes: number, error: unknown): Error {
  if (error instanceof StorageError) return error;
  if (nameOf(error) === 'QuotaExceededError')
    return new NoRoomError(`${path}: there is no room left for this site’s files`, bytes, { cause: error });
  const why = error instanceof Error ? error.message : String(error);
  return new StorageError(`${path}: could not be ${verb} (${why})`, { cause: error });
}

/**
 * The folder of all runs. @throws StorageError where the browser has no private file system for workers, as in some
 * browsers' private windows.
 */
export async function openOpfs(): Promise<RunFolders> {
  let runs: FileSystemDirectoryHandle;
  try {
    const root = await navigator.storage.getDirectory();
    runs = await root.getDirectoryHandle(RUNS, { create: true });
    const probe: SyncFile = await root.getFileHandle('probe', { create: true });
    if (!probe.createSyncAccessHandle) throw new Error('no synchronous access handles');
    await root.removeEntry('probe');
  } catch (error) {
    throw new StorageError(
      `This browser keeps no files for this page (${error instanceof Error ? error.message : error}), so runs are not kept here.`,
      { cause: error },
    );
  }
  return {
    async list() {
      const names: string[] = [];
      for await (const [name, handle] of entriesOf(runs)) if (handle.kind === 'directory') names.push(name);
      return names;
    },
    open: (id) => new OpfsFiles(runs, id),
    remove: (id) => removeFrom(runs, id),
  };
}

const entriesOf = (folder: FileSystemDirectoryHandle) =>
  (folder as unknown as { entries(): AsyncIterable<[string, FileSystemHandle]> }).entries();

async function removeFrom(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  try {
    await folder.removeEntry(name, { recursive: true });
  } catch (error) {
    if (!isMissing(error)) throw explain(name, 'removed', 0, error);
  }
}

class OpfsFiles implements RunFiles {
  /** The file that is open for appending, which only its own handle may read. */
  #open: { path: string; handle: SyncHandle } | null = null;

  constructor(
    private readonly runs: FileSystemDirectoryHandle,
    private readonly id: string,
  ) {}

  async list(folder: string): Promise<string[]> {
    const handle = await this.#folder(folder, false);
    const names: string[] = [];
    if (handle) for await (const [name] of entriesOf(handle)) names.push(name);
    return names;
  }

  async size(path: string): Promise<number | null> {
    if (this.#open?.path === path) return this.#open.handle.getSize();
    return (await this.#file(path))?.size ?? null;
  }

  async read(path: string): Promise<Uint8Array | null> {
    const file = await this.#file(path);
    return file && new Uint8Array(await file.arrayBuffer());
  }

  async *pieces(path: string, from = 0): AsyncIterable<Uint8Array> {
    const open = this.#open?.path === path ? this.#open.handle : null;
    const file = open ? null : await this.#file(path);
    const size = open?.getSize() ?? file?.size ?? 0;
    for (let at = from; at < size; at += PIECE) {
      const length = Math.min(PIECE, size - at);
      if (open) {
        const bytes = new Uint8Array(length);
        yield bytes.subarray(0, open.read(bytes, { at }));
      } else if (file) yield new Uint8Array(await file.slice(at, at + length).arrayBuffer());
    }
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    try {
      const handle = await this.#handle(path);
      try {
        handle.truncate(0);
        writeAll(path, handle, bytes, 0);
        handle.flush();
      } finally {
        handle.close();
      }
    } catch (error) {
      throw explain(path, 'written', bytes.length, error);
    }
  }

  async open(path: string): Promise<OpenFile> {
    try {
      const handle = await this.#handle(path);
      this.#open = { path, handle };
      return this.#openFile(path, handle);
    } catch (error) {
      throw explain(path, 'opened', 0, error);
    }
  }

  async remove(path: string): Promise<void> {
    const at = path.lastIndexOf('/');
    const folder = await this.#folder(path.slice(0, Math.max(0, at)), false);
    if (folder) await removeFrom(folder, path.slice(at + 1));
  }

  #openFile(path: string, handle: SyncHandle): OpenFile {
    let size = handle.getSize();
    return {
      get size() {
        return size;
      },
      append: (bytes) => {
        try {
          writeAll(path, handle, bytes, size);
          size += bytes.length;
        } catch (error) {
          throw explain(path, 'written', bytes.length, error);
        }
      },
      truncate: (to) => {
        handle.truncate(to);
        size = to;
      },
      flush: () => handle.flush(),
      close: () => {
        handle.close();
        if (this.#open?.handle === handle) this.#open = null;
      },
    };
  }

  async #folder(path: string, create: boolean): Promise<FileSystemDirectoryHandle | null> {
    try {
      let folder = await this.runs.getDirectoryHandle(this.id, { create });
      for (const name of path.split('/').filter((part) => part !== ''))
        folder = await folder.getDirectoryHandle(name, { create });
      return folder;
    } catch (error) {
      if (!create && isMissing(error)) return null;
      throw explain(path, 'opened', 0, error);
    }
  }

  async #file(path: string): Promise<File | null> {
    const at = path.lastIndexOf('/');
    const folder = await this.#folder(path.slice(0, Math.max(0, at)), false);
    if (!folder) return null;
    try {
      return await (await folder.getFileHandle(path.slice(at + 1))).getFile();
    } catch (error) {
      if (isMissing(error)) return null;
      throw explain(path, 'read', 0, error);
    }
  }

  async #handle(path: string): Promise<SyncHandle> {
    const at = path.lastIndexOf('/');
    const folder = await this.#folder(path.slice(0, Math.max(0, at)), true);
    const file: SyncFile = await folder!.getFileHandle(path.slice(at + 1), { create: true });
    return file.createSyncAccessHandle!();
  }
}

/** @throws what the handle throws, and NoRoomError where it takes only a part without a word. */
function writeAll(path: string, handle: SyncHandle, bytes: Uint8Array, from: number): void {
  let done = 0;
  while (done < bytes.length) {
    const written = handle.write(bytes.subarray(done), { at: from + done });
    if (written === 0)
      throw new NoRoomError(`${path}: there is no room left for this site’s files`, bytes.length);
    done += written;
  }
}
