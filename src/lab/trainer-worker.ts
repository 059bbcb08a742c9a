/**
 * The thread that the trainer lives in. A page may start it before its own scripts are there, so that the two load side
 * by side: what the thread says until somebody listens is kept. Knows of the protocol only that it begins with `open`.
 * Used by the page's first script and by `client.ts`.
 */
import type { Command } from './protocol';

/** What is needed of a worker, so that a test can stand in for the thread. */
export type WorkerLike = Pick<Worker, 'postMessage' | 'terminate' | 'addEventListener'>;

const start = (): Worker =>
  new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'masa-lab-trainer' });

let early: WorkerLike | null = null;

/** Starts the thread and has it open the device; the next `trainerWorker` takes it over. */
export function startEarly(baseUrl: string): void {
  early = keepingWhatIsSaid(start(), { type: 'open', baseUrl });
  // Nobody takes this adapter: the browser wakes its GPU process for it, while the thread that needs one is starting.
  navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => {});
}

/** The thread that was started early, else a new one. */
export function trainerWorker(): WorkerLike {
  const worker = early ?? start();
  early = null;
  return worker;
}

/**
 * A worker that was sent its first command: sent again it is left out, and each kind of event waits for its first
 * listener.
 */
export function keepingWhatIsSaid(worker: WorkerLike, first: Command): WorkerLike {
  const kept: Event[] = [];
  const heard = new Set<string>();
  const keep = (event: Event) => {
    if (!heard.has(event.type)) kept.push(event);
  };
  for (const type of ['message', 'error', 'messageerror']) worker.addEventListener(type, keep);
  worker.postMessage(first);
  let isRepeated = true;
  return {
    postMessage(command: Command) {
      if (!(isRepeated && command.type === first.type)) worker.postMessage(command);
      else isRepeated = false;
    },
    terminate: () => worker.terminate(),
    addEventListener(type: string, listener: EventListenerOrEventListenerObject) {
      // Later, when whoever listens is ready; nothing new arrives before.
      queueMicrotask(() => {
        heard.add(type);
        for (const event of kept.splice(0))
          if (event.type !== type) kept.push(event);
          else if (typeof listener === 'function') listener(event);
          else listener.handleEvent(event);
        worker.addEventListener(type, listener);
      });
    },
  };
}
