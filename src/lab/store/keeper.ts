/**
 * The worker's part that keeps runs: between the session, which says what happens, the library, where it is kept, and
 * the page, which asks. Where the browser keeps nothing, or the user gave up keeping, training goes on in memory.
 * Knows no trainer beyond the session's commands; used by the worker.
 */
import { DigestCollector } from '../../report';
import { runName } from '../../run/arm';
import type { CheckpointFiles } from '../../run/checkpoint';
import type { RunEvent, RunEventOf } from '../../run/events';
import type { Manifest } from '../../run/manifest';
import { explainError, NoRoomError, StorageError } from '../errors';
import { archiveName, exportArchive, importArchive } from './archive';
import { digestsOf, reportNews } from './digests';
import type { KeptRun } from './kept-run';
import { type Reopened, RunElsewhereError, type RunLibrary } from './library';
import { bytesOf } from './points';
import type { RunsCommand, RunsNews, StorageState } from './protocol';
import type { Freeable } from './retention';

/** What the keeper needs of the session, so that it can put a run on it. */
export interface Trainer {
  unload(next: 'idle' | 'loading'): Promise<void>;
  load(manifest: Manifest, resume?: CheckpointFiles, evaluated?: boolean, named?: boolean): Promise<void>;
  run(): Promise<void>;
  readonly error: unknown;
}

export interface KeeperHost {
  trainer: Trainer;
  send(news: RunsNews): void;
  /** Events of a kept run, for the page to show. */
  show(events: RunEvent[]): void;
  /** The run is ready on the trainer. */
  loaded(manifest: Manifest): void;
  storage(): Promise<StorageState | null>;
}

/** Commands after which the list of runs is what it was. */
const READS_ONLY: ReadonlySet<RunsCommand['do']> = new Set(['export', 'digest', 'report', 'read-steps']);

export class RunKeeper {
  #library: RunLibrary | null = null;
  #run: KeptRun | null = null;
  /** What went wrong with writing, to be said where it can be heard. */
  #failure: unknown = null;
  /** The run rests for want of room: what the user was told could go. */
  #full: readonly Freeable[] | null = null;
  /** Of a run that is not kept: what a report needs of it. */
  #unkept: DigestCollector | null = null;
  readonly #opened: Promise<void>;

  constructor(
    private readonly host: KeeperHost,
    open: () => Promise<RunLibrary>,
  ) {
    this.#opened = this.#open(open);
  }

