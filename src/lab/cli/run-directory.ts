/**
 * A run on the disk:
 *
 *   manifest.json         what decides the run
 *   events.jsonl          its event stream, every line handed to the system as soon as it happens
 *   checkpoints/step-N/   where it can go on from
 *   run.lock              the number of the process that writes here
 *
 * A checkpoint's event is written before its folder is put in place, so a checkpoint that is there is always
 * one the stream knows. Going on cuts the stream behind the event of the checkpoint it goes on from.
 * Used by `train`.
 */
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { CheckpointError, type CheckpointFiles, type TrainerState } from '../../run/checkpoint';
import type { RunEvent, RunEventOf } from '../../run/events';
import { JsonError, parseJson as readJson, SMALL_JSON } from '../../run/json';
import { EventReader, EventStreamError, eventToLine, type PlacedEvent } from '../../run/jsonl';
import { UsageError } from './arguments';
import {
  cleanCheckpoints,
  listCheckpoints,
  makeFolder,
  prepareCheckpoint,
  readCheckpointFolder,
  writeFileWhole,
} from './checkpoint-folder';
import { errorCode, FileError, withFile } from './file-errors';

const MANIFEST = 'manifest.json';
const EVENTS = 'events.jsonl';
const CHECKPOINTS = 'checkpoints';
const LOCK = 'run.lock';

/** Events of which a step has one a prompt or so: nearly all of a stream. */
const PER_PROMPT: ReadonlySet<RunEvent['type']> = new Set([
  'prompt_group',
  'meta_group',
  'gate_decision',
  'cutoff',
  'audit',
  'expert_update',
]);

/** Whether `path` holds a run, whole or not. */
export function holdsRun(path: string): boolean {
  return [MANIFEST, EVENTS, CHECKPOINTS].some((name) => existsSync(join(path, name)));
}

/** What is found in a run's folder, before anything in it is changed. */
export interface FoundRun {
  /** The contents of manifest.json, not yet checked. */
  manifest: unknown;
  /** The newest whole checkpoint that the stream knows; null when the run had not written any. */
  checkpoint: { step: number; trainer: TrainerState; files: CheckpointFiles } | null;
  /** Bytes of events.jsonl that the checkpoint covers. */
  covered_bytes: number;
  /** The events in them, those of single prompts left out: what a summary needs, not what fills the memory. */
  events: RunEvent[];
  /** What was found damaged or is given up, to be told to the user. */
  notes: string[];
}

/**
 * Looks at the run in `path` without changing it.
 * @throws Error when it cannot be gone on with, saying why.
 */
export async function findRun(path: string): Promise<FoundRun> {
  const manifestPath = join(path, MANIFEST);
  const text = withFile('read', manifestPath, () => readFileSync(manifestPath, 'utf8'));
  const manifest = parseJson(manifestPath, text);
  const notes: string[] = [];
  const { events, bytes, truncated } = await readEventFile(join(path, EVENTS));
  if (truncated) notes.push(`events.jsonl: line ${truncated} was cut short in mid-write; it is given up`);

  const steps = listCheckpoints(join(path, CHECKPOINTS));
  if (steps.length === 0) {
    if (events.length > 0) notes.push('no checkpoint had been written; the run starts again at step 0');
    return { manifest, checkpoint: null, covered_bytes: 0, events: [], notes };
  }
  for (const step of steps) {
    const place = join(path, CHECKPOINTS, `step-${step}`);
    const known = events.findLastIndex(({ event }) => event.type === 'checkpoint' && event.step === step);
    if (known === -1) {
      notes.push(`${place}: not used, events.jsonl has no checkpoint event of step ${step}`);
      continue;
    }
    try {
      const checkpoint = { step, ...(await readCheckpointFolder(place)) };
      const covered = events[known].end_byte;
      if (covered < bytes) notes.push(`events after step ${step} are given up; the run goes on from there`);
      return {
        manifest,
        checkpoint,
        covered_bytes: covered,
        events: events.slice(0, known + 1).map(({ event }) => event),
        notes,
      };
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      notes.push(`${place}: not used, ${error.message}`);
    }
  }
  throw new Error(
    `--resume: expected a whole checkpoint in ${join(path, CHECKPOINTS)}, got none:\n  ${notes.join('\n  ')}\nStart again with another --out, or restore the folder from a copy.`,
  );
}

function parseJson(path: string, text: string): unknown {
  try {
    return readJson(text, path, SMALL_JSON);
  } catch (error) {
    const reason = error instanceof JsonError ? error.reason : String(error);
    throw new Error(`${path}: expected JSON, got something else (${reason})`);
  }
}

async function readEventFile(
  path: string,
): Promise<{ events: PlacedEvent[]; bytes: number; truncated: number | null }> {
  if (!existsSync(path)) return { events: [], bytes: 0, truncated: null };
  const reader = new EventReader();
  const events: PlacedEvent[] = [];
  const keep = (placed: PlacedEvent) => {
    if (!PER_PROMPT.has(placed.event.type)) events.push(placed);
  };
  let bytes = 0;
  try {
    for await (const piece of createReadStream(path)) {
      bytes += piece.length;
      reader.push(piece).forEach(keep);
    }
    const { last, truncated } = reader.end();
    if (last) keep(last);
    return { events, bytes, truncated: truncated?.line ?? null };
  } catch (error) {
    if (error instanceof EventStreamError) throw new Error(`${path}: ${error.message}`, { cause: error });
    const code = errorCode(error);
    if (code === null) throw error;
    throw new FileError('read', path, code, { cause: error });
  }
}

