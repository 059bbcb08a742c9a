/**
 * The worker's part about races: at most one at a time, beside the session of the page's run. Only one of the two
 * computes: a race that begins or goes on waits until the run rests, and a run until the race does. Used by the worker.
 */
import { explainError } from '../errors';
import type { LabState } from '../protocol';
import type { RaceCommand, RaceNews } from './protocol';
import { Race, type RaceHost } from './race';

const AT_WORK: ReadonlySet<LabState> = new Set(['loading', 'running', 'pausing', 'benchmarking']);

export class RaceDesk {
  #race: Race | null = null;
  #state: LabState = 'opening';
  #rested: (() => void)[] = [];

  /** @param pause asks the page's run to pause. */
  constructor(
    private readonly host: Omit<RaceHost, 'quiet'>,
    private readonly pause: () => void,
  ) {}

  /** The session's state, whenever it changes. */
  heard(state: LabState): void {
    this.#state = state;
    if (AT_WORK.has(state)) return;
    for (const go of this.#rested.splice(0)) go();
  }

  /** Before the page's run computes: resolves once no race does. */
  async rest(): Promise<void> {
    await this.#race?.rest();
  }

  async obey(command: RaceCommand): Promise<void> {
    switch (command.do) {
      case 'start':
        return this.#start(command.id, command.setup);
      case 'pause':
        return this.#race?.pause();
      case 'resume':
        return this.#race?.resume();
      case 'stop':
        return this.#race?.stop();
      default:
        return unknownCommand(command);
    }
  }

  async #start(id: string, setup: Extract<RaceCommand, { do: 'start' }>['setup']): Promise<void> {
    await this.#race?.stop();
    this.#race = null;
    try {
      if (this.#state === 'opening' || this.#state === 'unavailable')
        throw new Error(
          `race: expected an adapter that passed its self-test, got a lab that is ${this.#state}`,
        );
      this.#race = new Race(id, setup, { ...this.host, quiet: () => this.#quiet() });
    } catch (error) {
      const news: RaceNews = { what: 'state', id, state: 'failed', error: explainError(error, null) };
      this.host.onNews(news);
      return;
    }
    // Its loop goes on by itself; commands that follow must not wait for its end.
    void this.#race.start();
  }

  #quiet(): Promise<void> {
    if (!AT_WORK.has(this.#state)) return Promise.resolve();
    this.pause();
    return new Promise((resolve) => this.#rested.push(resolve));
  }
}

function unknownCommand(command: never): never {
  throw new Error(`internal: race: expected a command of the protocol, got ${JSON.stringify(command)}`);
}