  /** Starts a run: it is kept from its first event on. */
  async begin(manifest: Manifest): Promise<void> {
    await this.#leave('loading');
    try {
      if (this.#library) this.#run = await this.#library.create(manifest);
      else this.#unkept = new DigestCollector();
    } catch (error) {
      await this.host.trainer.unload('idle');
      throw error;
    }
    await this.#load(manifest);
  }

  event(event: RunEvent): void {
    // A stretch that begins anew gets another chance to be written.
    if (event.type === 'run_started') this.#failure = null;
    this.#unkept?.event(event);
    try {
      this.#run?.event(event);
    } catch (error) {
      this.#failure = error;
    }
  }

  async keepStep(step: number, files: CheckpointFiles): Promise<void> {
    await this.#keep((run) => run.keepStep(step, files));
  }

  /** @returns the event of the checkpoint. */
  async keepCheckpoint(step: number, files: CheckpointFiles): Promise<RunEventOf<'checkpoint'>> {
    const kept = await this.#keep((run) => run.keepCheckpoint(step, files));
    return kept ?? { type: 'checkpoint', v: 1, step, path: 'memory', bytes: bytesOf(files) };
  }

  /** Does what the page asks. Never throws: what goes wrong is told, and the run on the trainer stays as it was. */
  async obey(command: RunsCommand): Promise<void> {
    await this.#opened;
    const library = this.#library;
    if (!library) {
      if (command.do === 'report') this.#reportUnkept();
      return;
    }
    try {
      await this.#do(command, library);
      if (!READS_ONLY.has(command.do)) await this.list();
    } catch (error) {
      // What keeps the trainer from loading a run it says itself.
      if (!this.host.trainer.error) {
        const { message, remedy } = explainError(error, null);
        this.host.send({ what: 'trouble', message: `${message} ${remedy}`.trim() });
      }
      await this.list();
    }
  }

  /** The policy of a kept run after a step. @throws StorageError when it is not kept, or open in another tab. */
  async policyAt(
    id: string,
    step: number,
  ): Promise<{ step: number; manifest: Manifest; files: CheckpointFiles }> {
    await this.#opened;
    if (!this.#library) throw new StorageError('policy: this browser keeps no runs');
    const { manifest } = await this.#library.entry(id);
    return { step, manifest, files: await this.#library.stateAt(id, step) };
  }

  async list(): Promise<void> {
    await this.#opened;
    if (!this.#library) return;
    const [runs, elsewhere, storage] = await Promise.all([
      this.#library.list(),
      this.#library.elsewhere(),
      this.host.storage(),
    ]);
    this.host.send({ what: 'list', runs, elsewhere, current: this.#run?.id ?? null, storage });
  }

  async #open(open: () => Promise<RunLibrary>): Promise<void> {
    try {
      const library = await open();
      await library.mend();
      this.#library = library;
    } catch (error) {
      this.host.send({ what: 'unavailable', reason: explainError(error, null).message });
    }
  }

  async #do(command: RunsCommand, library: RunLibrary): Promise<void> {
    switch (command.do) {
      case 'list':
        return;
      case 'look':
        await this.#notElsewhere(library, command.id);
        await this.#leave('idle');
        this.host.send({ what: 'opening', manifest: (await library.entry(command.id)).manifest });
        await library.look(command.id, async (events) => this.host.show(events));
        this.host.send({ what: 'shown', id: command.id });
        return;
      case 'continue':
        await this.#notElsewhere(library, command.id);
        await this.#leave('loading');
        return this.#goOn(() => library.reopen(command.id));
      case 'fork':
        await this.#notElsewhere(library, command.id);
        await this.#leave('loading');
        return this.#goOn(() => library.fork(command.id, command.step, command.manifest));
      case 'read-steps':
        return this.#readSteps(command.request, command.steps);
      case 'describe': {
        const { id, name, tags, notes } = command;
        return library.change(id, (entry) => ({ ...entry, name, tags, notes }));
      }
      case 'pin':
        return library.change(command.id, (entry) => ({ ...entry, pinned: command.pinned }));
      case 'pin-checkpoint':
        return library.change(command.id, (entry) => ({
          ...entry,
          checkpoints: entry.checkpoints.map((each) =>
            each.step === command.step ? { ...each, pinned: command.pinned } : each,
          ),
        }));
      case 'delete':
        await this.#delete(library, command.id);
        return this.#tryAgain();
      case 'delete-checkpoint':
        await library.removeCheckpoints(command.id, [command.step]);
        return this.#tryAgain();
      case 'clear': {
        const elsewhere = new Set(await library.elsewhere());
        for (const { id } of await library.list()) if (!elsewhere.has(id)) await this.#delete(library, id);
        return;
      }
      case 'export': {
        await this.#notElsewhere(library, command.id);
        const entry = await library.entry(command.id);
        const archive = await exportArchive(library.filesOf(command.id), entry);
        this.host.send({ what: 'archive', name: `${archiveName(entry)}.zip`, archive });
        return;
      }
      case 'import': {
        const entry = await library.takeIn((files) => importArchive(command.file, files));
        this.host.send({ what: 'imported', id: entry.id });
        return;
      }
      case 'digest':
        this.host.send({ what: 'digests', digests: await digestsOf(library, command.ids) });
        return;
      case 'report': {
        const ids = command.ids ?? (this.#run ? [this.#run.id] : []);
        if (ids.length === 0) return this.#reportUnkept();
        this.host.send(reportNews((await digestsOf(library, ids)).map(({ digest }) => digest)));
        return;
      }
      case 'make-room':
        await library.free(this.#full ?? []);
        return this.#tryAgain();
      case 'stop-keeping':
        if (this.#run) await library.close(this.#run);
        this.#run = null;
        return this.#tryAgain();
      default:
        return unknownCommand(command);
    }
  }

  async #readSteps(request: number, wanted: readonly number[]): Promise<void> {
    const steps: RunEvent[][] = [];
    let problem = '';
    try {
      for (const step of wanted) steps.push((await this.#run?.readStep(step)) ?? []);
    } catch (error) {
      problem = explainError(error, null).message;
    }
    this.host.send({ what: 'steps', request, steps, problem });
  }

  #reportUnkept(): void {
    const digest = this.#unkept?.digest('');
    if (!digest) {
      this.host.send({ what: 'trouble', message: 'There is no run to report on yet: start one first.' });
      return;
    }
    const { manifest } = digest.record;
    this.host.send(reportNews([{ ...digest, name: runName(manifest.name, manifest) }]));
  }

  /** Puts a run on the trainer where it was left, with all it has said so far on the page. */
  async #goOn(open: () => Promise<Reopened>): Promise<void> {
    let reopened: Reopened;
    try {
      reopened = await open();
    } catch (error) {
      await this.host.trainer.unload('idle');
      throw error;
    }
    const { run, from } = reopened;
    this.#run = run;
    this.host.send({ what: 'opening', manifest: run.entry.manifest });
    await run.replay(async (events) => this.host.show(events));
    await this.#load(run.entry.manifest, from.files ?? undefined, from.evaluated, from.named);
  }

  /** A run that cannot be loaded stays as it was; a new one is not kept at all. */
  async #load(manifest: Manifest, ...resume: [CheckpointFiles?, boolean?, boolean?]): Promise<void> {
    try {
      await this.host.trainer.load(manifest, ...resume);
    } catch (error) {
      await this.#forgetRun();
      throw error;
    }
    this.host.loaded(manifest);
    await this.list();
  }

  async #leave(next: 'idle' | 'loading'): Promise<void> {
    await this.#opened;
    await this.host.trainer.unload(next);
    await this.#forgetRun();
  }

  async #forgetRun(): Promise<void> {
    const run = this.#run;
    this.#run = null;
    this.#unkept = null;
    this.#failure = null;
    this.#roomAgain();
    if (run) await this.#library?.leave(run);
  }

  async #delete(library: RunLibrary, id: string): Promise<void> {
    if (this.#run?.id === id) this.#run = null;
    await library.remove(id);
  }

  async #notElsewhere(library: RunLibrary, id: string): Promise<void> {
    if (!(await library.elsewhere()).includes(id)) return;
    throw new RunElsewhereError((await library.entry(id)).name || id);
  }

  async #keep<T>(work: (run: KeptRun) => Promise<T>): Promise<T | null> {
    if (this.#failure) throw this.#failure;
    if (!this.#run) return null;
    try {
      const kept = await work(this.#run);
      this.#roomAgain();
      return kept;
    } catch (error) {
      if (error instanceof NoRoomError) {
        // The newest state and the one before it are there together for a moment.
        const needed = error.needed * 2;
        const freeable = (await this.#library?.freeable(needed)) ?? [];
        this.#full = freeable;
        this.host.send({ what: 'full', needed, freeable });
      }
      throw error;
    }
  }

  #roomAgain(): void {
    if (this.#full === null) return;
    this.#full = null;
    this.host.send({ what: 'room' });
  }

  /** Lets the run that rests for want of room try again; it rests again where there still is none. */
  #tryAgain(): void {
    if (this.#full === null) return;
    this.#roomAgain();
    void this.host.trainer.run();
  }
}

function unknownCommand(command: never): never {
  throw new Error(`internal: keeper: expected a command about runs, got ${JSON.stringify(command)}`);
}
