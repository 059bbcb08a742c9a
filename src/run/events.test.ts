import { describe, expect, test } from 'vitest';
import { eventSchema, LIVE_ONLY, type RunEvent } from './events';
import { EXAMPLE_EVENTS } from './example-events';

const types = eventSchema.options.map((option) => option.shape.type.value);

function example<T extends RunEvent['type']>(type: T): Extract<RunEvent, { type: T }> {
  return structuredClone(EXAMPLE_EVENTS.find((event) => event.type === type)) as Extract<
    RunEvent,
    { type: T }
  >;
}

function wrongPlaces(value: unknown): string[] {
  const result = eventSchema.safeParse(value);
  return result.success ? [] : result.error.issues.map((issue) => issue.path.join('.'));
}

test('the example run has every kind of event, and each is valid as it stands', () => {
  expect(new Set(EXAMPLE_EVENTS.map((event) => event.type))).toEqual(new Set(types));
  for (const event of EXAMPLE_EVENTS) expect(eventSchema.parse(event)).toEqual(event);
});

test('every kind has a version', () => {
  for (const option of eventSchema.options) expect(option.shape.v.value).toBeGreaterThanOrEqual(1);
});

test('what is live only is a kind of event, and nothing a replay or a resume needs', () => {
  for (const type of LIVE_ONLY) expect(types).toContain(type);
  for (const type of ['run_started', 'prompt_group', 'step_metrics', 'evaluation', 'checkpoint', 'finished'])
    expect(LIVE_ONLY.has(type as RunEvent['type'])).toBe(false);
});

describe('a wrong event', () => {
  test('of an unknown kind is refused at its type', () => {
    expect(wrongPlaces({ type: 'weather', v: 1 })).toEqual(['type']);
  });

  test('is refused for each missing field by name', () => {
    const event: Partial<RunEvent> = example('finished');
    delete event.step;
    expect(wrongPlaces(event)).toEqual(['step']);
    expect(wrongPlaces({ type: 'phase', v: 1 })).toEqual(['step', 'phase']);
  });

  test('is refused deep inside by its path', () => {
    const event = example('prompt_group');
    event.rollouts[1].tokens[0] = -1;
    expect(wrongPlaces(event)).toEqual(['rollouts.1.tokens.0']);
  });

  test('with a metric that is no number is refused by the metric’s name', () => {
    const event = example('step_metrics');
    event.metrics['clip_ratio/region_mean'] = Number.NaN;
    expect(wrongPlaces(event)).toEqual(['metrics.clip_ratio/region_mean']);
  });

  test('with an unknown phase is refused, while phases may be left out', () => {
    const event = example('step_metrics');
    event.phases_ms = {};
    expect(wrongPlaces(event)).toEqual([]);
    expect(wrongPlaces({ ...event, phases_ms: { sleep: 1 } })).not.toEqual([]);
  });

  test('with another manifest inside is refused by the manifest’s rules', () => {
    const event = example('run_started');
    expect(wrongPlaces({ ...event, manifest: { ...event.manifest, steps: 0 } })).toEqual(['manifest.steps']);
    expect(wrongPlaces({ ...event, manifest: { ...event.manifest, banana: 1 } })).toEqual(['manifest']);
  });
});

test('a recorded run from before MASA is still a stream: what it lacks is optional', () => {
  const group = example('prompt_group');
  group.rollouts = group.rollouts.map(({ hint: _hint, hint_source: _source, cut: _cut, ...rest }) => rest);
  const evaluated = example('evaluation');
  delete evaluated.alignment;
  delete evaluated.meta_tokens;
  delete evaluated.audit_tokens;
  const started = example('run_started');
  const manifest = Object.fromEntries(
    Object.entries(started.manifest).filter(([key]) => !key.startsWith('masa_')),
  );
  for (const event of [group, evaluated, { ...started, manifest }]) expect(wrongPlaces(event)).toEqual([]);
});

test('an error that is no number is null in a self-test, since JSON has no NaN', () => {
  const event = example('run_started');
  event.self_test.cases[0].quantities[0].error = null;
  expect(wrongPlaces(event)).toEqual([]);
});
