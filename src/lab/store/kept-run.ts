/**
 * One kept run, open for writing: the command line's run directory, written in an order that makes every crash a
 * small one. After a step its events go to the stream, then its state to `resume/step-N`, then the index is told.
 * A checkpoint's files come before its event, and the file that makes it a checkpoint after it. So whatever the
 * moment of a crash, the run goes on from the last step that was kept, and at most the step after it is lost.
 *
 * Events come synchronously and never fail for want of room: they wait in memory until there is some, and
 * `keepStep` reports it. Used by the worker through the library.
 */
import type { CheckpointFiles } from '../../run/checkpoint';
import type { RunEvent, RunEventOf } from '../../run/events';
import { EventReader, eventToLine } from '../../run/jsonl';
import type { Manifest } from '../../run/manifest';
import { NoRoomError } from '../errors';
import { HeldEvents } from '../held-events';
import { aboutOf, addToFigures, type Figures, NO_FIGURES, type RunEntry, type RunIndex } from './entry';
import { bytesOf, listPoints, pointPath, preparePoint, removePoint } from './points';
import { surplus } from './retention';
import {
  ABOUT_FILE,
  CHECKPOINTS,
  EVENTS_FILE,
  MANIFEST_FILE,
  type OpenFile,
  RESUME,
  type RunFiles,
} from './run-files';
import { StreamMap, suitesOf } from './stream-map';

/** What a run needs around it. */
export interface RunSurroundings {
  files: RunFiles;
  index: RunIndex;
  now: () => Date;
  /** Gives the run free for other tabs. */
  release: () => Promise<void>;
}

export class KeptRun {
  readonly #held = new HeldEvents();
  /** Events that are due, in order, and found no room yet. */
  #waiting: RunEvent[] = [];
  /** Bytes of whole lines in the stream. */
  #bytes: number;
  #figures: Figures;
  #resumeBytes = 0;
  /** Index entries are put one after the other. */
  #saving: Promise<void> = Promise.resolve();
  #open = true;

  private constructor(
    private readonly around: RunSurroundings,
    private readonly stream: OpenFile,
    private readonly map: StreamMap,
    figures: Figures,
    /** What the index says, or will say next. */
    public entry: RunEntry,
  ) {
    this.#bytes = stream.size;
    this.#figures = figures;
  }

  /** A new run in an empty folder. @throws NoRoomError */
  static async create(around: RunSurroundings, entry: RunEntry): Promise<KeptRun> {
    await writeAbout(around.files, entry);
    await writeManifest(around.files, entry.manifest);
    const stream = await around.files.open(EVENTS_FILE);
    const run = new KeptRun(around, stream, new StreamMap(), NO_FIGURES, entry);
    await run.#save();
    return run;
  }

  /** Goes on with a folder whose stream is known up to `bytes`; what lies behind is given up. */
  static async goOn(
    around: RunSurroundings,
    entry: RunEntry,
    found: { map: StreamMap; figures: Figures; bytes: number; step: number; resumeBytes: number },
  ): Promise<KeptRun> {
    const stream = await around.files.open(EVENTS_FILE);
    try {
      if (stream.size > found.bytes) stream.truncate(found.bytes);
      stream.flush();
      found.map.cut(found.bytes);
      const run = new KeptRun(around, stream, found.map, { ...found.figures, status: 'unfinished' }, entry);
      run.#resumeBytes = found.resumeBytes;
      await run.#removeAfter(found.step);
      return run;
    } catch (error) {
      // Only one may have it open: the next try has to find it free.
      stream.close();
      throw error;
    }
  }

  get id(): string {
    return this.entry.id;
  }

  /** The run's folder, for whoever reads it beside the writing. */
  get files(): RunFiles {
    return this.around.files;
  }

