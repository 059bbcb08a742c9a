import { expect, test } from 'vitest';
import type { RunEvent, RunEventOf } from '../../run/events';
import { EXAMPLE_EVENTS } from '../../run/example-events';
import { RacesDesk } from './desk';
import { foldLane, shownRace } from './state';

const example = <T extends RunEvent['type']>(type: T): RunEventOf<T> => {
  const found = EXAMPLE_EVENTS.find((event): event is RunEventOf<T> => event.type === type);
  if (!found) throw new Error(`expected an example of ${type}`);
  return found;
};

const step = (at: number, tokens: number, ms: number): RunEvent => ({
  ...example('step_metrics'),
  step: at,
  step_ms: ms,
  metrics: { num_tokens: tokens },
});

test('a lane has what its arm’s stream said last, and begins anew with it', () => {
  const evaluation: RunEvent = { ...example('evaluation'), step: 2, suite: 'in-domain' };
  let lanes = foldLane([], 'in-domain', 'grpo', 1, [
    example('run_started'),
    step(0, 100, 500),
    step(1, 250, 700),
    evaluation,
  ]);
  expect(lanes).toHaveLength(1);
  expect(lanes[0]).toMatchObject({
    steps: 2,
    of: example('run_started').manifest.steps,
    tokens: 250,
    milliseconds: 1200,
    accuracy: evaluation.total,
    accuracyAt: 2,
  });
  lanes = foldLane(lanes, 'in-domain', 'masa', 1, [example('run_started')]);
  lanes = foldLane(lanes, 'in-domain', 'grpo', 1, [example('run_started')]);
  expect(lanes.map(({ arm, steps, tokens }) => [arm, steps, tokens])).toEqual([
    ['grpo', 0, 0],
    ['masa', 0, 0],
  ]);
});

test('the accuracy is that of the race’s suite', () => {
  const other: RunEvent = { ...example('evaluation'), suite: 'mid-hard' };
  expect(foldLane([], 'in-domain', 'a', 1, [other])[0].accuracy).toBeNull();
});

test('a race is sent to the worker, told of by it, and stays when the view is closed', () => {
  const sent: unknown[] = [];
  const addresses: (string | null)[] = [];
  const desk = new RacesDesk({
    send: (ask) => sent.push(ask),
    showAddress: (query) => addresses.push(query),
  });
  desk.openLink('?race=grpo,masa&seeds=1&eval_samples=2');
  expect(desk.store.getState()).toMatchObject({ open: true, linkIssues: [] });
  desk.start();
  expect(sent).toEqual([expect.objectContaining({ do: 'start', id: 'race-1' })]);
  desk.heard({ what: 'state', id: 'race-1', state: 'running', error: null });
  desk.heard({ what: 'events', id: 'race-1', arm: 'grpo', seed: 1, events: [step(0, 9, 1)] });
  desk.heard({ what: 'state', id: 'another', state: 'failed', error: null });
  desk.show(false);
  expect(addresses).toEqual([null]);
  expect(shownRace(desk.store.getState())).toMatchObject({ state: 'running', lanes: [{ tokens: 9 }] });
  desk.toggle();
  desk.heard({ what: 'state', id: 'race-1', state: 'paused', error: null });
  desk.toggle();
  expect(sent.slice(1)).toEqual([{ do: 'pause' }, { do: 'resume' }]);
  expect(() => desk.start({ ...desk.store.getState().form, seeds: 'x' })).toThrow(/seeds/);
});
