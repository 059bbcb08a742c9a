import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { WorkerLike } from '../../lab/client';
import type { Command, LabState, Message } from '../../lab/protocol';
import { DEFAULT_MANIFEST, KNOBS } from '../../run/manifest';
import { allowedIn } from './allowed';
import { runStarted, stepMetrics, wholeStep } from './run-fixture';
import { Session } from './session';
import { settingsOf } from './settings';
import { createPageStore } from './store';

/** The other end of the protocol, by hand: records commands, says what the test tells it to. */
class Stand extends EventTarget implements WorkerLike {
  readonly commands: Command[] = [];
  terminate = vi.fn();
  postMessage(command: Command): void {
    this.commands.push(command);
  }
  say(...messages: Message[]): void {
    for (const data of messages) this.dispatchEvent(new MessageEvent('message', { data }));
  }
  enter(state: LabState, step = 0): void {
    this.say({ type: 'state', state, step });
  }
  get last(): Command | undefined {
    return this.commands.at(-1);
  }
}

let frames: (() => void)[] = [];
const nextFrame = () => {
  const due = frames;
  frames = [];
  for (const frame of due) frame();
};

beforeEach(() => {
  frames = [];
  vi.stubGlobal('requestAnimationFrame', (frame: () => void) => frames.push(frame));
  vi.stubGlobal('document', { hidden: false, baseURI: 'http://localhost/lab/' });
  vi.stubGlobal('location', { href: 'http://localhost/lab/?old=1#here' });
  vi.stubGlobal('history', { replaceState: vi.fn() });
});
afterEach(() => vi.unstubAllGlobals());

function begin() {
  const worker = new Stand();
  const session = new Session(createPageStore(settingsOf(DEFAULT_MANIFEST)), () => worker);
  return { worker, session, page: () => session.store.getState() };
}

const loaded = (manifest = DEFAULT_MANIFEST): Message => ({
  type: 'loaded',
  manifest,
  parameters: 10,
  deviceBytes: 100,
});
const knob = (key: string) => KNOBS.find((each) => each.key === key)!;

function begun() {
  const all = begin();
  all.worker.enter('idle');
  all.session.run();
  all.worker.say({ type: 'events', events: [runStarted()] });
  all.worker.enter('ready');
  all.worker.say(loaded());
  all.worker.enter('running');
  return all;
}

test('run loads the settings first, to be run as soon as they are ready', () => {
  const { worker, session } = begin();
  worker.enter('idle');
  session.run();
  expect(worker.commands).toEqual([{ type: 'load', manifest: DEFAULT_MANIFEST, goOn: 'run' }]);
  worker.enter('loading');
  worker.enter('ready');
  worker.enter('running');
  expect(worker.commands).toHaveLength(1);
});

test('the first step of a page that has loaded nothing loads and steps; a reset loads alone', () => {
  const { worker, session } = begin();
  worker.enter('idle');
  session.step();
  expect(worker.last).toEqual({ type: 'load', manifest: DEFAULT_MANIFEST, goOn: 'step' });
  worker.enter('paused', 1);
  session.reset();
  expect(worker.last).toEqual({ type: 'load', manifest: DEFAULT_MANIFEST });
});

test('a page with a run to start says at once which it will be; one with a recording does not', () => {
  const visited = begin();
  visited.session.open(true);
  expect(visited.worker.commands).toEqual([
    { type: 'open', baseUrl: 'http://localhost/lab/' },
    { type: 'expect', manifest: DEFAULT_MANIFEST },
  ]);
  const watched = begin();
  watched.session.open(false);
  expect(watched.worker.commands.map(({ type }) => type)).toEqual(['open']);
});

test('space pauses a running run and resumes a paused one, whatever the form holds', () => {
  const { worker, session } = begun();
  session.toggle();
  expect(worker.last).toEqual({ type: 'pause' });
  worker.enter('paused', 3);
  session.typeKnob(knob('num_generations'), '1');
  session.toggle();
  expect(worker.last).toEqual({ type: 'run' });
});

test('settings changed before the first step are loaded by run; later they wait for a reset', () => {
  const { worker, session, page } = begun();
  worker.enter('ready', 0);
  session.typeKnob(knob('seed'), '5');
  session.run();
  expect(worker.last).toEqual({
    type: 'load',
    manifest: { ...DEFAULT_MANIFEST, seed: 5 },
    goOn: 'run',
  });
  worker.say(loaded(page().settings.draft));
  worker.enter('paused', 4);
  session.typeKnob(knob('seed'), '6');
  session.run();
  expect(worker.last).toEqual({ type: 'run' });
  session.reset();
  expect(worker.last).toEqual({ type: 'load', manifest: { ...DEFAULT_MANIFEST, seed: 6 } });
});

test('a form with a wrong value starts nothing', () => {
  const { worker, session } = begin();
  worker.enter('idle');
  session.typeKnob(knob('num_generations'), '1');
  session.run();
  session.reset();
  expect(worker.commands).toEqual([]);
});

