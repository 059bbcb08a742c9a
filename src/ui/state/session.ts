/**
 * The page's session with the worker: sends commands, folds messages into the store once a frame, and keeps
 * the URL in step with the settings. The only place where the page talks to the worker; knows no React.
 */
import { LabClient, type WorkerLike } from '../../lab/client';
import type { BenchmarkRequest, Going, LabState } from '../../lab/protocol';
import type { RunEvent } from '../../run/events';
import type { Knob, Manifest } from '../../run/manifest';
import { manifestToQuery } from '../../run/manifest-query';
import { PastFetcher } from '../history/fetch-past';
import { EMPTY_HISTORY, recordEvents } from '../history/history';
import { nearestStep, neighbour, newestStep } from '../history/select';
import { InspectorDesk } from '../inspector/desk';
import { ModelsDesk } from '../models/desk';
import { RacesDesk } from '../race/desk';
import type { ReaderLike } from '../replay/recording';
import { Replayer } from '../replay/replayer';
import { RunsDesk } from '../runs/desk';
import { OpinionDesk } from '../second-opinion/desk';
import { linkTo, showAddress } from './address';
import { type Allowed, allowedIn, factsOf } from './allowed';
import { downloadFiles, saveBlob } from './download';
import { FrameQueue } from './frames';
import { EMPTY_RUN, reduceEvents } from './run-view';
import {
  allDefaults,
  applyPreset,
  changedKeys,
  hasInvalid,
  resetKnob,
  type Settings,
  typeKnob,
} from './settings';
import type { Lab, Looking, PageState, PageStore } from './store';

const fold = <T extends Pick<PageState, 'run' | 'history'>>(view: T, events: readonly RunEvent[]) => ({
  ...view,
  run: reduceEvents(view.run, events),
  history: recordEvents(view.history, events),
  // A stretch that begins anew takes steps again that may have been read back.
  ...(events.some((event) => event.type === 'run_started') && { past: [] }),
});

export class Session {
  readonly store: PageStore;
  readonly replayer: Replayer;
  /** The runs this browser keeps. */
  readonly runs: RunsDesk;
  /** Policies tried and evaluated beside training. */
  readonly opinion: OpinionDesk;
  readonly races: RacesDesk;
  /** Models from elsewhere. */
  readonly models: ModelsDesk;
  /** The rollout that is looked at token by token. */
  readonly inspector: InspectorDesk;
  readonly #client: LabClient;
  readonly #events: FrameQueue<RunEvent>;
  /** What to do once the kept run that is being opened is ready. */
  #next: Going | null = null;
  /** A load was sent, and nothing of the new run has come yet: what still arrives belongs to the old one. */
  #stale = false;

