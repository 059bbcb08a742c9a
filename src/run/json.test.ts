import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonError, type JsonLimits, measure, parseJson, SMALL_JSON } from './json';

/** Depth, objects and lists, and commas of a value, by walking it. */
function sizeOf(value: unknown): Omit<JsonLimits, 'bytes'> {
  if (typeof value !== 'object' || value === null) return { depth: 0, containers: 0, members: 0 };
  const inside = Object.values(value).map(sizeOf);
  return {
    depth: 1 + Math.max(0, ...inside.map((each) => each.depth)),
    containers: 1 + inside.reduce((sum, each) => sum + each.containers, 0),
    members: Math.max(0, inside.length - 1) + inside.reduce((sum, each) => sum + each.members, 0),
  };
}

describe('measuring', () => {
  it('counts depth and containers as they are in the value, whatever its strings hold', () => {
    const tricky = fc.string({ unit: fc.constantFrom('[', '{', '}', ']', '"', '\\', 'a') });
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        tricky,
        fc.integer(),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(tricky, tie('any'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (any) => {
        const text = JSON.stringify(any);
        const size = sizeOf(JSON.parse(text));
        const { depth, containers, members } = size;
        expect(measure(text, size)).toBeUndefined();
        if (members > 0)
          expect(measure(text, { ...size, members: members - 1 })).toMatch(/members and elements/);
        if (depth > 0) {
          expect(measure(text, { ...size, depth: depth - 1 })).toMatch(/levels deep/);
          expect(measure(text, { ...size, containers: containers - 1 })).toMatch(/objects and lists/);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('takes time in proportion to the text, quotes and backslashes included', () => {
    const started = performance.now();
    for (const text of ['"'.repeat(4e6), `"${'\\'.repeat(4e6)}`, `"${'\\"'.repeat(2e6)}"`, '[]'.repeat(2e6)])
      measure(text, { depth: 9, containers: 1e9, members: 1e9 });
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('parsing', () => {
  it.each([
    ['{"a":[1]}', { a: [1] }],
    ['"[[[["', '[[[['],
  ])('gives %s back', (text, value) => {
    expect(parseJson(text, 'a.json', SMALL_JSON)).toEqual(value);
    expect(parseJson(new TextEncoder().encode(text), 'a.json', SMALL_JSON)).toEqual(value);
  });

  it.each([
    ['too long', ' '.repeat(2 ** 20 + 1), /^a\.json: expected at most 1048576 bytes, got 1048577$/],
    ['too deep', '['.repeat(1e6), /^a\.json: expected JSON at most 32 levels deep/],
    ['too wide', `[${'{},'.repeat(20_001)}`, /at most 20000 objects and lists/],
    ['too long a list', `[${'1,'.repeat(200_001)}`, /at most 200000 members and elements/],
    ['cut short', '{"a":', /^a\.json: expected JSON: /],
    ['empty', '', /expected JSON/],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), /^a\.json: expected UTF-8 text/],
  ])('refuses what is %s, by the file’s name', (_, text, message) => {
    expect(() => parseJson(text, 'a.json', SMALL_JSON)).toThrow(JsonError);
    expect(() => parseJson(text, 'a.json', SMALL_JSON)).toThrow(message);
  });
});
