import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WorkerLike } from '../../lab/client';
import type { Command, Message } from '../../lab/protocol';
import type { RunsNews } from '../../lab/store/protocol';
import { madeUp } from '../../report/testing';
import { DEFAULT_MANIFEST, parseManifest } from '../../run/manifest';
import { finished, runStarted, stepMetrics, wholeStep } from '../state/run-fixture';
import { Session } from '../state/session';
import { settingsOf } from '../state/settings';
import { createPageStore } from '../state/store';
import { saveReport } from './save-report';

/** The other end of the protocol, by hand. */
class Stand extends EventTarget implements WorkerLike {
  readonly commands: Command[] = [];
  terminate = vi.fn();
  postMessage(command: Command): void {
    this.commands.push(command);
  }
  say(...messages: Message[]): void {
    for (const data of messages) this.dispatchEvent(new MessageEvent('message', { data }));
  }
  news(news: RunsNews): void {
    this.say({ type: 'runs', news });
  }
}

let frames: (() => void)[] = [];
const nextFrame = () => {
  for (const frame of frames.splice(0)) frame();
};

beforeEach(() => {
  frames = [];
  vi.stubGlobal('requestAnimationFrame', (frame: () => void) => frames.push(frame));
  vi.stubGlobal('document', { hidden: false, baseURI: 'http://localhost/lab/' });
  vi.stubGlobal('location', { href: 'http://localhost/lab/' });
  vi.stubGlobal('history', { replaceState: vi.fn() });
});
afterEach(() => vi.unstubAllGlobals());

function begin() {
  const worker = new Stand();
  const session = new Session(createPageStore(settingsOf(DEFAULT_MANIFEST)), () => worker);
  worker.say({ type: 'state', state: 'idle', step: 0 });
  return { worker, session, page: () => session.store.getState() };
}

const HOT = parseManifest({ learning_rate: 0.01, steps: 9 });

test('a run that goes on brings its settings and all it has said, and runs once it is ready', () => {
  const { worker, session, page } = begin();
  session.runs.continue('a');
  expect(worker.commands.at(-1)).toEqual({ type: 'runs', ask: { do: 'continue', id: 'a' } });
  worker.news({ what: 'opening', manifest: HOT });
  worker.say({ type: 'events', events: [runStarted(0, HOT), stepMetrics(0), stepMetrics(1)] });
  worker.say({ type: 'events', events: [runStarted(2, HOT)] });
  worker.say({ type: 'state', state: 'ready', step: 2 });
  nextFrame();
  expect(page().run.steps.map((point) => point.step)).toEqual([0, 1]);
  expect(page().settings.draft).toEqual(HOT);
  expect(worker.commands.at(-1)).toEqual({ type: 'run' });
});

test('what is on screen stays until the run that was asked for really opens, and trouble starts nothing', () => {
  const { worker, session, page } = begin();
  worker.say({ type: 'events', events: [runStarted(), stepMetrics(0)] });
  nextFrame();
  session.runs.continue('a');
  worker.news({ what: 'trouble', message: 'mine: this run is open in another tab' });
  expect(page().run.steps).toHaveLength(1);
  expect(page().runs.notice).toEqual({ kind: 'trouble', text: 'mine: this run is open in another tab' });
  worker.say({ type: 'state', state: 'ready', step: 0 });
  expect(worker.commands.filter((command) => command.type === 'run')).toEqual([]);
});

test('a run that is looked at is on the page and not on the trainer; Run then starts a new one with its settings', () => {
  const { worker, session, page } = begin();
  session.runs.look('a');
  worker.news({ what: 'opening', manifest: HOT });
  worker.say({ type: 'events', events: [runStarted(0, HOT), stepMetrics(0)] });
  worker.news({ what: 'shown', id: 'a' });
  nextFrame();
  expect(page().runs.shown).toBe('a');
  expect(page().lab.loaded).toBeNull();
  session.run();
  expect(worker.commands.at(-1)).toEqual({ type: 'load', manifest: HOT, goOn: 'run' });
  expect(page().runs.shown).toBeNull();
});

test('a fork starts with what the form holds when it is started, from the step that was chosen', () => {
  const { worker, session, page } = begin();
  session.runs.prepareFork('a', 4, HOT);
  expect(page().settings.draft).toEqual(HOT);
  session.store.setState((now) => ({ settings: { ...now.settings, draft: { ...HOT, seed: 3 } } }));
  session.runs.startFork();
  expect(worker.commands.at(-1)).toEqual({
    type: 'runs',
    ask: { do: 'fork', id: 'a', step: 4, manifest: { ...HOT, seed: 3 } },
  });
  expect(page().runs.fork).toBeNull();
});