  constructor(store: PageStore, createWorker?: () => WorkerLike, createReader?: () => ReaderLike) {
    this.store = store;
    this.replayer = new Replayer(store, createReader);
    new PastFetcher(store);
    this.inspector = new InspectorDesk(store, (request) => this.#client.send({ type: 'inspect', request }));
    this.#events = new FrameQueue((events) =>
      store.setState((page) =>
        page.replay
          ? { replay: { ...page.replay, live: fold(page.replay.live, events) } }
          : fold(page, events),
      ),
    );
    this.#client = new LabClient(
      {
        state: (message) => this.#entered(message.state, message.step),
        progress: ({ progress }) =>
          this.#lab((lab) => ({ progress: { ...lab.progress, [progress.task]: progress } })),
        opened: ({ adapter, selfTest }) => {
          this.#lab(() => ({ adapter, selfTest }));
          // A page that was reloaded gives its run free only a moment after the new one has begun.
          this.runs.refresh();
        },
        loaded: ({ manifest, parameters, deviceBytes }) => {
          this.#stale = false;
          this.#lab(() => ({ loaded: { manifest, parameters, deviceBytes }, error: null }));
        },
        events: ({ events }) => this.#arrived(events),
        benchmarks: ({ status }) => {
          if (!this.#stale) this.#lab(() => ({ benchmarks: status }));
        },
        inspected: ({ answer }) => this.inspector.heard(answer),
        checkpoint: ({ step, files }) => downloadFiles(`masa-lab-step-${step}`, files),
        policy: (message) => this.opinion.handed(message),
        runs: ({ news }) => this.runs.heard(news),
        race: ({ news }) => this.races.heard(news),
        models: ({ news }) => this.models.heard(news),
        error: ({ error }) => {
          this.#next = null;
          this.#lab(() => ({ error }));
        },
      },
      createWorker,
    );
    this.opinion = new OpinionDesk(store, (command) => this.#client.send(command), saveBlob);
    this.runs = new RunsDesk(
      store,
      {
        send: (ask) => this.#client.send({ type: 'runs', ask }),
        expect: (manifest) => this.#expect(manifest),
        next: (next) => {
          this.#next = next;
        },
      },
      saveBlob,
    );
    this.races = new RacesDesk({
      send: (ask) => this.#client.send({ type: 'race', ask }),
      showAddress: (query) => showAddress(query ?? manifestToQuery(store.getState().settings.draft)),
    });
    this.models = new ModelsDesk(
      store,
      (ask) => this.#client.send({ type: 'models', ask }),
      (model) => this.#settings((settings) => ({ ...settings, draft: { ...settings.draft, model } })),
    );
  }

  /** @param expectsRun the visitor sees the settings with a button to run them, which is then made ready. */
  open(expectsRun: boolean): void {
    this.#client.send({ type: 'open', baseUrl: new URL('./', document.baseURI).href });
    const { settings } = this.store.getState();
    if (expectsRun && !hasInvalid(settings)) this.#client.send({ type: 'expect', manifest: settings.draft });
  }

  /** Goes on, or starts: loads first when nothing is loaded or the settings changed before the first step. */
  run(): void {
    this.#go('run');
  }

  step(): void {
    this.#go('step');
  }

  pause(): void {
    this.#client.send({ type: 'pause' });
  }

  /** Goes on to where the next phase begins, loading first where that is due. */
  phase(): void {
    this.#go('phase');
  }

  /** Times the kernels of the next step of the run that is loaded; at rest, takes one. */
  profileStep(): void {
    const { lab } = this.store.getState();
    if (!lab.loaded) return;
    this.#client.send({ type: 'profile' });
    if (lab.state === 'ready' || lab.state === 'paused') this.#client.send({ type: 'step' });
  }

  /** Opens a recorded run in place of the live one, which pauses. */
  openRecording(source: Blob | string, name: string): void {
    if (this.allowed().pause) this.pause();
    this.replayer.open(source, name);
  }

  dismissReplayError(): void {
    this.store.setState({ replayError: null });
  }

  /** Shows a step in every panel; the newest of a live run is followed as it goes on. */
  seek(step: number | null): void {
    const page = this.store.getState();
    const nearest = step === null ? null : nearestStep(page, step);
    const follow = nearest === null || (!page.replay && nearest === newestStep(page));
    this.look({ heldStep: follow ? null : nearest });
  }

  /** To the step before or after the one on screen. */
  seekBy(by: -1 | 1): void {
    const step = neighbour(this.store.getState(), by);
    if (step !== null) this.seek(step);
  }

  /** What a live run waits between steps, from now on. */
  pace(delayMs: number): void {
    this.look({ delayMs });
    this.#client.send({ type: 'pace', delayMs });
  }

  /** Space: pause when running or playing, else run or play. */
  toggle(): void {
    const allowed = this.allowed();
    if (this.store.getState().replay) this.replayer.toggle();
    else if (allowed.pause) this.pause();
    else if (allowed.run) this.run();
  }

  stop(): void {
    this.#client.send({ type: 'stop' });
  }

  /** Back to step 0 with the settings of the form; the same settings give the same initialisation. */
  reset(): void {
    this.#load(null);
  }

  recover(): void {
    this.#lab(() => ({ error: null }));
    this.#client.send({ type: 'recover' });
  }

  /** Runs every stored reference case, not only the small one of the start. */
  checkEverything(): void {
    this.#client.send({ type: 'check' });
  }

  /** Answers benchmark sets with the policy as it is after the step under way, or now when none is. */
  answerBenchmarks(request: BenchmarkRequest): void {
    if (this.allowed().benchmarks) this.#client.send({ type: 'benchmarks', request });
  }

  cancelBenchmarks(): void {
    this.#client.send({ type: 'cancel-benchmarks' });
  }

  exportCheckpoint(): void {
    this.#client.send({ type: 'export-checkpoint' });
  }

  allowed(): Allowed {
    const page = this.store.getState();
    return allowedIn(page.lab.state, factsOf(page));
  }

  typeKnob(knob: Knob, text: string): void {
    this.#settings((settings) => typeKnob(settings, knob, text));
  }

  resetKnob(knob: Knob): void {
    this.#settings((settings) => resetKnob(settings, knob));
  }

  applyPreset(name: string): void {
    this.#settings((settings) => applyPreset(settings, name));
  }

  allDefaults(): void {
    this.#settings(allDefaults);
  }

  /** Puts the settings of the run on screen back into the form. */
  discardChanges(): void {
    const { loaded } = this.store.getState().lab;
    if (loaded) this.#settings((settings) => ({ ...settings, draft: loaded.manifest, invalid: {} }));
  }

  dismissLinkIssues(): void {
    this.store.setState((page) => ({ settings: { ...page.settings, linkIssues: [] } }));
  }

  dismissError(): void {
    this.#lab(() => ({ error: null }));
  }

  look(change: Partial<Looking>): void {
    this.store.setState((page) => ({ looking: { ...page.looking, ...change } }));
  }

  #go(how: Going): void {
    const { lab, settings } = this.store.getState();
    if (!this.allowed()[how === 'phase' ? 'step' : how]) return;
    const untouched = lab.state === 'ready' && lab.step === 0;
    const fits = lab.loaded !== null && changedKeys(settings, lab.loaded.manifest).length === 0;
    const goesOn = lab.state === 'paused' || (lab.state === 'ready' && (fits || !untouched));
    if (goesOn) this.#client.send({ type: how });
    else this.#load(how);
  }

