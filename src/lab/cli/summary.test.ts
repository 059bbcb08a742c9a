import { expect, test } from 'vitest';
import type { RunEvent } from '../../run/events';
import { EXAMPLE_EVENTS } from '../../run/example-events';
import { score } from '../../run/statistics';
import { SummaryCollector } from './summary';

const evaluation = (step: number, correct: number, suite = 'ladder'): RunEvent => ({
  type: 'evaluation',
  v: 1,
  step,
  suite,
  total: score(correct, 8),
  by_tier: {},
  mean_length: 20,
  num_tokens: step * 10,
  duration_ms: 1,
});

function summaryOf(events: readonly RunEvent[], preset: string | null = 'grpo') {
  const collector = new SummaryCollector();
  for (const event of events) collector.event(event);
  return collector.summary(preset, '/tmp/run');
}

test('the example run comes to what its events say', () => {
  const { low, high } = score(3, 8);
  expect(summaryOf(EXAMPLE_EVENTS)).toEqual({
    preset: 'grpo',
    seed: 0,
    steps: 2,
    seconds: 2.5,
    num_tokens: 3,
    accuracy_start: 0.375,
    accuracy_end: 0.375,
    accuracy_end_interval: [low, high],
    adapter: 'an adapter that does not exist (on the processor)',
    out: '/tmp/run',
    reason: 'stopped',
    self_test: 'passed',
    last_checkpoint: 1,
    reward: 0.5,
    reward_std: 0.5,
    entropy: 0.31,
    learning_rate: 2e-4,
  });
});

test('accuracy is that of the first suite, at its first and its last evaluation', () => {
  const events = [
    evaluation(0, 2),
    evaluation(0, 8, 'out-of-domain'),
    evaluation(10, 6),
    evaluation(10, 0, 'out-of-domain'),
  ];
  expect(summaryOf(events)).toMatchObject({ accuracy_start: 0.25, accuracy_end: 0.75, num_tokens: 100 });
});

test('a run that was gone on with keeps its start and takes the end of the later stretch', () => {
  const again = { ...EXAMPLE_EVENTS[0], from_step: 1 } as RunEvent;
  const { reason, steps, accuracy_start, accuracy_end } = summaryOf([
    ...EXAMPLE_EVENTS,
    again,
    evaluation(2, 8),
  ]);
  expect({ reason, steps, accuracy_start, accuracy_end }).toEqual({
    reason: 'unfinished',
    steps: 1,
    accuracy_start: 0.375,
    accuracy_end: 1,
  });
});

test('what never happened is null rather than a number', () => {
  expect(summaryOf([], null)).toMatchObject({
    preset: null,
    accuracy_start: null,
    accuracy_end_interval: null,
    last_checkpoint: null,
    reason: 'unfinished',
  });
});

test('a metric never takes the place of a field', () => {
  const step: RunEvent = {
    type: 'step_metrics',
    v: 1,
    step: 0,
    metrics: { seed: 9, out: 1 },
    phases_ms: {},
    step_ms: 1,
  };
  expect(summaryOf([EXAMPLE_EVENTS[0], step])).toMatchObject({ seed: 0, out: '/tmp/run' });
});
