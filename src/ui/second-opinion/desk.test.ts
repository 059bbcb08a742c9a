import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LabError, Message } from '../../lab/protocol';
import type { OpinionMessage } from '../../lab/second-opinion/protocol';
import { SHIPPED_POLICIES } from '../../lab/second-opinion/shipped';
import type { RunEntry } from '../../lab/store/entry';
import { parseManifest } from '../../run/manifest';
import { getTask } from '../../tasks';
import { parseProblem } from '../../tasks/problem-text';
import { settingsOf } from '../state/settings';
import { createPageStore } from '../state/store';
import { OpinionDesk } from './desk';
import { isPaired, ownEvaluation } from './own-evaluation';
import { factsOf, findSource, hasAdapter, sourceOptions } from './sources';

const MANIFEST = parseManifest({
  name: 'mine',
  seed: 3,
  eval_problems: 8,
  meta_adapter: 'lora',
  masa_meta: 'observe',
});

const ENTRY = {
  id: 'a1',
  name: 'kept one',
  manifest: MANIFEST,
  steps: 7,
  accuracy: { suite: 'in-domain', step: 5, correct: 4, samples: 8, accuracy: 0.5, low: 0.2, high: 0.8 },
  checkpoints: [
    { step: 2, bytes: 1, evaluated: false, pinned: false },
    { step: 5, bytes: 1, evaluated: true, pinned: false },
  ],
} as unknown as RunEntry;

/** Stands in for the thread. */
class Stand extends EventTarget {
  readonly posted: { type: string; job?: number }[] = [];
  terminate = vi.fn();
  postMessage(message: { type: string; job?: number }): void {
    this.posted.push(message);
  }
  say(message: OpinionMessage): void {
    this.dispatchEvent(new MessageEvent('message', { data: message }));
  }
}

function begin({ loaded = true } = {}) {
  const page = createPageStore(settingsOf(MANIFEST, []));
  if (loaded)
    page.setState(({ lab }) => ({
      lab: { ...lab, step: 4, loaded: { manifest: MANIFEST, parameters: 1, deviceBytes: 1 } },
    }));
  const worker = new Stand();
  const asked: { request: number; kept: unknown }[] = [];
  const saved: string[] = [];
  const desk = new OpinionDesk(
    page,
    (command) => asked.push(command),
    (name) => saved.push(name),
    () => worker,
  );
  const hand = (request: number, handed: Extract<Message, { type: 'policy' }>['handed']) =>
    desk.handed({ type: 'policy', request, handed });
  return { page, worker, desk, asked, saved, hand };
}

const HANDED = { step: 4, manifest: MANIFEST, files: [{ name: 'config.json', bytes: new ArrayBuffer(2) }] };
const SCORE = { correct: 6, samples: 8, accuracy: 0.75, low: 0.4, high: 0.9 };

beforeEach(() => vi.stubGlobal('document', { baseURI: 'http://lab.test/page' }));
afterEach(() => vi.unstubAllGlobals());

describe('the sources', () => {
  it('are the run’s policy, shipped ones and every kept step, and what is gone falls back to the usual one', () => {
    const { page } = begin();
    page.setState(({ runs }) => ({ runs: { ...runs, list: [ENTRY] } }));
    const facts = factsOf(page.getState());
    expect(sourceOptions(facts).map(({ value }) => value)).toEqual([
      'run',
      ...SHIPPED_POLICIES.map(({ name }) => `shipped ${name}`),
      'kept a1 7',
      'kept a1 5',
      'kept a1 2',
    ]);
    expect(findSource(facts, 'kept a1 5').source).toMatchObject({ kind: 'kept', step: 5 });
    expect(findSource(facts, 'kept gone 5').value).toBe('run');
    expect(findSource({ ...facts, elsewhere: ['a1'] }, 'kept a1 5').value).toBe('run');
    expect(hasAdapter(findSource(facts, 'run').source)).toBe(true);
    expect(hasAdapter(findSource(facts, 'shipped ladder-base').source)).toBe(false);
  });

  it('without a run, a trained policy that came with the page is the usual one', () => {
    const { page } = begin({ loaded: false });
    expect(findSource(factsOf(page.getState()), null).value).toBe('shipped ladder-masa');
  });
});

