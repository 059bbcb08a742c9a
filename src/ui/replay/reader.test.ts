import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../run/events';
import { EXAMPLE_EVENTS } from '../../run/example-events';
import { eventToLine } from '../../run/jsonl';
import { EMPTY_HISTORY, recordEvents } from '../history/history';
import { evaluation, promptGroup, runStarted, stepMetrics, wholeStep } from '../state/run-fixture';
import { EMPTY_RUN, reduceEvents } from '../state/run-view';
import { MOST_LINE_BYTES, RecordingReader, readStep } from './reader';

const fileOf = (events: readonly RunEvent[]): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(events.map((event) => eventToLine(event) ?? '').join(''));

function read(bytes: Uint8Array, piece = bytes.length) {
  const reader = new RecordingReader();
  const events: RunEvent[] = [];
  for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece), events);
  const { events: last, truncated } = reader.end();
  return { events: [...events, ...last], truncated, places: reader.places() };
}

const RUN = [runStarted(), evaluation(0, 40), ...[0, 1, 2].flatMap(wholeStep), evaluation(3, 50)];

describe('a recording', () => {
  test('gives the run as a whole, whatever the pieces it comes in', () => {
    const bytes = fileOf(RUN);
    const { phase: _, recent: __, ...live } = reduceEvents(EMPTY_RUN, RUN);
    for (const piece of [7, 1000, bytes.length]) {
      const { phase: _p, recent: _r, ...view } = reduceEvents(EMPTY_RUN, read(bytes, piece).events);
      expect(view).toEqual(live);
    }
  });

  test('keeps no rollouts, and reads every step back as the live run had it', () => {
    const bytes = fileOf([...RUN, ...EXAMPLE_EVENTS]);
    const live = recordEvents(EMPTY_HISTORY, EXAMPLE_EVENTS).records;
    const { events, places } = read(bytes);
    expect(events.some((event) => event.type === 'prompt_group' || event.type === 'meta_group')).toBe(false);
    const place = places.get(0)!;
    expect(readStep(bytes.slice(place.from, place.to), 0)).toEqual(live[0]);

    const plain = fileOf(RUN);
    const records = recordEvents(EMPTY_HISTORY, RUN).records;
    for (const [step, { from, to }] of read(plain).places)
      expect(readStep(plain.slice(from, to), step)).toEqual(records[step]);
  });

  test('that was resumed has each step once, as it was taken last', () => {
    const again = promptGroup(1, 0, [{ tokens: [7], reward: 1 }]);
    const bytes = fileOf([...RUN, runStarted(1), again, stepMetrics(1)]);
    const { places } = read(bytes);
    expect([...places.keys()]).toEqual([0, 1]);
    const { from, to } = places.get(1)!;
    expect(readStep(bytes.slice(from, to), 1)?.groups).toEqual([again]);
  });

  test('cut short in its last line is read up to there, with the line that is missing', () => {
    const bytes = fileOf(RUN);
    const { events, truncated } = read(bytes.slice(0, -20));
    expect(truncated?.line).toBe(RUN.filter((event) => eventToLine(event)).length);
    expect(reduceEvents(EMPTY_RUN, events).steps.map((point) => point.step)).toEqual([0, 1, 2]);
  });
});

describe('a file that no run wrote', () => {
  const text = (lines: string) => new TextEncoder().encode(lines);
  const start = fileOf([runStarted()]);
  const followedBy = (...lines: string[]) => new Uint8Array([...start, ...text(`${lines.join('\n')}\n`)]);

  test('is refused with the line and what was expected there', () => {
    expect(() => read(text('<html>\n'))).toThrow(/^line 1: expected a JSON object, got "<html>"/);
    expect(() => read(text(''))).toThrow(/^line 1: expected the events of a run/);
    expect(() => read(fileOf(wholeStep(0)))).toThrow(/^line 1: expected run_started, got prompt_group/);
    expect(() => read(followedBy('{"type":"step_metrics","v":1,"step":"0"}'))).toThrow(
      /^line 2: step_metrics: step/,
    );
  });

  test('of a newer version says so', () => {
    expect(() => read(followedBy('{"type":"step_metrics","v":99}'))).toThrow(
      /version 1 or older, got 99.*newer/,
    );
  });

  test('keeps what came before the wrong line', () => {
    const reader = new RecordingReader();
    const events: RunEvent[] = [];
    const bytes = new Uint8Array([...fileOf(RUN), ...text('{"type":"broken"}\n')]);
    expect(() => reader.push(bytes, events)).toThrow(/line \d+: type: expected one of/);
    expect(reduceEvents(EMPTY_RUN, events).steps).toHaveLength(3);
    expect([...reader.places().keys()]).toEqual([0, 1, 2]);
  });

  test('with a line without end is given up before it fills the memory', () => {
    const reader = new RecordingReader();
    const piece = new Uint8Array(2 ** 20).fill(0x20);
    expect(() => {
      for (let bytes = 0; bytes <= MOST_LINE_BYTES; bytes += piece.length) reader.push(piece, []);
    }).toThrow(/line 1: expected lines of at most 32 MiB/);
  });

  test('with more tiers, suites or metrics than a page can draw is refused', () => {
    const tiers = Object.fromEntries(
      Array.from({ length: 65 }, (_, i) => [`a/${i}`, evaluation(0, 1).total]),
    );
    expect(() => read(fileOf([runStarted(), { ...evaluation(0, 1), by_tier: tiers }]))).toThrow(
      /64 tiers, got 65/,
    );
    const suites = Array.from({ length: 17 }, (_, i) => ({ ...evaluation(0, 1), suite: `suite ${i}` }));
    expect(() => read(fileOf([runStarted(), ...suites]))).toThrow(/16 suites, got 17/);
    const metrics = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`m${i}`, i]));
    expect(() => read(fileOf([runStarted(), stepMetrics(0, metrics)]))).toThrow(/1000 metrics, got/);
  });

  test('cannot make the page grow rollouts by an event that is never recorded', () => {
    const live = '{"type":"rollouts_started","v":1,"step":0,"prompts":[[1]],"num_generations":1000000000}';
    expect(read(followedBy(live)).events.map((event) => event.type)).toEqual(['run_started']);
  });
});
