import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Inspection, InspectionRequest } from '../../lab/protocol';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { EMPTY_HISTORY, recordEvents } from '../history/history';
import { runStarted, wholeStep } from '../state/run-fixture';
import { EMPTY_RUN, reduceEvents } from '../state/run-view';
import { settingsOf } from '../state/settings';
import { createPageStore, type Lab } from '../state/store';
import { InspectorDesk } from './desk';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const SEEN: Inspection = {
  logps: new Float32Array(7),
  entropies: new Float32Array(7),
  top: 1,
  topTokens: new Uint32Array(7),
  topLogps: new Float32Array(7),
  attention: new Float32Array(64),
};

/** A page with two finished steps of one prompt and two rollouts, its policy at rest. */
function begin() {
  const page = createPageStore(settingsOf(DEFAULT_MANIFEST));
  const events = [runStarted(), ...wholeStep(0), ...wholeStep(1)];
  page.setState({
    run: reduceEvents(EMPTY_RUN, events),
    history: recordEvents(EMPTY_HISTORY, events),
  });
  const lab = (change: Partial<Lab>) =>
    page.setState(({ lab: before }) => ({ lab: { ...before, ...change } }));
  lab({ state: 'paused', step: 2, loaded: { manifest: DEFAULT_MANIFEST, parameters: 1, deviceBytes: 1 } });
  const sent: InspectionRequest[] = [];
  const desk = new InspectorDesk(page, (request) => sent.push(request));
  const answer = (step: number, id = sent.at(-1)!.id) =>
    desk.heard({ id, stage: 'done', step, layers: 3, heads: 4, layer: 0, head: 0, seen: SEEN });
  return { page, lab, desk, sent, answer, state: () => desk.store.getState() };
}

const PLACE = { step: 1, kind: 'solution', candidate: 0, rollout: 0 } as const;

test('a rollout that is opened is asked for, prompt and completion, at its first sampled token', () => {
  const { desk, sent, answer, state } = begin();
  desk.open(PLACE);
  expect(sent).toEqual([{ id: 1, kind: 'solution', tokens: [1, 5, 6, 17, 18, 8, 8, 2], layer: 0, head: 0 }]);
  expect(state()).toMatchObject({ position: 4, waiting: true, answer: null, opened: 1 });
  answer(2);
  expect(state()).toMatchObject({ waiting: false, answer: { step: 2 } });
  expect(sent).toHaveLength(1);
});

test('the answer to what is no longer on screen is not shown', () => {
  const { desk, sent, answer, state } = begin();
  desk.open(PLACE);
  desk.move(1);
  expect(state()).toMatchObject({ rollout: { rollout: 1 }, opened: 1 });
  answer(2, sent[0].id);
  expect(state()).toMatchObject({ answer: null, waiting: true });
  answer(2, sent[1].id);
  expect(state().answer).not.toBeNull();
  desk.move(1);
  expect(state().rollout?.rollout).toBe(1);
});

test('when the policy has moved on it is asked again, not oftener than is worth it; another head at once', () => {
  const { lab, desk, sent, answer, state } = begin();
  desk.open(PLACE);
  answer(2);
  lab({ step: 3 });
  lab({ step: 4 });
  expect(sent).toHaveLength(1);
  vi.advanceTimersByTime(500);
  expect(sent).toHaveLength(2);
  // What is known stays on screen meanwhile.
  expect(state()).toMatchObject({ waiting: true, answer: { step: 2 } });
  desk.look({ head: 3 });
  expect(sent.at(-1)).toMatchObject({ id: 3, head: 3 });
  answer(4);
  vi.advanceTimersByTime(5000);
  expect(sent).toHaveLength(3);
});

test('without a policy nothing is asked, and nothing is lost of what the stream has', () => {
  const { lab, desk, sent, state } = begin();
  lab({ loaded: null });
  desk.open(PLACE);
  expect(sent).toEqual([]);
  expect(state()).toMatchObject({
    rollout: { logps: [-0.5, -0.5, -0.5, -0.5] },
    waiting: false,
    answer: null,
  });
  lab({ state: 'ready', loaded: { manifest: DEFAULT_MANIFEST, parameters: 1, deviceBytes: 1 } });
  expect(sent).toHaveLength(1);
});

test('it goes with the timeline to the same place in another step, and closes with the run', () => {
  const { page, desk, sent, state } = begin();
  desk.open(PLACE);
  page.setState(({ looking }) => ({ looking: { ...looking, heldStep: 0 } }));
  expect(state()).toMatchObject({ rollout: { step: 0, rollout: 0 }, opened: 1 });
  expect(sent).toHaveLength(2);
  page.setState({ run: EMPTY_RUN, history: EMPTY_HISTORY });
  expect(state()).toMatchObject({ rollout: null, answer: null });
});

test('it goes to a step that is under way once its rollouts are judged', () => {
  const { page, desk, state } = begin();
  desk.open(PLACE);
  const coming = wholeStep(2);
  const judged = coming.findIndex(({ type }) => type === 'prompt_group');
  const hear = (events: typeof coming) =>
    page.setState(({ history }) => ({ history: recordEvents(history, events) }));
  hear(coming.slice(0, judged));
  desk.toStep(2);
  expect(state().rollout?.step).toBe(1);
  hear(coming.slice(judged));
  expect(state().rollout?.step).toBe(2);
});

test('why the policy could not be looked at is said, and it is not asked again for the same', () => {
  const { desk, sent, state } = begin();
  desk.open(PLACE);
  desk.heard({ id: sent[0].id, stage: 'failed', message: 'inspect: no room' });
  expect(state()).toMatchObject({ waiting: false, problem: 'inspect: no room', answer: null });
  vi.advanceTimersByTime(5000);
  expect(sent).toHaveLength(1);
});
