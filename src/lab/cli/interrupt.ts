/**
 * Ctrl-C while a run goes on. The first one asks for a clean stop: the run ends after the work under way and
 * leaves a checkpoint. A second one ends the process at once.
 */
import type { Console } from './console';

/** What is needed of `process`. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  removeListener(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

/** Exit code of an interrupted command: 128 + SIGINT. */
export const INTERRUPTED = 130;

/**
 * A terminal sends Ctrl-C to npm and to its child alike, and npm passes its own on: one key press arrives
 * twice within milliseconds. What follows within this time belongs to the first. In milliseconds.
 */
export const SAME_KEY_PRESS = 500;

export interface Interrupt {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Stops listening. */
  dispose(): void;
}

/** For a command with nothing to lose: Ctrl-C ends the process at once, with the exit code of an interruption. */
export function endOnInterrupt(signals: SignalSource = process): { dispose(): void } {
  const end = () => process.exit(INTERRUPTED);
  signals.on('SIGINT', end);
  signals.on('SIGTERM', end);
  return {
    dispose() {
      signals.removeListener('SIGINT', end);
      signals.removeListener('SIGTERM', end);
    },
  };
}

/** Listens until disposed. `exit` ends the process; `beforeExit` is the last thing done before. */
export function listenForInterrupt(
  console: Console,
  options: {
    signals?: SignalSource;
    exit?: (code: number) => void;
    beforeExit?: () => void;
    now?: () => number;
  } = {},
): Interrupt {
  const signals = options.signals ?? process;
  const exit = options.exit ?? ((code: number) => process.exit(code));
  const now = options.now ?? (() => performance.now());
  const controller = new AbortController();
  let first: number | null = null;
  const onSignal = () => {
    if (first === null) {
      first = now();
      console.err('\nstopping after the work under way, with a checkpoint; Ctrl-C again to end at once\n');
      controller.abort();
    } else if (now() - first >= SAME_KEY_PRESS) {
      options.beforeExit?.();
      console.err('\nended at once; go on from the last checkpoint with --resume\n');
      exit(INTERRUPTED);
    }
  };
  signals.on('SIGINT', onSignal);
  signals.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    dispose() {
      signals.removeListener('SIGINT', onSignal);
      signals.removeListener('SIGTERM', onSignal);
    },
  };
}
