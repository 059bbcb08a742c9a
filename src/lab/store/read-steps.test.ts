/** Finished steps of a kept run, read back from its stream while it is being written. */
import { expect, test } from 'vitest';
import type { RunEvent } from '../../run/events';
import { EXAMPLE_EVENTS } from '../../run/example-events';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { MemoryDisk } from './testing';

/** What the example run says of its step 0, as another step. */
const ofStep = (step: number): RunEvent[] =>
  EXAMPLE_EVENTS.filter(
    (event) =>
      'step' in event &&
      event.step === 0 &&
      !['evaluation', 'phase', 'rollouts_started', 'rollouts_grown', 'rollouts_judged'].includes(event.type),
  ).map((event) => ({ ...event, step }) as RunEvent);

const started = EXAMPLE_EVENTS[0];
const evaluation = EXAMPLE_EVENTS[1];

/** A warning is written at once when nothing is held back; here it comes after the metrics. */
const said = (step: number) => ofStep(step).filter(({ type }) => type !== 'warning');

test('a step comes back with every event it was written with, whatever stands around it', async () => {
  const library = new MemoryDisk().openLibrary();
  const run = await library.create(DEFAULT_MANIFEST);
  for (const event of [started, evaluation]) run.event(event);
  for (let step = 0; step < 5; step++) {
    for (const event of said(step)) run.event(event);
    if (step === 2) run.event({ ...evaluation, step: 3 } as RunEvent);
  }
  for (const step of [3, 0, 4]) expect(await run.readStep(step)).toEqual(said(step));
  // One that has not ended is held back, and is not there yet.
  for (const event of said(5).slice(0, 3)) run.event(event);
  expect(await run.readStep(5)).toEqual([]);
  for (const event of said(5).slice(3)) run.event(event);
  expect(await run.readStep(5)).toEqual(said(5));
});

test('a step that was taken again comes back as it was the last time', async () => {
  const library = new MemoryDisk().openLibrary();
  const run = await library.create(DEFAULT_MANIFEST);
  run.event(started);
  for (let step = 0; step < 3; step++) for (const event of said(step)) run.event(event);
  run.event({ ...started, from_step: 1 } as RunEvent);
  expect(await run.readStep(2)).toEqual([]);
  const again = said(1).map((event) =>
    event.type === 'step_metrics' ? { ...event, step_ms: event.step_ms + 1 } : event,
  );
  for (const event of again) run.event(event);
  expect(await run.readStep(1)).toEqual(again);
  expect(await run.readStep(0)).toEqual(said(0));
});