/** A run being written. One process at a time; `close` when done, whatever happened. */
export class RunDirectory {
  readonly #events: number;
  /** Bytes of whole lines in the stream. */
  #bytes: number;
  #open = true;
  /** The folders that `create` made, the innermost last; none for a run that goes on. */
  #made: string[] = [];
  /** Asked before anything is written; throws a FileError where this process may write no more. */
  guard: () => void = () => {};

  private constructor(
    readonly path: string,
    coveredBytes: number,
  ) {
    const events = join(path, EVENTS);
    this.#bytes = coveredBytes;
    this.#events = withFile('write', events, () => openSync(events, 'a'));
  }

  /**
   * A new run in `path`, which is created.
   * @throws UsageError when there is a run already; FileError when it cannot be written.
   */
  static create(path: string, manifest: object): RunDirectory {
    if (holdsRun(path))
      throw new UsageError([
        `--out: expected a folder without a run, got ${path}, which holds one; add --resume to go on with it, or choose another`,
      ]);
    const made = withFile('create', path, () => makeFolder(join(path, CHECKPOINTS)));
    return RunDirectory.#locked(path, () => {
      writeManifest(path, manifest);
      const directory = new RunDirectory(path, 0);
      directory.#made = made;
      return directory;
    });
  }

  /** Goes on with what `findRun` found, by `manifest`; the stream is cut to what the checkpoint covers. */
  static resume(path: string, found: FoundRun, manifest: object): RunDirectory {
    return RunDirectory.#locked(path, () => {
      const checkpoints = join(path, CHECKPOINTS);
      withFile('create', checkpoints, () => makeFolder(checkpoints));
      cleanCheckpoints(checkpoints);
      writeManifest(path, manifest);
      const events = join(path, EVENTS);
      const bytes = existsSync(events)
        ? withFile('cut', events, () => cutStream(events, found.covered_bytes))
        : 0;
      return new RunDirectory(path, bytes);
    });
  }

  static #locked(path: string, open: () => RunDirectory): RunDirectory {
    takeLock(join(path, LOCK));
    try {
      return open();
    } catch (error) {
      rmSync(join(path, LOCK), { force: true });
      throw error;
    }
  }

  /**
   * Writes an event down; live ones are passed over. When it returns the line is with the system, so a crash of
   * this process loses nothing.
   * @throws FileError when the disk is full or gone; the stream then ends with the last whole line.
   */
  append(event: RunEvent): void {
    const line = eventToLine(event);
    if (line === null) return;
    this.guard();
    const bytes = new TextEncoder().encode(line);
    const path = join(this.path, EVENTS);
    withFile('write', path, () => {
      try {
        let written = 0;
        while (written < bytes.length) written += writeSync(this.#events, bytes, written);
        this.#bytes += bytes.length;
      } catch (error) {
        this.#dropUnfinishedLine();
        throw error;
      }
    });
  }

  /** A full disk takes a part of a line: what is in the file must stay readable. */
  #dropUnfinishedLine(): void {
    try {
      ftruncateSync(this.#events, this.#bytes);
    } catch {
      // The reader knows an unfinished last line; the first error is the one to report.
    }
  }

  /**
   * Writes a checkpoint and its event. Either both are there afterwards or, after a crash in between, the older
   * checkpoints are as before.
   * @returns the event, which is in the stream already.
   */
  writeCheckpoint(step: number, files: CheckpointFiles): RunEventOf<'checkpoint'> {
    this.guard();
    const pending = prepareCheckpoint(join(this.path, CHECKPOINTS), step, files);
    const event: RunEventOf<'checkpoint'> = {
      type: 'checkpoint',
      v: 1,
      step,
      path: `${CHECKPOINTS}/step-${step}`,
      bytes: pending.bytes,
    };
    try {
      this.append(event);
      const path = join(this.path, EVENTS);
      withFile('write', path, () => fsyncSync(this.#events));
      pending.commit();
    } catch (error) {
      pending.discard();
      throw error;
    }
    return event;
  }

  /**
   * Closes, and takes a new run away again that never began, so that the same command can be given once more. A run
   * with an event, or one that was gone on with, stays.
   */
  closeUnlessBegun(): void {
    const untouched = this.#open && this.#made.length > 0 && this.#bytes === 0;
    this.close();
    if (!untouched) return;
    for (const name of [EVENTS, MANIFEST]) rmSync(join(this.path, name), { force: true });
    for (const folder of this.#made.reverse()) if (readdirSync(folder).length === 0) rmdirSync(folder);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#events);
    rmSync(join(this.path, LOCK), { force: true });
  }
}

/** Keeps the first `bytes` of a stream, and ends their last line where a crash left it open. Returns their new count. */
function cutStream(path: string, bytes: number): number {
  truncateSync(path, bytes);
  if (bytes === 0) return 0;
  const file = openSync(path, 'r+');
  try {
    const last = Buffer.alloc(1);
    readSync(file, last, 0, 1, bytes - 1);
    return last.toString() === '\n' ? bytes : bytes + writeSync(file, '\n', bytes);
  } finally {
    closeSync(file);
  }
}

function writeManifest(path: string, manifest: object): void {
  writeFileWhole(join(path, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** @throws Error when another process that is still there writes to this run. */
function takeLock(path: string): void {
  withFile('create', path, () => {
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: 'wx' });
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      const owner = Number.parseInt(readFileSync(path, 'utf8'), 10);
      if (owner !== process.pid && isAlive(owner))
        throw new Error(
          `--out: expected a run that nobody writes to, got one that process ${owner} writes to; wait for it, or remove ${path} if that process is none of this lab's`,
        );
      writeFileSync(path, `${process.pid}\n`);
    }
  });
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
