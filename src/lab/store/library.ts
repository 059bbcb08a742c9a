/**
 * All kept runs of this origin: made, found again, gone on with, forked, changed and removed. One tab at a time has a
 * run open, by a lock on its id. The folders are the truth; the index follows them, and is mended at the start where
 * a crash came between the two. Knows neither the page nor where folders, index and locks are.
 *
 * Used by the worker's keeper.
 */
import type { CheckpointFiles } from '../../run/checkpoint';
import type { RunEvent } from '../../run/events';
import { type Manifest, ManifestError, parseManifest } from '../../run/manifest';
import { StorageError } from '../errors';
import { NO_FIGURES, type RunEntry, type RunIndex, readAbout, readManifestFile } from './entry';
import {
  examine,
  findCheckpoints,
  findResume,
  type ResumeFrom,
  readRunManifest,
  readStream,
} from './examine';
import { pointOf, writeFork } from './fork';
import { KeptRun, replay, writeAbout } from './kept-run';
import { pointPath, removePoint } from './points';
import { type Freeable, toMakeRoom } from './retention';
import { ABOUT_FILE, CHECKPOINTS, MANIFEST_FILE, type RunFiles, type RunFolders } from './run-files';

/** Gives a run free again, and settles once it is. */
export type Release = () => Promise<void>;

/** One holder a run, across tabs. */
export interface RunLocks {
  /** null when another tab has it. */
  take(id: string): Promise<Release | null>;
  /** Ids that some tab, this one included, has open. */
  held(): Promise<Set<string>>;
}

export interface LibraryParts {
  folders: RunFolders;
  index: RunIndex;
  locks: RunLocks;
  now: () => Date;
  newId: () => string;
}

/** The run is open in another tab. */
export class RunElsewhereError extends StorageError {
  constructor(name: string) {
    super(`${name}: this run is open in another tab; go on there, or close that tab and try again`);
    this.name = 'RunElsewhereError';
  }
}

/** A run that is open again, and where its training goes on. */
export interface Reopened {
  run: KeptRun;
  from: ResumeFrom;
}

export class RunLibrary {
  /** Runs that are open here, by id. */
  readonly #open = new Map<string, KeptRun>();

  constructor(private readonly parts: LibraryParts) {}

  /** Index and folders are brought in line after a crash. Runs that another tab has open are left alone. */
  async mend(): Promise<void> {
    const { folders, index, locks } = this.parts;
    const known = new Set((await index.all()).map((entry) => entry.id));
    const there = new Set(await folders.list());
    for (const id of new Set([...known, ...there])) {
      if (known.has(id) && there.has(id)) continue;
      const release = await locks.take(id);
      if (!release) continue;
      try {
        if (!there.has(id)) await index.delete(id);
        else if (readManifestFile(await folders.open(id).read(MANIFEST_FILE)) === null)
          await folders.remove(id);
        else await index.put(await examine(id, folders.open(id)));
      } catch (error) {
        // Damaged, or a newer lab's: not to be listed, and not to be thrown away either.
        if (!(error instanceof StorageError || error instanceof ManifestError)) throw error;
      } finally {
        await release();
      }
    }
  }