  /** Writes an event down as soon as it is due and there is room. A run that starts again cuts what it says again. */
  event(event: RunEvent): void {
    if (!this.#open) return;
    for (const each of this.#held.take(event)) this.#waiting.push(each);
    this.#drain();
    // Whether it could be saved is heard by whoever saves or closes next.
    if (event.type === 'finished') this.#save().catch(() => {});
  }

  /**
   * Keeps the state after `step` finished steps, with everything said until then.
   * @throws NoRoomError when there is none; nothing is lost, and the same call may be made again.
   */
  async keepStep(step: number, checkpoint: CheckpointFiles): Promise<void> {
    if (!this.#open) return;
    this.#needAllWritten(bytesOf(checkpoint));
    this.stream.flush();
    const commit = await preparePoint(this.around.files, pointPath(RESUME, step), checkpoint);
    await commit();
    this.#resumeBytes = bytesOf(checkpoint);
    await this.#removeResume(step);
    await this.#save();
  }

  /**
   * Keeps a checkpoint that the stream tells of, and lets go of those there are too many of.
   * @returns its event, which is in the stream. @throws NoRoomError as `keepStep`.
   */
  async keepCheckpoint(step: number, checkpoint: CheckpointFiles): Promise<RunEventOf<'checkpoint'>> {
    this.#held.drop();
    const path = pointPath(CHECKPOINTS, step);
    const bytes = bytesOf(checkpoint);
    const event: RunEventOf<'checkpoint'> = { type: 'checkpoint', v: 1, step, path, bytes };
    if (!this.#open) return { ...event, path: 'memory' };
    this.#needAllWritten(bytes);
    const before = this.#bytes;
    const evaluated = this.map.covered(step, suitesOf(this.entry.manifest))?.evaluated ?? false;
    const commit = await preparePoint(this.around.files, path, checkpoint);
    try {
      this.#waiting.push(event);
      this.#drain();
      this.#needAllWritten(bytes);
      this.stream.flush();
      await commit();
    } catch (error) {
      this.#waiting = [];
      this.#cut(before);
      await removePoint(this.around.files, path).catch(() => {});
      throw error;
    }
    await this.#save((entry) => {
      const others = entry.checkpoints.filter((each) => each.step !== step);
      const pinned = entry.checkpoints.some((each) => each.step === step && each.pinned);
      return { ...entry, checkpoints: [...others, { step, bytes, evaluated, pinned }].sort(byStep) };
    });
    await this.removeCheckpoints(surplus(this.entry.checkpoints));
    return event;
  }

  /** Removes checkpoints, from the index first. */
  async removeCheckpoints(steps: readonly number[]): Promise<void> {
    if (steps.length === 0) return;
    await this.#save((entry) => ({
      ...entry,
      checkpoints: entry.checkpoints.filter((each) => !steps.includes(each.step)),
    }));
    for (const step of steps) await removePoint(this.around.files, pointPath(CHECKPOINTS, step));
  }

  /** Changes what the user says of the run. */
  async change(change: (entry: RunEntry) => RunEntry): Promise<void> {
    await this.#save(change);
    await writeAbout(this.around.files, this.entry);
  }

  /** Everything so far, for a reader: whole lines only. */
  async replay(take: (events: RunEvent[]) => Promise<void>): Promise<void> {
    await replay(this.around.files, this.#bytes, take);
  }

  /** Every event of a finished step; none when the stream does not have it. */
  async readStep(step: number): Promise<RunEvent[]> {
    const stretch = this.map.stretchOf(step);
    if (!stretch) return [];
    const events: RunEvent[] = [];
    const take = async (more: RunEvent[]) => {
      events.push(...more.filter((event) => 'step' in event && event.step === step));
    };
    await replay(this.around.files, stretch.to - stretch.from, take, stretch.from);
    return events;
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    try {
      await this.#saving;
    } finally {
      this.stream.close();
      await this.around.release();
    }
  }

  #drain(): void {
    while (this.#waiting.length > 0) {
      const [event] = this.#waiting;
      if (event.type === 'run_started') this.#startFrom(event.from_step);
      const line = eventToLine(event);
      if (line !== null) {
        const bytes = new TextEncoder().encode(line);
        try {
          this.stream.append(bytes);
        } catch (error) {
          this.#cut(this.#bytes);
          if (error instanceof NoRoomError) return;
          throw error;
        }
        this.#bytes += bytes.length;
        this.map.add(event, this.#bytes);
        this.#figures = addToFigures(this.#figures, event);
      }
      this.#waiting.shift();
    }
  }

  /** A stretch that begins again at `step` says again what came after it. */
  #startFrom(step: number): void {
    const covered = this.map.covered(step, suitesOf(this.entry.manifest));
    const bytes = covered?.with_checkpoint ?? covered?.bytes;
    if (bytes === undefined || bytes >= this.#bytes) return;
    this.#cut(bytes);
    this.map.cut(bytes);
    if (step === 0) this.#figures = NO_FIGURES;
  }

  #cut(bytes: number): void {
    this.stream.truncate(bytes);
    this.#bytes = bytes;
  }

  #needAllWritten(more: number): void {
    this.#drain();
    if (this.#waiting.length === 0) return;
    throw new NoRoomError(
      `${EVENTS_FILE}: expected room for what the step said, got none; it waits in memory`,
      more + 1_000_000,
    );
  }

  /** States and checkpoints that lie behind `step`, or that are not whole. */
  async #removeAfter(step: number): Promise<void> {
    const { files } = this.around;
    const kept = this.entry.checkpoints.filter((each) => each.step <= step);
    await this.#save((entry) => ({ ...entry, checkpoints: kept }));
    await this.#removeResume(step);
    for (const other of await listPoints(files, CHECKPOINTS))
      if (!kept.some((each) => each.step === other)) await removePoint(files, pointPath(CHECKPOINTS, other));
  }

  async #removeResume(but: number): Promise<void> {
    for (const step of await listPoints(this.around.files, RESUME))
      if (step !== but) await removePoint(this.around.files, pointPath(RESUME, step));
  }

  #save(change: (entry: RunEntry) => RunEntry = (entry) => entry): Promise<void> {
    const changed = change(this.entry);
    const kept = changed.checkpoints.reduce((sum, each) => sum + each.bytes, 0);
    this.entry = {
      ...changed,
      ...this.#figures,
      updated: this.around.now().toISOString(),
      bytes: this.#bytes + this.#resumeBytes + kept,
    };
    const { entry } = this;
    const put = () =>
      this.around.index.put(entry).catch((error: unknown) => {
        // An index that lags is put right with its next entry; the run itself is whole.
        if (!(error instanceof NoRoomError)) throw error;
      });
    this.#saving = this.#saving.then(put, put);
    return this.#saving;
  }
}

const byStep = (a: { step: number }, b: { step: number }) => a.step - b.step;

export const writeAbout = (files: RunFiles, entry: RunEntry): Promise<void> =>
  files.write(ABOUT_FILE, encodeJson(aboutOf(entry)));

/** The last file of a run that comes from elsewhere: without it a folder is no run. */
export const writeManifest = (files: RunFiles, manifest: Manifest): Promise<void> =>
  files.write(MANIFEST_FILE, encodeJson(manifest));

const encodeJson = (value: unknown): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);

/** The events in `bytes` of a run's stream from a line on, a piece of the file at a time. */
export async function replay(
  files: RunFiles,
  bytes: number,
  take: (events: RunEvent[]) => Promise<void>,
  from = 0,
): Promise<void> {
  const reader = new EventReader();
  let left = bytes;
  for await (const piece of files.pieces(EVENTS_FILE, from)) {
    const events = reader.push(piece.subarray(0, left)).map(({ event }) => event);
    left -= Math.min(left, piece.length);
    if (events.length > 0) await take(events);
    if (left === 0) return;
  }
}
