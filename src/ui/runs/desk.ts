/**
 * What the page does about kept runs: sends the user's wishes to the worker and writes what comes back into the
 * store. Part of the page's session; knows no React.
 */
import type { RunsCommand, RunsNews } from '../../lab/store/protocol';
import type { Manifest } from '../../run/manifest';
import type { PageStore } from '../state/store';
import { KeptSteps } from './kept-steps';
import type { RunsState } from './state';

/** What the desk needs of the session around it. */
export interface DeskHost {
  send(ask: RunsCommand): void;
  /** Clears the page for a run whose events follow, and puts its settings into the form. */
  expect(manifest: Manifest): void;
  /** The run that is being loaded is to run once it is ready; null when nothing is to follow. */
  next(next: 'run' | null): void;
}

export class RunsDesk {
  #asked = false;
  /** Steps of the run on the trainer, where it is kept. */
  #kept: KeptSteps | null = null;

  constructor(
    private readonly store: PageStore,
    private readonly host: DeskHost,
    private readonly save: (name: string, blob: Blob) => void,
  ) {}

  show(open: boolean): void {
    this.#set({ open });
    if (open) this.refresh();
  }

  refresh(): void {
    this.host.send({ do: 'list' });
  }

  continue(id: string): void {
    this.#set({ open: false, notice: null });
    this.host.next('run');
    this.host.send({ do: 'continue', id });
  }

  look(id: string): void {
    this.#set({ open: false, notice: null, fork: null });
    this.host.next(null);
    this.host.send({ do: 'look', id });
  }

  /** Puts the run's settings into the form, to be changed before the fork is started. */
  prepareFork(id: string, step: number, settings: Manifest): void {
    this.store.setState((page) => ({
      runs: { ...page.runs, open: false, notice: null, fork: { id, step } },
      settings: { ...page.settings, draft: settings, invalid: {} },
      looking: { ...page.looking, settingsOpen: true },
    }));
  }

  cancelFork(): void {
    this.#set({ fork: null });
  }

  startFork(): void {
    const { runs, settings } = this.store.getState();
    if (!runs.fork) return;
    this.#set({ fork: null });
    this.host.next('run');
    this.host.send({ do: 'fork', ...runs.fork, manifest: settings.draft });
  }

  /** Takes a run into the choice to be compared, or out of it. */
  choose(id: string, chosen: boolean): void {
    this.store.setState(({ runs }) => {
      const others = runs.chosen.filter((each) => each !== id);
      return { runs: { ...runs, chosen: chosen ? [...others, id] : others } };
    });
  }

  /** Sets the chosen runs beside each other, as soon as the worker has read them. */
  compare(ids: readonly string[]): void {
    this.#set({ comparison: { ids, runs: null }, notice: null });
    this.host.send({ do: 'digest', ids: [...ids] });
  }

  closeComparison(): void {
    this.#set({ comparison: null });
  }

  /** Saves a report of kept runs; null: of the run on the trainer. */
  report(ids: readonly string[] | null): void {
    this.#set({ waiting: 'Writing the report…', notice: null });
    this.host.send({ do: 'report', ids: ids && [...ids] });
  }

  /** Any of the commands that change what is kept. */
  ask(command: RunsCommand): void {
    this.host.send(command);
  }

  dismissNotice(): void {
    this.#set({ notice: null });
  }

  /**
   * Asks the browser, once, not to clear what is kept when space is short. It is asked when a run is started: there is
   * something to keep from then on, and the user has just done something, which is when browsers agree most readily.
   */
  persist(): void {
    const { storage, unavailable } = this.store.getState().runs;
    if (this.#asked || unavailable !== null || storage?.persisted) return;
    this.#asked = true;
    const manager = (globalThis.navigator as Navigator | undefined)?.storage;
    manager?.persist?.().then(
      (persisted) => persisted && this.refresh(),
      // A browser that cannot be asked keeps runs as long as it has room.
      () => {},
    );
  }

  heard(news: RunsNews): void {
    switch (news.what) {
      case 'list': {
        const { runs, elsewhere, current, storage } = news;
        this.store.setState((page) => {
          // What was deleted cannot be compared any more.
          const chosen = page.runs.chosen.filter((id) => runs.some((run) => run.id === id));
          return { runs: { ...page.runs, list: runs, elsewhere, current, storage, chosen } };
        });
        this.#lookBack(current);
        return;
      }
      case 'unavailable':
        this.#set({ unavailable: news.reason, list: [] });
        return;
      case 'opening':
        this.host.expect(news.manifest);
        this.#set({ shown: null, fork: null });
        return;
      case 'shown':
        this.#set({ shown: news.id });
        return;
      case 'full':
        this.#set({ full: news });
        return;
      case 'room':
        this.#set({ full: null });
        return;
      case 'steps':
        this.#kept?.answer(news);
        return;
      case 'archive':
        this.save(news.name, news.archive);
        return;
      case 'digests':
        this.store.setState(({ runs }) => {
          const { comparison } = runs;
          const asked = comparison?.ids.join() === news.digests.map(({ id }) => id).join();
          if (!comparison || !asked) return {};
          return {
            runs: { ...runs, comparison: { ...comparison, runs: news.digests.map(({ digest }) => digest) } },
          };
        });
        return;
      case 'report':
        this.#set({ waiting: null });
        this.save(news.name, new Blob([news.text], { type: 'text/html;charset=utf-8' }));
        return;
      case 'imported':
        this.#set({ notice: { kind: 'done', text: 'The run was imported.' } });
        return;
      case 'trouble':
        this.host.next(null);
        this.store.setState(({ runs }) => ({
          runs: {
            ...runs,
            waiting: null,
            // One that was still being read will not come.
            comparison: runs.comparison?.runs ? runs.comparison : null,
            notice: { kind: 'trouble', text: news.message },
          },
        }));
        return;
      default:
        unknownNews(news);
    }
  }

  /** Older steps are read from where the run is kept; while a recording is on screen, they wait with the live view. */
  #lookBack(current: string | null): void {
    const { older, replay } = this.store.getState();
    const known = replay ? replay.live.older : older;
    if (current === (this.#kept?.id ?? null) && known === this.#kept) return;
    this.#kept?.close();
    this.#kept = current === null ? null : new KeptSteps(current, this.store, (ask) => this.host.send(ask));
    const next = this.#kept;
    this.store.setState((page) =>
      page.replay
        ? { replay: { ...page.replay, live: { ...page.replay.live, older: next } } }
        : { older: next, pastError: null },
    );
  }

  #set(change: Partial<RunsState>): void {
    this.store.setState((page) => ({ runs: { ...page.runs, ...change } }));
  }
}

function unknownNews(news: never): never {
  throw new Error(`internal: runs: expected news of the protocol, got ${JSON.stringify(news)}`);
}
