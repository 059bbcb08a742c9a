/**
 * The page's end of the reader of recordings: opens one in a worker of its own, hands over what it says of the run
 * once a frame, and reads older steps back. Holds nothing of the run and knows no React; used by `replayer.ts`.
 */
import type { RunEvent } from '../../run/events';
import type { OlderSteps } from '../history/older';
import type { StepRecord } from '../history/step-record';
import { FrameQueue } from '../state/frames';
import type { ReadError, ReaderCommand, ReaderMessage } from './protocol';

/** What of a worker is used, so that a test can stand in for the thread. */
export type ReaderLike = Pick<Worker, 'postMessage' | 'terminate' | 'addEventListener'>;

export interface RecordingHandlers {
  progress(done: number, total: number): void;
  /** In order, within a frame's budget of time. */
  events(events: readonly RunEvent[]): void;
  /** After all events were handed over. @param note what the reader should know of a recording that is whole. */
  read(end: { note: string; error: ReadError | null }): void;
}

const startReader = (): ReaderLike =>
  new Worker(new URL('./reader-worker.ts', import.meta.url), { type: 'module', name: 'masa-lab-reader' });

export interface Report {
  /** Of its file. */
  name: string;
  text: string;
}

interface Waiting {
  resolve(records: StepRecord[]): void;
  reject(error: Error): void;
}

export class Recording implements OlderSteps {
  readonly #worker: ReaderLike;
  readonly #queue: FrameQueue<RunEvent>;
  readonly #waiting = new Map<number, Waiting>();
  #steps: ReadonlySet<number> = new Set();
  #requests = 0;
  #report: { resolve(report: Report): void; reject(error: Error): void } | null = null;
  /** Events not handed over yet, and what to say after the last of them. */
  #ahead = 0;
  #end: (() => void) | null = null;

  constructor(
    source: Blob | string,
    handlers: RecordingHandlers,
    createWorker: () => ReaderLike = startReader,
  ) {
    this.#queue = new FrameQueue((events) => {
      handlers.events(events);
      this.#ahead -= events.length;
      this.#send({ type: 'more', count: events.length });
      if (this.#ahead === 0) this.#end?.();
    });
    this.#worker = createWorker();
    const finish = (error: ReadError | null, note = '') => {
      this.#end = () => {
        this.#end = null;
        handlers.read({ note, error });
      };
      if (this.#ahead === 0) this.#end();
    };
    this.#worker.addEventListener('message', ({ data }: MessageEvent<ReaderMessage>) => {
      switch (data.type) {
        case 'progress':
          handlers.progress(data.done, data.total);
          return;
        case 'events':
          this.#ahead += data.events.length;
          this.#queue.push(data.events);
          return;
        case 'read':
          this.#steps = new Set(data.steps);
          finish(data.error, data.note);
          return;
        case 'report':
          if (data.error) this.#report?.reject(new Error(data.error));
          else this.#report?.resolve(data);
          this.#report = null;
          return;
        case 'steps':
          this.#answer(data.request, data.records, data.error);
          return;
        default:
          unknownMessage(data);
      }
    });
    this.#worker.addEventListener('error', (event: ErrorEvent) => {
      event.preventDefault();
      for (const { reject } of this.#waiting.values()) reject(new Error('The reader of recordings stopped.'));
      this.#waiting.clear();
      this.#report?.reject(new Error('The reader of recordings stopped.'));
      finish({
        message: `The reader of recordings stopped${event.message ? `: ${event.message}` : ''}`,
        remedy: 'Open the file again; reload the page if that does not help.',
      });
    });
    this.#send({ type: 'open', source });
  }

  has(step: number): boolean {
    return this.#steps.has(step);
  }

  read(steps: readonly number[]): Promise<readonly StepRecord[]> {
    const request = ++this.#requests;
    this.#send({ type: 'read', request, steps });
    return new Promise((resolve, reject) => this.#waiting.set(request, { resolve, reject }));
  }

  /** A report of it as one HTML document. @param name of a run that has none. */
  report(name: string): Promise<Report> {
    this.#report?.reject(new Error('The report was asked for again.'));
    this.#send({ type: 'report', name });
    return new Promise((resolve, reject) => {
      this.#report = { resolve, reject };
    });
  }

  close(): void {
    this.#report?.reject(new Error('The recording was closed.'));
    this.#queue.clear();
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(new Error('The recording was closed.'));
    this.#waiting.clear();
  }

  #answer(request: number, records: StepRecord[], error: string): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (error) waiting?.reject(new Error(error));
    else waiting?.resolve(records);
  }

  #send(command: ReaderCommand): void {
    this.#worker.postMessage(command);
  }
}

function unknownMessage(message: never): never {
  throw new Error(`internal: recording: expected a message of the reader, got ${JSON.stringify(message)}`);
}