test('after a failure the step to go back to is the one that was kept, checkpoint or not', () => {
  const { worker, session } = begin();
  const failed = { ...finished(3, 'failed'), last_checkpoint: 2 };
  worker.say({ type: 'loaded', manifest: DEFAULT_MANIFEST, parameters: 1, deviceBytes: 1 });
  worker.say({ type: 'events', events: [runStarted(), stepMetrics(0), stepMetrics(1), failed] });
  worker.say({ type: 'state', state: 'failed', step: 3 });
  nextFrame();
  expect(session.allowed().recover).toBe(true);
});

test('the browser is asked once to keep what is kept, when a run is started', async () => {
  const persist = vi.fn(async () => true);
  vi.stubGlobal('navigator', { storage: { persist } });
  const { worker, session } = begin();
  expect(persist).not.toHaveBeenCalled();
  session.run();
  session.reset();
  expect(persist).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(worker.commands).toContainEqual({ type: 'runs', ask: { do: 'list' } }));
});

test('without kept runs the page says why, and nothing else changes', () => {
  const { worker, session, page } = begin();
  worker.news({ what: 'unavailable', reason: 'This browser keeps no files.' });
  expect(page().runs).toMatchObject({ unavailable: 'This browser keeps no files.', list: [] });
  session.run();
  expect(worker.commands.at(-1)).toEqual({ type: 'load', manifest: DEFAULT_MANIFEST, goOn: 'run' });
});

test('older steps of the run on the trainer are read back from where it is kept, and of no other run', async () => {
  const { worker, session, page } = begin();
  const list = (current: string | null): RunsNews => ({
    what: 'list',
    runs: [],
    elsewhere: [],
    current,
    storage: null,
  });
  worker.say({
    type: 'events',
    events: [runStarted(), ...Array.from({ length: 90 }, (_, s) => stepMetrics(s))],
  });
  nextFrame();
  expect(page().older).toBeNull();
  worker.news(list('a'));
  const first = page().older;
  expect(first?.has(3)).toBe(true);
  // The list comes after every change; the same run is read by the same reader.
  worker.news(list('a'));
  expect(page().older).toBe(first);
  // Step 3 is only known by its metrics until it is looked at.
  session.seek(3);
  const asked = worker.commands.flatMap((command) =>
    command.type === 'runs' && command.ask.do === 'read-steps' ? [command.ask] : [],
  );
  expect(asked[0].steps).toEqual([3]);
  worker.news({ what: 'steps', request: asked[0].request, steps: [wholeStep(3)], problem: '' });
  await vi.waitFor(() => expect(page().past.map((record) => record.step)).toEqual([3]));
  expect(page().past[0].groups.length).toBeGreaterThan(0);
  // A stretch that begins anew takes steps again, and nothing of them is kept.
  worker.say({ type: 'events', events: [runStarted(2)] });
  nextFrame();
  expect(page().past).toEqual([]);
  worker.news(list(null));
  expect(page().older).toBeNull();
});

test('runs are set beside each other once the worker has read them, and only those that were asked for', () => {
  const { worker, session, page } = begin();
  const { runs } = session;
  runs.choose('a', true);
  runs.choose('b', true);
  runs.choose('a', false);
  runs.choose('a', true);
  expect(page().runs.chosen).toEqual(['b', 'a']);
  runs.compare(page().runs.chosen);
  expect(worker.commands.at(-1)).toEqual({ type: 'runs', ask: { do: 'digest', ids: ['b', 'a'] } });
  const digest = madeUp({ tokens: [100], accuracy: { 1: 0.5 } });
  worker.news({ what: 'digests', digests: [{ id: 'c', digest }] });
  expect(page().runs.comparison?.runs).toBeNull();
  worker.news({ what: 'digests', digests: ['b', 'a'].map((id) => ({ id, digest })) });
  expect(page().runs.comparison?.runs).toEqual([digest, digest]);
  // What goes wrong elsewhere leaves it on screen; while it is being read, it would be waited for in vain.
  worker.news({ what: 'trouble', message: 'no' });
  expect(page().runs.comparison).not.toBeNull();
  runs.compare(['a', 'b']);
  worker.news({ what: 'trouble', message: 'no' });
  expect(page().runs.comparison).toBeNull();
  worker.news({ what: 'list', runs: [], elsewhere: [], current: null, storage: null });
  expect(page().runs.chosen).toEqual([]);
});

test('a report is of the run on screen: the one looked at, else the one on the trainer', async () => {
  const { worker, session, page } = begin();
  await saveReport(session);
  expect(worker.commands.at(-1)).toEqual({ type: 'runs', ask: { do: 'report', ids: null } });
  expect(page().runs.waiting).toBe('Writing the report…');
  worker.news({ what: 'trouble', message: 'There is no run to report on yet: start one first.' });
  expect(page().runs).toMatchObject({ waiting: null, notice: { kind: 'trouble' } });
  worker.news({ what: 'shown', id: 'a' });
  await saveReport(session);
  expect(worker.commands.at(-1)).toEqual({ type: 'runs', ask: { do: 'report', ids: ['a'] } });
});