describe('the desk', () => {
  it('asks the trainer for the policy, and sends it on when it comes', () => {
    const { desk, worker, asked, hand } = begin();
    desk.evaluate({ suite: 'in-domain', temperature: 1 });
    expect(asked).toEqual([{ type: 'hand-over-policy', request: 1, kept: null }]);
    expect(worker.posted).toEqual([]);
    expect(desk.store.getState().busy).toEqual({ kind: 'evaluate', progress: null });
    hand(1, HANDED);
    expect(worker.posted).toMatchObject([
      { type: 'open', baseUrl: 'http://lab.test/' },
      {
        type: 'evaluate',
        job: 1,
        engine: 'wasm',
        policy: { from: 'files', name: 'mine', handed: { step: 4 } },
      },
    ]);
  });

  it('puts an evaluation beside the run’s own, and says how far training came meanwhile', () => {
    const { desk, worker, page, hand } = begin();
    desk.evaluate({ suite: 'in-domain', temperature: 1 });
    hand(1, HANDED);
    const policy = { name: 'mine', task: 'ladder', step: 4, manifest: MANIFEST, hasAdapter: true };
    worker.say({ type: 'opened', job: 1, policy });
    worker.say({ type: 'progress', job: 1, progress: { part: 'session', done: 0, total: 1, unit: '' } });
    page.setState(({ lab }) => ({ lab: { ...lab, step: 6 } }));
    const settings = {
      suite: 'in-domain',
      temperature: 1,
      problems: 8,
      samples: 1,
      seed: 3,
      maxCompletionLength: 80,
    };
    const result = { suite: 'in-domain', total: SCORE, by_tier: {}, mean_length: 20 };
    worker.say({ type: 'evaluated', job: 1, result, settings, seconds: 2 });
    const { evaluations, busy, ready } = desk.store.getState();
    expect({ busy, ready }).toEqual({ busy: null, ready: ['wasm'] });
    expect(evaluations[0]).toMatchObject({ number: 1, policy, stepsMeanwhile: 2, point: { total: SCORE } });
    const point = {
      suite: 'in-domain',
      total: SCORE,
      byTier: {},
      meanLength: 20,
      numTokens: 0,
      durationMs: 1,
      alignment: null,
    };
    const known = {
      manifest: MANIFEST,
      evaluations: [
        { ...point, step: 2 },
        { ...point, step: 4 },
      ],
      shipped: {},
    };
    const own = ownEvaluation(evaluations[0], known)!;
    expect(own.step).toBe(4);
    expect(isPaired(evaluations[0], own)).toBe(true);
    const earlier = ownEvaluation(evaluations[0], { ...known, evaluations: [{ ...point, step: 2 }] })!;
    expect(isPaired(evaluations[0], earlier)).toBe(false);
    // Of another run nothing is known.
    expect(ownEvaluation(evaluations[0], { ...known, manifest: null })).toBeNull();
    // Of a kept one its newest evaluation is, if it came before that step.
    const kept = {
      ...evaluations[0],
      source: { kind: 'kept' as const, run: ENTRY, step: 7, name: 'x', label: 'x' },
    };
    expect(
      ownEvaluation({ ...kept, policy: { ...policy, step: 7 } }, { ...known, manifest: null })?.step,
    ).toBe(5);
    expect(
      ownEvaluation({ ...kept, policy: { ...policy, step: 2 } }, { ...known, manifest: null }),
    ).toBeNull();
  });

  it('follows a try from its forecast to the verdicts', () => {
    const { desk, worker } = begin({ loaded: false });
    const problem = parseProblem('47 + 8', getTask('ladder'));
    desk.attempt({ problem, rollouts: 2, predictions: 1, temperature: 1, seed: 0 });
    expect(worker.posted.at(-1)).toMatchObject({ type: 'attempt', policy: { from: 'shipped' } });
    worker.say({ type: 'grown', job: 1, grown: [[5], [6]], finished: [false, false] });
    worker.say({ type: 'grown', job: 1, grown: [[7], []], finished: [false, true] });
    expect(desk.store.getState().attempt?.rollouts).toEqual([
      { tokens: [5, 7], ended: false, judged: null },
      { tokens: [6], ended: true, judged: null },
    ]);
    // What is said of an older job is of no interest any more.
    worker.say({ type: 'grown', job: 0, grown: [[9], [9]], finished: [true, true] });
    const judged = { tokens: [5, 7], logps: [0, 0], correct: true, truncated: false, notions: [] };
    const reward = { length: 1, difficulty: 0.4, notion: 0.1, meta: 0.5 };
    worker.say({ type: 'attempted', job: 1, rollouts: [judged, judged], rewards: [reward], seconds: 1 });
    expect(desk.store.getState()).toMatchObject({
      busy: null,
      attempt: { rewards: [0.5], seconds: 1, stopped: false },
    });
  });

  it('tells what stands against a policy, and takes the next job', () => {
    const { desk, hand, worker } = begin();
    const error: LabError = { code: 'storage', message: 'gone', remedy: 'choose another' };
    desk.export('onnx');
    hand(1, error);
    expect(desk.store.getState()).toMatchObject({ busy: null, error: { kind: 'export', error } });
    desk.export('onnx');
    hand(1, HANDED); // An answer to the first question comes too late.
    expect(worker.posted).toEqual([]);
    hand(2, HANDED);
    expect(desk.store.getState().error).toBeNull();
    worker.say({ type: 'failed', job: 1, error });
    expect(desk.store.getState()).toMatchObject({ busy: null, error: { kind: 'export' } });
  });

  it('saves what was exported, stops what it is told to, and outlives its worker', () => {
    const { desk, worker, saved, asked } = begin();
    desk.choose('shipped ladder-base');
    desk.export('hf');
    worker.say({ type: 'exported', job: 1, name: 'ladder-base-hf.zip', archive: new ArrayBuffer(4) });
    expect(saved).toEqual(['ladder-base-hf.zip']);
    desk.evaluate({ suite: 'in-domain', temperature: 1 });
    desk.stop();
    expect(worker.posted.at(-1)).toEqual({ type: 'stop', job: 2 });
    worker.say({ type: 'stopped', job: 2 });
    expect(desk.store.getState().busy).toBeNull();
    desk.choose('run');
    desk.evaluate({ suite: 'in-domain', temperature: 1 });
    desk.stop();
    expect(asked).toHaveLength(1);
    expect(desk.store.getState().busy).toBeNull();
    desk.choose('shipped ladder-base');
    desk.evaluate({ suite: 'in-domain', temperature: 1 });
    worker.dispatchEvent(
      Object.assign(new Event('error', { cancelable: true }), { message: 'out of memory' }),
    );
    expect(worker.terminate).toHaveBeenCalledOnce();
    expect(desk.store.getState().error).toMatchObject({ error: { code: 'internal' } });
  });
});
