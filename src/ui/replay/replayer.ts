/**
 * Shows a recorded run in place of the live one: the same store, the same panels. Puts the live view aside while the
 * recording is open and back when it is closed, and plays it step by step. Knows no React; held by the session.
 */
import type { RunEvent } from '../../run/events';
import { EMPTY_HISTORY } from '../history/history';
import { knownSteps, neighbour, recordOf, shownStepNumber } from '../history/select';
import { EMPTY_RUN, reduceEvents } from '../state/run-view';
import type { LiveView, PageState, PageStore } from '../state/store';
import { type ReaderLike, Recording, type Report } from './recording';

/** How long the next step may be awaited before it is shown by its metrics alone. */
const PATIENCE_MS = 2000;
const LOOK_MS = 30;

/** Steps a second to choose from. */
export const SPEEDS = [0.5, 1, 2, 5, 10, 20] as const;
/** A recording plays in about this time, if one of the speeds allows. */
const WHOLE_SECONDS = 60;

export class Replayer {
  readonly #store: PageStore;
  readonly #createReader: (() => ReaderLike) | undefined;
  #recording: Recording | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: PageStore, createReader?: () => ReaderLike) {
    this.#store = store;
    this.#createReader = createReader;
  }

  /**
   * Opens a recording and plays it once it is read.
   * @param source a file, or an address of this site.
   */
  open(source: Blob | string, name: string): void {
    this.close();
    this.#store.setState((page) => ({
      replay: {
        name,
        address: typeof source === 'string' ? source : null,
        done: 0,
        total: 0,
        reading: true,
        playing: false,
        note: '',
        live: liveOf(page),
      },
      replayError: null,
      ...emptyView(page),
    }));
    this.#recording = new Recording(
      source,
      {
        progress: (done, total) => this.#replay({ done, total }),
        events: (events) => this.#fold(events),
        read: ({ note, error }) => {
          const { run } = this.#store.getState();
          if (error) this.#store.setState({ replayError: { name, ...error } });
          if (run.steps.length === 0) {
            if (!error)
              this.#store.setState({
                replayError: {
                  name,
                  message: 'expected a run with a finished step, got one without',
                  remedy: 'Choose the recording of a run that got further.',
                },
              });
            this.close();
            return;
          }
          this.#replay({ reading: false, note });
          this.#store.setState({ older: this.#recording });
          this.#choosePace(run.steps.length);
          if (!matchMedia('(prefers-reduced-motion: reduce)').matches) this.play();
        },
      },
      this.#createReader,
    );
  }

  /** Back to the live run, or to the first screen. */
  close(): void {
    clearTimeout(this.#timer);
    this.#recording?.close();
    this.#recording = null;
    this.#store.setState((page) =>
      page.replay
        ? {
            ...page.replay.live,
            past: [],
            pastError: null,
            replay: null,
            looking: { ...page.looking, heldStep: null, group: 0 },
          }
        : {},
    );
  }

  /** Makes a report of the recorded run; what is in the way is told on the page. */
  async report(): Promise<Report | null> {
    const { replay } = this.#store.getState();
    if (!replay || !this.#recording) return null;
    try {
      return await this.#recording.report(replay.name.replace(/(\.jsonl)?(\.gz)?$/, ''));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const notice = { kind: 'trouble' as const, text: message };
      this.#store.setState((page) => ({ runs: { ...page.runs, notice } }));
      return null;
    }
  }

  toggle(): void {
    if (this.#store.getState().replay?.playing) this.pause();
    else this.play();
  }

  /** From the step on screen on; from the first where that is the last. */
  play(): void {
    const page = this.#store.getState();
    if (!page.replay || page.replay.reading) return;
    const known = knownSteps(page);
    if (shownStepNumber(page) === known.at(-1)) this.#hold(known[0]);
    this.#replay({ playing: true });
    this.#later();
  }

  pause(): void {
    clearTimeout(this.#timer);
    this.#replay({ playing: false });
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(0), 1000 / this.#store.getState().looking.stepsPerSecond);
  }

  #next(waited: number): void {
    const page = this.#store.getState();
    if (!page.replay?.playing) return;
    const step = neighbour(page, 1);
    if (step === null) {
      this.pause();
      return;
    }
    const due = page.older?.has(step) && !recordOf(page, step)?.whole;
    if (due && waited < PATIENCE_MS) {
      this.#timer = setTimeout(() => this.#next(waited + LOOK_MS), LOOK_MS);
      return;
    }
    this.#hold(step);
    this.#later();
  }

  #hold(step: number): void {
    this.#store.setState((page) => ({ looking: { ...page.looking, heldStep: step } }));
  }

  #fold(events: readonly RunEvent[]): void {
    this.#store.setState((page) => {
      const run = reduceEvents(page.run, events);
      // It begins where the run began, not where the reading has got to.
      const heldStep = page.looking.heldStep ?? run.steps[0]?.step ?? null;
      return {
        run,
        ...(heldStep !== page.looking.heldStep && { looking: { ...page.looking, heldStep } }),
      };
    });
  }

  #choosePace(steps: number): void {
    const stepsPerSecond = SPEEDS.find((speed) => speed >= 1 && steps / speed <= WHOLE_SECONDS) ?? 20;
    this.#store.setState((page) => ({ looking: { ...page.looking, stepsPerSecond } }));
  }

  #replay(change: Partial<NonNullable<PageState['replay']>>): void {
    this.#store.setState((page) => (page.replay ? { replay: { ...page.replay, ...change } } : {}));
  }
}

const liveOf = ({ run, history, older }: PageState): LiveView => ({ run, history, older });

const emptyView = (page: PageState): Partial<PageState> => ({
  run: EMPTY_RUN,
  history: EMPTY_HISTORY,
  past: [],
  older: null,
  pastError: null,
  looking: { ...page.looking, heldStep: null, group: 0 },
});
