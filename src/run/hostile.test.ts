/**
 * The readers of a run's files against files made to harm: for any bytes one error of the reader's own kind, or what
 * the file says. Cases that once failed otherwise stand first in each list.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCheckpoint } from './checkpoint';
import { EXAMPLE_EVENTS } from './example-events';
import { EventReader, EventStreamError, eventToLine, readEvents } from './jsonl';
import { DEFAULT_MANIFEST, ManifestError, parseManifest } from './manifest';

const encode = (text: string) => new TextEncoder().encode(text);
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const SOUND = EXAMPLE_EVENTS.map(eventToLine).join('');

/** A text with stretches of it replaced by what a parser stumbles over. */
const damaged = (text: string) =>
  fc
    .array(
      fc.tuple(
        fc.nat(text.length),
        fc.nat(40),
        fc.oneof(
          fc.constantFrom(
            '',
            '\n',
            '"',
            '{',
            '[',
            '}',
            ']',
            'null',
            '1e999',
            '-0',
            '\\ud800',
            '\u0000',
            '__proto__',
          ),
          fc.string({ unit: 'binary', maxLength: 6 }),
        ),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((cuts) =>
      cuts.reduce((out, [at, length, other]) => out.slice(0, at) + other + out.slice(at + length), text),
    );

describe('a stream of events', () => {
  const refused: [string, string | Uint8Array, RegExp][] = [
    // Telling what was there once ran out of stack.
    ['a list ten thousand deep', `${nested(10_000)}\n`, /^line 1: expected JSON at most 32 levels deep/],
    ['a last line as deep', nested(10_000), /^line 1: expected JSON at most 32 levels deep/],
    ['many empty lists', `[${'[],'.repeat(20_001)}0]\n`, /^line 1: expected at most 20000 objects/],
    ['a type of a newer lab', '{"type":"dream","v":1}\n', /^line 1: type: expected one of .* got "dream"/],
    [
      'a version of a newer lab',
      '{"type":"finished","v":9}\n',
      /finished: expected version 1 or older, got 9/,
    ],
    // Every wrong number was told of: ten seconds and a gigabyte for eight megabytes.
    [
      'a million wrong tokens',
      `{"type":"rollouts_started","v":1,"step":0,"num_generations":1,"prompts":[[${'"a",'.repeat(1e6)}0]]}\n`,
      /^line 1: rollouts_started: prompts\.0\.0: expected a whole number from 0$/,
    ],
    [
      'a million wrong metrics',
      `{"type":"step_metrics","v":1,"step":0,"metrics":{${Array.from({ length: 2e5 }, (_, i) => `"m${i}":"x"`).join()}},"phases_ms":{},"step_ms":1}\n`,
      /^line 1: step_metrics: metrics\.m0: expected a number$/,
    ],
    [
      'a type as long as the line',
      `{"type":"${'x'.repeat(1e6)}","v":1}\n`,
      /^line 1: type: expected .{100,900}$/,
    ],
    ['a polluting event', '{"__proto__":{"type":"finished"},"v":1}\n', /type: expected one of/],
    ['bytes that are no text', new Uint8Array([0xc3, 0x28, 0x0a]), /expected UTF-8/],
  ];
  it.each(refused)('%s is refused by its line', (_, stream, message) => {
    expect(() => readEvents(stream)).toThrow(EventStreamError);
    expect(() => readEvents(stream)).toThrow(message);
  });

  it('with any damage is read as far as it is sound, or refused by a line', () => {
    fc.assert(
      fc.property(damaged(SOUND), (text) => {
        try {
          for (const event of readEvents(text).events) expect(event.v).toBeGreaterThan(0);
        } catch (error) {
          expect(error, String(error)).toBeInstanceOf(EventStreamError);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('of any bytes, in any pieces, is refused by a line or has no whole one', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 8 }), (pieces) => {
        const reader = new EventReader();
        try {
          for (const piece of pieces) expect(reader.push(piece)).toEqual([]);
          expect(reader.end().last).toBeNull();
        } catch (error) {
          expect(error, String(error)).toBeInstanceOf(EventStreamError);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('keeps text as text: markup in it is data like any other', () => {
    const code = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
    const line = JSON.stringify({ type: 'warning', v: 1, step: 0, code, message: code, remedy: code });
    expect(readEvents(`${line}\n`).events).toEqual([JSON.parse(line)]);
  });
});

describe('a manifest', () => {
  it('of any JSON is refused by its keys, and leaves every object as it was', () => {
    const key = fc.oneof(
      fc.constantFrom(...Object.keys(DEFAULT_MANIFEST), '__proto__', 'constructor', 'toString'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 }), (value) => {
        try {
          expect(parseManifest(value).manifest_version).toBe(1);
        } catch (error) {
          expect(error, String(error)).toBeInstanceOf(ManifestError);
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('of a hundred thousand unknown keys is refused at once, and shortly', () => {
    const started = performance.now();
    const many = Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`key${i}`, 1]));
    try {
      parseManifest({ ...many, name: 'x'.repeat(1e6) });
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message).toMatch(/and 99900 more unknown keys/);
      expect((error as Error).message.length).toBeLessThan(10_000);
    }
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('of a newer version is refused by it', () => {
    expect(() => parseManifest({ manifest_version: 2 })).toThrow(/manifest_version: expected 1, .* got 2/);
  });
});

describe('a checkpoint', () => {
  const state = JSON.stringify({
    version: 1,
    step: 1,
    optimizer_steps: 1,
    num_tokens: 8,
    manifest: DEFAULT_MANIFEST,
    task: 'ladder',
    random: { algorithm: 'philox4x32-10', seed: DEFAULT_MANIFEST.seed },
    files: {},
  });
  const issuesOf = async (trainer: string) =>
    (
      await checkCheckpoint([
        { name: 'trainer.json', bytes: encode(trainer) },
        { name: 'config.json', bytes: encode(nested(20_000)) },
        { name: 'model.safetensors', bytes: new Uint8Array(8) },
        { name: 'optimizer.safetensors', bytes: new Uint8Array(8) },
      ])
    ).issues.map(({ file, message }) => `${file}: ${message}`);

  it('whose files nest without end is refused by the file', async () => {
    const issues = await issuesOf(nested(20_000));
    expect(issues).toContainEqual(
      expect.stringMatching(/^trainer\.json: expected JSON at most 32 levels deep/),
    );
    expect(issues).toContainEqual(
      expect.stringMatching(/^config\.json: expected JSON at most 32 levels deep/),
    );
  });

  it('of a newer version is refused by it', async () => {
    const newer = state.replace('"version":1', '"version":2');
    expect(await issuesOf(newer)).toContainEqual(
      expect.stringMatching(
        /trainer\.json: version: expected 1 or older, got 2; open it with a newer version/,
      ),
    );
  });

  it('with any damage is a list of issues, never an exception', async () => {
    await fc.assert(
      fc.asyncProperty(damaged(state), async (text) => {
        expect((await issuesOf(text)).length).toBeGreaterThan(0);
      }),
      { numRuns: 40 },
    );
  });
});
