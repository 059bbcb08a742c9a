/**
 * The page's end of the worker's protocol: starts the trainer's dedicated worker, sends commands and hands
 * every message to the handler of its type. Holds no state of the run and knows no React.
 *
 * Used by the page (`ui/state/session.ts`) alone; the command line talks to the trainer directly.
 */
import type { Command, LabError, Message } from './protocol';
import { trainerWorker, type WorkerLike } from './trainer-worker';

export type { WorkerLike } from './trainer-worker';

/** One handler for each message of the protocol; adding a message without one is a type error. */
export type MessageHandlers = {
  [T in Message['type']]: (message: Extract<Message, { type: T }>) => void;
};

export class LabClient {
  readonly #worker: WorkerLike;
  #closed = false;

  /**
   * Starts the worker. A worker that cannot start or throws outside of its own error handling is reported
   * through `handlers.error` with the code `internal`, never thrown at the page.
   */
  constructor(handlers: MessageHandlers, createWorker: () => WorkerLike = trainerWorker) {
    this.#worker = createWorker();
    this.#worker.addEventListener('message', (event: MessageEvent<Message>) => {
      if (!this.#closed) dispatch(event.data, handlers);
    });
    this.#worker.addEventListener('error', (event: ErrorEvent) => {
      event.preventDefault();
      if (!this.#closed) handlers.error({ type: 'error', error: workerError(event) });
    });
    this.#worker.addEventListener('messageerror', () => {
      if (this.#closed) return;
      const message = 'lab client: expected a message of the protocol, got one that cannot be read';
      handlers.error({
        type: 'error',
        error: {
          code: 'internal',
          message,
          remedy: 'Reload the page; the run can be repeated from its link.',
        },
      });
    });
  }

  send(command: Command): void {
    if (!this.#closed) this.#worker.postMessage(command);
  }

  /** Ends the worker at once, whatever it is doing. */
  close(): void {
    this.#closed = true;
    this.#worker.terminate();
  }
}

function dispatch(message: Message, handlers: MessageHandlers): void {
  switch (message.type) {
    case 'state':
      handlers.state(message);
      break;
    case 'progress':
      handlers.progress(message);
      break;
    case 'opened':
      handlers.opened(message);
      break;
    case 'loaded':
      handlers.loaded(message);
      break;
    case 'events':
      handlers.events(message);
      break;
    case 'benchmarks':
      handlers.benchmarks(message);
      break;
    case 'inspected':
      handlers.inspected(message);
      break;
    case 'checkpoint':
      handlers.checkpoint(message);
      break;
    case 'policy':
      handlers.policy(message);
      break;
    case 'runs':
      handlers.runs(message);
      break;
    case 'race':
      handlers.race(message);
      break;
    case 'models':
      handlers.models(message);
      break;
    case 'error':
      handlers.error(message);
      break;
    default:
      unknownMessage(message);
  }
}

function unknownMessage(message: never): never {
  throw new Error(`internal: lab client: expected a message of the protocol, got ${JSON.stringify(message)}`);
}

function workerError(event: ErrorEvent): LabError {
  const where = event.filename ? ` (${event.filename}:${event.lineno})` : '';
  return {
    code: 'internal',
    message: event.message
      ? `The trainer's worker stopped: ${event.message}${where}`
      : 'The trainer’s worker could not be started.',
    remedy: 'Reload the page. If it happens again, try a current version of the browser.',
  };
}
