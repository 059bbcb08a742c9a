import { expect, test } from 'vitest';
import type { RunsCommand } from '../../lab/store/protocol';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { EMPTY_HISTORY, recordEvents } from '../history/history';
import { stepMetrics, wholeStep } from '../state/run-fixture';
import { EMPTY_RUN, reduceEvents } from '../state/run-view';
import { settingsOf } from '../state/settings';
import { createPageStore } from '../state/store';
import { KeptSteps } from './kept-steps';

function begin() {
  const store = createPageStore(settingsOf(DEFAULT_MANIFEST));
  store.setState({ run: reduceEvents(EMPTY_RUN, [stepMetrics(0), stepMetrics(1), stepMetrics(2)]) });
  const sent: RunsCommand[] = [];
  return { sent, kept: new KeptSteps('a', store, (ask) => sent.push(ask)) };
}

test('has the steps that have ended, and no others', () => {
  const { kept } = begin();
  expect([-1, 0, 2, 3].map((step) => kept.has(step))).toEqual([false, true, true, false]);
});

test('gives the record that the step had while it was in memory', async () => {
  const { sent, kept } = begin();
  const reading = kept.read([1, 2, 7]);
  expect(sent).toEqual([{ do: 'read-steps', request: 1, steps: [1, 2, 7] }]);
  kept.answer({ what: 'steps', request: 1, steps: [wholeStep(1), wholeStep(2), []], problem: '' });
  const live = recordEvents(EMPTY_HISTORY, [...wholeStep(1), ...wholeStep(2)]);
  expect(await reading).toEqual(live.records);
});

test('answers each request with its own steps, and says what could not be read', async () => {
  const { kept } = begin();
  const [first, second] = [kept.read([0]), kept.read([1])];
  kept.answer({ what: 'steps', request: 2, steps: [wholeStep(1)], problem: '' });
  kept.answer({ what: 'steps', request: 1, steps: [], problem: 'events.jsonl: gone' });
  expect((await second).map((record) => record.step)).toEqual([1]);
  await expect(first).rejects.toThrow('What this step said could not be read: events.jsonl: gone');
});

test('leaves no one waiting when the run is left', async () => {
  const { kept } = begin();
  const reading = kept.read([0]);
  kept.close();
  await expect(reading).rejects.toThrow('The run was left.');
});
