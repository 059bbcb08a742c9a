import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIVE_ONLY, type RunEvent } from './events';
import { EXAMPLE_EVENTS } from './example-events';
import { EventReader, EventStreamError, eventToLine, readEvents } from './jsonl';

const recorded = EXAMPLE_EVENTS.filter((event) => !LIVE_ONLY.has(event.type));
const text = EXAMPLE_EVENTS.map(eventToLine).join('');
const encode = (value: string) => new TextEncoder().encode(value);

function failure(stream: string | Uint8Array): EventStreamError {
  try {
    readEvents(stream);
  } catch (error) {
    if (error instanceof EventStreamError) return error;
    throw error;
  }
  throw new Error('expected the stream to be refused');
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const anyStep: fc.Arbitrary<RunEvent> = fc.record({
  type: fc.constant('step_metrics' as const),
  v: fc.constant(1 as const),
  step: fc.nat(),
  metrics: fc.dictionary(
    fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__'),
    finite,
    { noNullPrototype: true },
  ),
  phases_ms: fc.constant({}),
  step_ms: finite,
});
const anyWarning: fc.Arbitrary<RunEvent> = fc.record({
  type: fc.constant('warning' as const),
  v: fc.constant(1 as const),
  step: fc.nat(),
  code: fc.string(),
  message: fc.string({ unit: 'grapheme' }),
  remedy: fc.constant('two\nlines\r\nand \u2028 one more'),
});
const anyEvents = fc.array(fc.oneof(anyStep, anyWarning), { maxLength: 8 });

describe('writing', () => {
  test('an event is one line', () => {
    for (const event of recorded) expect(eventToLine(event)).toMatch(/^\{[^\n]*\}\n$/);
  });

  test('live events are left out', () => {
    for (const event of EXAMPLE_EVENTS) expect(eventToLine(event) === null).toBe(LIVE_ONLY.has(event.type));
  });

  test('a number that JSON cannot hold is refused with its place', () => {
    const event = structuredClone(recorded.find((each) => each.type === 'prompt_group')) as RunEvent & {
      type: 'prompt_group';
    };
    event.rollouts[1].logps[0] = Number.NEGATIVE_INFINITY;
    expect(() => eventToLine(event)).toThrow(
      'prompt_group.rollouts.1.logps.0: expected a finite number, got -Infinity',
    );
  });
});

describe('reading', () => {
  test('what was written comes back', () => {
    expect(readEvents(text)).toEqual({ events: recorded, truncated: null });
  });

  test('any events come back, in pieces of any size, digit for digit', () => {
    fc.assert(
      fc.property(anyEvents, fc.integer({ min: 1, max: 50 }), (events, size) => {
        const bytes = encode(events.map(eventToLine).join(''));
        const reader = new EventReader();
        const read: RunEvent[] = [];
        // One buffer filled again and again, as a file reader does.
        const buffer = new Uint8Array(size);
        for (let at = 0; at < bytes.length; at += size) {
          const piece = bytes.subarray(at, at + size);
          buffer.set(piece);
          read.push(...reader.push(buffer.subarray(0, piece.length)).map(({ event }) => event));
        }
        expect(reader.end()).toEqual({ last: null, truncated: null });
        expect(read).toEqual(events);
      }),
    );
  });

  test('cut anywhere, every whole event is kept and the rest is reported as truncated', () => {
    fc.assert(
      fc.property(anyEvents, fc.double({ min: 0, max: 1, noNaN: true }), (events, share) => {
        const lines = events.map((event) => encode(eventToLine(event) ?? ''));
        const bytes = encode(events.map(eventToLine).join(''));
        const cut = Math.floor(bytes.length * share);
        const { events: kept, truncated } = readEvents(bytes.subarray(0, cut));
        // Whole lines before the cut; a line that lacks only its line feed is whole as well.
        let whole = 0;
        let end = 0;
        while (whole < lines.length && end + lines[whole].length - 1 <= cut) end += lines[whole++].length;
        expect(kept).toEqual(events.slice(0, whole));
        if (cut <= end) expect(truncated).toBeNull();
        else expect(truncated).toEqual({ line: whole + 1, at_byte: end, bytes: cut - end });
      }),
    );
  });

  test('the place of each event is the byte after its line', () => {
    const reader = new EventReader();
    const first = encode(eventToLine(recorded[0])!).length;
    const [one, two] = reader.push(encode(text));
    expect(one).toMatchObject({ line: 1, end_byte: first });
    expect(two.line).toBe(2);
    expect(encode(text).subarray(one.end_byte, two.end_byte)).toEqual(encode(eventToLine(recorded[1])!));
  });

  test('a file filled up with zeros by a power cut is a truncated one', () => {
    const { events, truncated } = readEvents(`${text}\0\0\0`);
    expect(events).toEqual(recorded);
    expect(truncated).toMatchObject({ line: recorded.length + 1, bytes: 3 });
  });

  test('nothing at all is an empty stream', () => {
    expect(readEvents('')).toEqual({ events: [], truncated: null });
  });

  test('lines that end as on Windows are read too', () => {
    expect(readEvents(text.replaceAll('\n', '\r\n')).events).toEqual(recorded);
  });
});

describe('a wrong line', () => {
  const line = (value: unknown) => `${JSON.stringify(value)}\n`;

  test('that is no JSON in the middle is an error with its number, not a truncation', () => {
    const error = failure(`${eventToLine(recorded[0])}{"type":\n${eventToLine(recorded[1])}`);
    expect(error.line).toBe(2);
    expect(error.message).toMatch(/^line 2: expected a JSON object, got "\{\\"type\\":"/);
  });

  test('that is empty is an error', () => {
    expect(failure(`${eventToLine(recorded[0])}\n`).message).toMatch(/^line 2: .*got an empty line/);
  });

  test('that is no UTF-8 is an error', () => {
    expect(failure(Uint8Array.of(0x22, 0xff, 0x22, 0x0a)).message).toBe(
      'line 1: expected UTF-8 text, got other bytes',
    );
  });

  test('names the field that is wrong', () => {
    expect(failure(line({ ...recorded[1], step: -1 })).message).toMatch(/^line 1: evaluation: step: /);
    expect(failure(line({ ...recorded[0], lab: undefined })).message).toMatch(/^line 1: run_started: lab: /);
  });

  test('that ends without a line feed but is whole JSON is judged like any other', () => {
    expect(failure('{"type":"phase","v":1}').message).toMatch(/^line 1: phase: step: /);
  });

  test.each([['[1]'], ['null'], ['7'], ['"x"']])('%s is no event object', (value) => {
    expect(failure(`${value}\n`).message).toMatch(/^line 1: expected an event object, got/);
  });

  test('of an unknown kind is refused with the kinds there are', () => {
    expect(failure(line({ type: 'banana', v: 1 })).message).toMatch(
      /^line 1: type: expected one of run_started, .*finished, got "banana"$/,
    );
  });

  test('of a version to come is refused by name', () => {
    expect(failure(line({ type: 'finished', v: 2, more: true })).message).toBe(
      'line 1: finished: expected version 1 or older, got 2; open this run with a newer version of the lab',
    );
  });

  test('of a version that never was is refused as a wrong field', () => {
    expect(failure(line({ ...recorded[1], v: 0 })).message).toMatch(/^line 1: evaluation: v: /);
  });
});

describe('reading some types of events alone', () => {
  const reader = (...only: RunEvent['type'][]) => new EventReader(new Set(only));

  test('gives those, with the places they have in the whole stream', () => {
    const all = new EventReader().push(encode(text));
    const some = reader('evaluation', 'finished').push(encode(text));
    expect(some).toEqual(all.filter(({ event }) => ['evaluation', 'finished'].includes(event.type)));
    expect(some.length).toBeGreaterThan(1);
  });

  test('passes over a line of another type unread, but not one of a type nobody knows', () => {
    const damaged = '{"type":"prompt_group","v":1,"step":"many"}\n';
    expect(reader('finished').push(encode(damaged))).toEqual([]);
    expect(() => reader('prompt_group').push(encode(damaged))).toThrow(EventStreamError);
    expect(() => reader('finished').push(encode('{"type":"banana","v":1}\n'))).toThrow('got "banana"');
    expect(() => reader('finished').push(encode('{"v":1}\n'))).toThrow(EventStreamError);
  });
});
