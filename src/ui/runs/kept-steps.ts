/**
 * Older steps of the run on the trainer, read back from where the browser keeps it: what is no longer in memory is in
 * its stream. Asks the worker through the desk; used by it.
 */
import type { RunsCommand, RunsNews } from '../../lab/store/protocol';
import { EMPTY_HISTORY, recordEvents } from '../history/history';
import type { OlderSteps } from '../history/older';
import type { StepRecord } from '../history/step-record';
import type { PageStore } from '../state/store';

interface Waiting {
  resolve(records: StepRecord[]): void;
  reject(error: Error): void;
}

export class KeptSteps implements OlderSteps {
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;

  constructor(
    /** The run's. */
    readonly id: string,
    private readonly store: PageStore,
    private readonly send: (ask: RunsCommand) => void,
  ) {}

  /** A finished step is in the stream before the page hears of its end. */
  has(step: number): boolean {
    const { run, replay } = this.store.getState();
    const { steps } = replay ? replay.live.run : run;
    return step >= 0 && step <= (steps.at(-1)?.step ?? -1);
  }

  read(steps: readonly number[]): Promise<readonly StepRecord[]> {
    const request = ++this.#requests;
    this.send({ do: 'read-steps', request, steps });
    return new Promise((resolve, reject) => this.#waiting.set(request, { resolve, reject }));
  }

  answer({ request, steps, problem }: Extract<RunsNews, { what: 'steps' }>): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (problem !== '') waiting?.reject(new Error(`What this step said could not be read: ${problem}`));
    else waiting?.resolve(steps.flatMap((events) => recordEvents(EMPTY_HISTORY, events).records));
  }

  close(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('The run was left.'));
    this.#waiting.clear();
  }
}
