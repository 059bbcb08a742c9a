import { expect, test } from 'vitest';
import { EXAMPLE_EVENTS } from './example-events';
import { timelessLine } from './timeless';

test('of a step its times go and its numbers stay', () => {
  const line = JSON.stringify({
    type: 'step_metrics',
    v: 1,
    step: 3,
    metrics: { reward: 0.5, step_time: 2.5, tokens_per_second: 7, num_tokens: 40 },
    phases_ms: { rollout: 9 },
    step_ms: 12,
  });
  expect(timelessLine(line)).toBe(
    '{"type":"step_metrics","v":1,"step":3,"metrics":{"reward":0.5,"num_tokens":40}}',
  );
});

test('no time is left in any event, and what tells of interruptions is left out', () => {
  for (const event of EXAMPLE_EVENTS) {
    const line = timelessLine(JSON.stringify(event));
    if (['run_started', 'checkpoint', 'finished'].includes(event.type)) expect(line).toBeNull();
    else expect(line).not.toMatch(/_ms"|_at"|"seconds"|step_time|per_second/);
  }
});