  /** All runs, the newest first, with what is open here as it stands. */
  async list(): Promise<RunEntry[]> {
    const entries = await this.parts.index.all();
    return entries
      .map((entry) => this.#open.get(entry.id)?.entry ?? entry)
      .sort((a, b) => b.created.localeCompare(a.created));
  }

  /** Ids that another tab has open. */
  async elsewhere(): Promise<string[]> {
    return [...(await this.parts.locks.held())].filter((id) => !this.#open.has(id));
  }

  /** @throws NoRoomError */
  async create(manifest: Manifest): Promise<KeptRun> {
    const entry = this.#entry(manifest, { name: manifest.name, parent: null });
    return this.#hold(entry.id, entry.id, async (files, release) => {
      try {
        return await KeptRun.create(this.#around(files, release), entry);
      } catch (error) {
        await this.parts.folders.remove(entry.id);
        throw error;
      }
    });
  }

  /**
   * Opens a run to go on with it; what its last page did not finish is cut away.
   * @throws RunElsewhereError; StorageError when it cannot be read.
   */
  async reopen(id: string): Promise<Reopened> {
    const entry = await this.entry(id);
    let from: ResumeFrom | null = null;
    const run = await this.#hold(id, entry.name || id, async (files, release) => {
      const manifest = await readRunManifest(files);
      const stream = await readStream(files);
      from = await findResume(files, manifest, stream.map);
      const { figures } = await readStream(files, from.bytes);
      const resumeBytes = from.files?.reduce((sum, file) => sum + file.bytes.length, 0) ?? 0;
      const found = { map: stream.map, figures, bytes: from.bytes, step: from.step, resumeBytes };
      // A checkpoint that was whole when its page went away counts, whether or not the index was told.
      const about = readAbout(await files.read(ABOUT_FILE));
      const checkpoints = await findCheckpoints(files, manifest, stream.map, about);
      return KeptRun.goOn(this.#around(files, release), { ...entry, manifest, checkpoints }, found);
    });
    return { run, from: from! };
  }

  /**
   * A new run beside the run `id`: what that one had said and learned after `step` finished steps, and `manifest` from
   * there on. @throws StorageError when that step is not kept; ManifestError; NoRoomError.
   */
  async fork(id: string, step: number, manifest: Manifest): Promise<Reopened> {
    const source = await this.entry(id);
    parseManifest(manifest);
    const release = this.#open.has(id) ? async () => {} : await this.#lock(id, source.name || id);
    try {
      const parent = { run: id, name: source.name, step };
      const entry = this.#entry(manifest, { name: manifest.name, parent });
      // Held while it is made, so that no other tab takes what is there of it for the rest of a crash.
      const making = await this.#lock(entry.id, entry.name);
      try {
        await writeFork(this.filesOf(id), this.parts.folders.open(entry.id), source.manifest, step, entry);
        await this.parts.index.put(entry);
      } catch (error) {
        await this.parts.folders.remove(entry.id);
        throw error;
      } finally {
        await making();
      }
      return await this.reopen(entry.id);
    } finally {
      await release();
    }
  }

  /** Sends a run's events, all that are whole lines. @returns its entry. */
  async look(id: string, take: (events: RunEvent[]) => Promise<void>): Promise<RunEntry> {
    const entry = await this.entry(id);
    const here = this.#open.get(id);
    if (here) {
      await here.replay(take);
      return here.entry;
    }
    const release = await this.#lock(id, entry.name || id);
    try {
      const files = this.parts.folders.open(id);
      await replay(files, (await readStream(files)).bytes, take);
    } finally {
      await release();
    }
    return entry;
  }

