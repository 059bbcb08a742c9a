/**
 * What the page does about races: sends the visitor's wishes to the worker, folds what comes back into the store, and
 * keeps the address in step with the form while the race is on screen. Knows no React.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { RaceCommand, RaceNews } from '../../lab/race/protocol';
import { planRace, suiteOf } from '../../lab/race/setup';
import { FIRST_FORM, formFromQuery, type RaceForm, raceQuery, raceText } from './form';
import { foldLane, MOST_RACES, type Races, type RaceView, raceUnderWay, UNDER_WAY } from './state';

export interface RaceDeskHost {
  send(ask: RaceCommand): void;
  /** Shows an address; null is that of the run on the page. */
  showAddress(query: string | null): void;
}

export class RacesDesk {
  readonly store: StoreApi<Races> = createStore<Races>(() => ({
    open: false,
    form: FIRST_FORM,
    linkIssues: [],
    races: [],
    shown: null,
    axis: 'tokens',
    share: 0.95,
  }));
  #count = 0;

  constructor(private readonly host: RaceDeskHost) {}

  /** Opens the race that a link describes, ready to start; nothing where it describes none. */
  openLink(query: string): void {
    const read = formFromQuery(query);
    if (read) this.store.setState({ open: true, form: read.form, linkIssues: read.issues });
  }

  show(open: boolean): void {
    this.store.setState({ open });
    this.host.showAddress(open ? raceQuery(this.store.getState().form) : null);
  }

  /** One of the session, or the form of a new one. */
  look(id: string | null): void {
    this.store.setState({ shown: id });
  }

  change(form: RaceForm): void {
    this.store.setState({ form, linkIssues: [] });
    this.host.showAddress(raceQuery(form));
  }

  set(change: Partial<Pick<Races, 'axis' | 'share'>>): void {
    this.store.setState(change);
  }

  /** @throws ManifestError when the form is of no race. */
  start(form: RaceForm = this.store.getState().form): void {
    const setup = planRace(raceText(form));
    this.#count++;
    const race: RaceView = {
      id: `race-${this.#count}`,
      number: this.#count,
      setup,
      suite: suiteOf(setup),
      form,
      state: 'preparing',
      error: null,
      progress: null,
      deviceBytes: null,
      lanes: [],
      report: null,
    };
    this.store.setState(({ races }) => ({
      races: [...races.slice(1 - MOST_RACES), race],
      shown: race.id,
    }));
    this.host.send({ do: 'start', id: race.id, setup });
  }

  pause(): void {
    this.host.send({ do: 'pause' });
  }

  resume(): void {
    this.host.send({ do: 'resume' });
  }

  stop(): void {
    this.host.send({ do: 'stop' });
  }

  /** Pauses the race under way, or goes on with it. */
  toggle(): void {
    const race = raceUnderWay(this.store.getState());
    if (race?.state === 'paused') this.resume();
    else if (race) this.pause();
  }

  heard(news: RaceNews): void {
    switch (news.what) {
      case 'state':
        // A new race ends the one before it: what is said of that one later is of no consequence.
        this.#race(news.id, ({ progress }) => ({
          state: news.state,
          error: news.error,
          progress: UNDER_WAY.has(news.state) ? progress : null,
        }));
        return;
      case 'progress':
        this.#race(news.id, () => ({ progress: news.progress }));
        return;
      case 'events':
        this.#race(news.id, ({ lanes, suite }) => ({
          lanes: foldLane(lanes, suite, news.arm, news.seed, news.events),
        }));
        return;
      case 'report':
        this.#race(news.id, () => ({ report: news.report }));
        return;
      case 'size':
        this.#race(news.id, () => ({ deviceBytes: news.deviceBytes }));
        return;
      default:
        unknownNews(news);
    }
  }

  #race(id: string, change: (race: RaceView) => Partial<RaceView>): void {
    this.store.setState(({ races }) => ({
      races: races.map((race) => (race.id === id ? { ...race, ...change(race) } : race)),
    }));
  }
}

function unknownNews(news: never): never {
  throw new Error(`internal: races: expected news of the protocol, got ${JSON.stringify(news)}`);
}