  #load(next: Going | null): void {
    const { settings } = this.store.getState();
    if (hasInvalid(settings)) return;
    this.#next = null;
    this.#stale = true;
    this.#clear();
    this.runs.persist();
    this.#lab(({ progress }) => ({
      error: null,
      benchmarks: null,
      loaded: null,
      step: 0,
      state: 'loading',
      progress: { adapter: progress.adapter, 'self-test': progress['self-test'] },
    }));
    this.#client.send({ type: 'load', manifest: settings.draft, ...(next && { goOn: next }) });
  }

  /** Room for another run: nothing of the last one stays on screen, a recording neither. */
  #clear(): void {
    this.replayer.close();
    this.#events.clear();
    this.store.setState(({ looking, runs }) => ({
      run: EMPTY_RUN,
      history: EMPTY_HISTORY,
      past: [],
      older: null,
      pastError: null,
      looking: { ...looking, group: 0, heldStep: null },
      runs: { ...runs, shown: null, fork: null },
    }));
  }

  /** A kept run's events follow: the page shows it, and the form has its settings. */
  #expect(manifest: Manifest): void {
    this.#stale = false;
    this.#clear();
    this.#lab(() => ({ loaded: null, error: null, step: 0 }));
    this.#settings((settings) => ({ ...settings, draft: manifest, invalid: {} }));
  }

  #entered(state: LabState, step: number): void {
    // Where a run is seen to rest, all that it has said is on screen.
    if (['paused', 'finished', 'failed'].includes(state)) this.#events.flush();
    this.#lab(() => ({ state, step }));
    if (state !== 'ready' || this.#next === null) return;
    const next = this.#next;
    this.#next = null;
    this.#client.send({ type: next });
  }

  #arrived(events: readonly RunEvent[]): void {
    const start = this.#stale ? events.findIndex((event) => event.type === 'run_started') : 0;
    if (start < 0) return;
    this.#stale = false;
    this.#events.push(events.slice(start));
  }

  #lab(change: (lab: Lab) => Partial<Lab>): void {
    this.store.setState((page) => ({ lab: { ...page.lab, ...change(page.lab) } }));
  }

  #settings(change: (settings: Settings) => Settings): void {
    this.store.setState((page) => ({ settings: change(page.settings) }));
    const { draft } = this.store.getState().settings;
    history.replaceState(null, '', linkTo(draft));
  }
}
