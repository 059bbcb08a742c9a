/**
 * The page's end of the second opinion's protocol: starts the worker when it is first needed, gives jobs their numbers
 * and hands on what is said of the newest. Holds no state of the page and knows no React.
 */
import type { LabError } from '../protocol';
import type { OpinionCommand, OpinionMessage, OpinionOpening } from './protocol';

/** What the client needs of a worker, so that a test can stand in for the thread. */
export type OpinionWorker = Pick<Worker, 'postMessage' | 'terminate' | 'addEventListener'>;

/** A job without its number. */
export type OpinionJob = OpinionCommand extends infer Each
  ? Each extends { type: 'stop' }
    ? never
    : Omit<Each, 'job'>
  : never;

const startWorker = (): OpinionWorker =>
  new Worker(new URL('./opinion-worker.ts', import.meta.url), {
    type: 'module',
    name: 'masa-lab-second-opinion',
  });

export class OpinionClient {
  #worker: OpinionWorker | null = null;
  #job = 0;

  /**
   * @param heard is told what is said of the newest job. A worker that cannot start or dies is a job that `failed`.
   * @param baseUrl where the page's public files are.
   */
  constructor(
    private readonly heard: (message: OpinionMessage) => void,
    private readonly baseUrl: () => string,
    private readonly createWorker: () => OpinionWorker = startWorker,
  ) {}

  /** Begins a job; one that is under way ends. @param transfer buffers that go over to the worker. */
  begin(job: OpinionJob, transfer: Transferable[] = []): void {
    this.#worker ??= this.#start();
    this.#job++;
    this.#worker.postMessage({ ...job, job: this.#job } satisfies OpinionCommand, transfer);
  }

  stop(): void {
    this.#worker?.postMessage({ type: 'stop', job: this.#job } satisfies OpinionCommand);
  }

  #start(): OpinionWorker {
    const worker = this.createWorker();
    worker.addEventListener('message', ({ data }: MessageEvent<OpinionMessage>) => {
      if (data.job === this.#job) this.heard(data);
    });
    worker.addEventListener('error', (event: ErrorEvent) => {
      event.preventDefault();
      // The next job gets another.
      worker.terminate();
      this.#worker = null;
      this.heard({ type: 'failed', job: this.#job, error: workerError(event) });
    });
    worker.postMessage({ type: 'open', baseUrl: this.baseUrl() } satisfies OpinionOpening);
    return worker;
  }
}

const workerError = ({ message }: ErrorEvent): LabError => ({
  code: 'internal',
  message: message
    ? `The worker of ONNX Runtime stopped: ${message}`
    : 'The worker of ONNX Runtime could not be started.',
  remedy: 'Check the connection and try again; training goes on beside it.',
});