  /** The state after a finished step. @throws StorageError when it is not kept; RunElsewhereError. */
  async stateAt(id: string, step: number): Promise<CheckpointFiles> {
    let found: CheckpointFiles | null = null;
    await this.#with(id, async (_, files) => {
      found = (await pointOf(files, step))?.files ?? null;
    });
    if (!found)
      throw new StorageError(`run ${id}: expected a step that is kept, got step ${step}; choose another`);
    return found;
  }

  async change(id: string, change: (entry: RunEntry) => RunEntry): Promise<void> {
    await this.#with(id, async (here, files, entry) => {
      if (here) return here.change(change);
      const changed = { ...change(entry) };
      await writeAbout(files, changed);
      await this.parts.index.put(changed);
    });
  }

  async removeCheckpoints(id: string, steps: readonly number[]): Promise<void> {
    await this.#with(id, async (here, files, entry) => {
      if (here) return here.removeCheckpoints(steps);
      const checkpoints = entry.checkpoints.filter((each) => !steps.includes(each.step));
      const gone = entry.checkpoints.filter((each) => steps.includes(each.step));
      const bytes = entry.bytes - gone.reduce((sum, each) => sum + each.bytes, 0);
      await this.parts.index.put({ ...entry, checkpoints, bytes });
      for (const step of steps) await removePoint(files, pointPath(CHECKPOINTS, step));
    });
  }

  /** Removes a run with everything in it, from the index first. One that is open here is let go of. */
  async remove(id: string): Promise<void> {
    const here = this.#open.get(id);
    if (here) await this.close(here);
    const entry = await this.parts.index.get(id);
    const release = await this.#lock(id, entry?.name || id);
    try {
      await this.parts.index.delete(id);
      await this.parts.folders.remove(id);
    } finally {
      await release();
    }
  }

  async close(run: KeptRun): Promise<void> {
    this.#open.delete(run.id);
    await run.close();
  }

  /** Lets go of a run; one that never finished a step is removed, as there is nothing in it. */
  async leave(run: KeptRun): Promise<void> {
    await this.close(run);
    if (run.entry.steps === 0) await this.remove(run.id);
  }

  /** Which checkpoints could go to make room, and which stay because another tab has their run open. */
  async freeable(needed: number): Promise<Freeable[]> {
    const elsewhere = new Set(await this.elsewhere());
    return toMakeRoom(
      (await this.list()).filter((entry) => !elsewhere.has(entry.id)),
      needed,
    );
  }

  async free(list: readonly Freeable[]): Promise<void> {
    for (const { run, step } of list) await this.removeCheckpoints(run, [step]);
  }

  /** The files of a run, those it is written by when it is open here. */
  filesOf(id: string): RunFiles {
    return this.#open.get(id)?.files ?? this.parts.folders.open(id);
  }

  /**
   * Takes in a folder that `fill` writes, once it turns out to be a run; nothing stays of one that is not.
   * The manifest must come last. @returns its entry. @throws what `fill` throws, or what is wrong with the run.
   */
  async takeIn(fill: (files: RunFiles) => Promise<void>): Promise<RunEntry> {
    const { folders, index, locks, now, newId } = this.parts;
    const id = newId();
    const release = await locks.take(id);
    try {
      const files = folders.open(id);
      await fill(files);
      const examined = await examine(id, files);
      const entry = { ...examined, updated: now().toISOString() };
      await writeAbout(files, entry);
      await index.put(entry);
      return entry;
    } catch (error) {
      await folders.remove(id);
      throw error;
    } finally {
      await release?.();
    }
  }

  #entry(manifest: Manifest, about: Pick<RunEntry, 'name' | 'parent'>): RunEntry {
    const created = this.parts.now().toISOString();
    return {
      id: this.parts.newId(),
      ...about,
      manifest,
      created,
      updated: created,
      ...NO_FIGURES,
      tags: [],
      notes: '',
      pinned: false,
      bytes: 0,
      checkpoints: [],
    };
  }

  #around(files: RunFiles, release: Release) {
    return { files, release, index: this.parts.index, now: this.parts.now };
  }

  /** @throws StorageError when there is no such run. */
  async entry(id: string): Promise<RunEntry> {
    const entry = this.#open.get(id)?.entry ?? (await this.parts.index.get(id));
    if (!entry) throw new StorageError(`run ${id}: expected a kept run, got none; it was deleted`);
    return entry;
  }

  async #lock(id: string, name: string): Promise<Release> {
    const release = await this.parts.locks.take(id);
    if (!release) throw new RunElsewhereError(name);
    return release;
  }

  async #hold(
    id: string,
    name: string,
    open: (files: RunFiles, release: Release) => Promise<KeptRun>,
  ): Promise<KeptRun> {
    const release = await this.#lock(id, name);
    try {
      const run = await open(this.parts.folders.open(id), release);
      this.#open.set(id, run);
      return run;
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** Does something to a run that is open here, or that this tab has to itself for the moment. */
  async #with(
    id: string,
    work: (here: KeptRun | null, files: RunFiles, entry: RunEntry) => Promise<void>,
  ): Promise<void> {
    const entry = await this.entry(id);
    const here = this.#open.get(id) ?? null;
    if (here) return work(here, here.files, entry);
    const release = await this.#lock(id, entry.name || id);
    try {
      await work(null, this.parts.folders.open(id), entry);
    } finally {
      await release();
    }
  }
}