test('events are folded once a frame, in order', () => {
  const { worker, session, page } = begun();
  nextFrame();
  const changes = vi.fn();
  session.store.subscribe(changes);
  for (const event of wholeStep(0)) worker.say({ type: 'events', events: [event] });
  expect(changes).not.toHaveBeenCalled();
  nextFrame();
  expect(changes).toHaveBeenCalledTimes(1);
  expect(page().run.steps.map((point) => point.step)).toEqual([0]);
});

test('a run that comes to rest shows all it has said at once, and nothing of it again', () => {
  const { worker, page } = begun();
  nextFrame();
  for (const state of ['paused', 'finished', 'failed'] as const) {
    const step = page().run.steps.length;
    worker.enter('running', step);
    worker.say({ type: 'events', events: [stepMetrics(step)] });
    expect(page().run.steps).toHaveLength(step);
    worker.enter(state, step + 1);
    expect(page().run.steps.map((point) => point.step)).toHaveLength(step + 1);
    nextFrame();
    expect(page().run.steps).toHaveLength(step + 1);
  }
});

test('after a reset, what the old run still says is passed over', () => {
  const { worker, session, page } = begun();
  worker.say({ type: 'events', events: [stepMetrics(0)] });
  session.reset();
  worker.say({ type: 'events', events: [stepMetrics(1)] });
  nextFrame();
  expect(page().run.steps).toEqual([]);
  worker.say({ type: 'events', events: [stepMetrics(2), runStarted(), stepMetrics(0)] });
  nextFrame();
  expect(page().run.facts).not.toBeNull();
  expect(page().run.steps.map((point) => point.step)).toEqual([0]);
});

test('an error is kept until the next run is loaded, and cancels what was to follow', () => {
  const { worker, session, page } = begin();
  worker.enter('idle');
  session.run();
  worker.enter('failed');
  worker.say({ type: 'error', error: { code: 'memory-plan', message: 'too large', remedy: 'lower it' } });
  expect(page().lab.error?.code).toBe('memory-plan');
  worker.enter('ready');
  expect(worker.commands.map((command) => command.type)).toEqual(['load']);
  worker.say(loaded());
  expect(page().lab.error).toBeNull();
});

test('a worker that dies is an error of the page, not a silence', () => {
  const { worker, page } = begin();
  worker.dispatchEvent(
    Object.assign(new Event('error'), { message: 'boom', filename: 'worker.js', lineno: 3 }),
  );
  expect(page().lab.error).toMatchObject({ code: 'internal', message: expect.stringContaining('boom') });
});

test('the address follows the settings and keeps its fragment', () => {
  const { session } = begin();
  session.typeKnob(knob('seed'), '9');
  expect(history.replaceState).toHaveBeenLastCalledWith(null, '', 'http://localhost/lab/?v=1&seed=9#here');
});

test('benchmark sets are asked for once a run is loaded, and their status is that of the run on screen', () => {
  const request = { names: ['all'], samples: 2 };
  const { worker, session, page } = begin();
  worker.enter('idle');
  session.answerBenchmarks(request);
  expect(worker.commands).toEqual([]);
  session.run();
  worker.enter('ready');
  worker.say(loaded());
  worker.enter('running');
  session.answerBenchmarks(request);
  expect(worker.last).toEqual({ type: 'benchmarks', request });
  worker.say({ type: 'benchmarks', status: { stage: 'waiting' } });
  expect(page().lab.benchmarks).toEqual({ stage: 'waiting' });
  session.cancelBenchmarks();
  expect(worker.last).toEqual({ type: 'cancel-benchmarks' });
  session.reset();
  worker.say({ type: 'benchmarks', status: { stage: 'cancelled' } });
  expect(page().lab.benchmarks).toBeNull();
});

describe('what is allowed', () => {
  const facts = { valid: true, hasCheckpoint: true, loaded: true };
  test.each<[LabState, string[]]>([
    ['opening', []],
    ['unavailable', []],
    ['idle', ['run', 'step']],
    ['loading', []],
    ['ready', ['run', 'step', 'reset', 'benchmarks']],
    ['running', ['pause', 'reset', 'stop', 'benchmarks']],
    ['pausing', ['reset', 'stop', 'benchmarks']],
    ['paused', ['run', 'step', 'reset', 'stop', 'benchmarks']],
    ['benchmarking', ['reset', 'stop']],
    ['finished', ['run', 'reset', 'benchmarks']],
    ['failed', ['reset', 'recover']],
  ])('in %s: %j', (state, expected) => {
    const allowed = Object.entries(allowedIn(state, facts));
    expect(allowed.filter(([, may]) => may).map(([name]) => name)).toEqual(expected);
  });

  test('a load that failed may be tried again', () => {
    expect(allowedIn('failed', { ...facts, loaded: false }).run).toBe(true);
  });
});
