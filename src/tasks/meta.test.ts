import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LADDER } from './ladder';
import { LADDER_META, lengthOf, metaTask, passCountOf } from './meta';
import { BORROW, CARRY, NOTIONS, SKIP, SPLIT, WAIT } from './tokens';

const { encode, decode } = LADDER.vocabulary;
const parse = (text: string) => LADDER_META.parseMeta(encode(text));

/** Any exact prediction. */
const prediction = fc.record({
  notions: fc.shuffledSubarray([...NOTIONS], { minLength: 1, maxLength: 3 }),
  length: fc.integer({ min: 0, max: 9 }).map((bucket) => lengthOf(8 * bucket)),
  passCount: fc.integer({ min: 0, max: 8 }),
});

describe('parseMeta', () => {
  test('reads an exact prediction', () => {
    expect(parse('NOT CARRY SPLIT LEN 3 PASS 6 EOS')).toEqual({
      parsed: true,
      notions: [CARRY, SPLIT],
      // Bucket 3 is 24 to 31 tokens, the middle (24 + 31) / 2.
      length: { bucket: 3, low: 24, high: 31, midpoint: 27.5 },
      passCount: 6,
      passRate: 0.75,
    });
  });

  test('the last length bucket has no upper end', () => {
    expect(parse('NOT WAIT LEN 9 PASS 0 EOS').length).toEqual({
      bucket: 9,
      low: 72,
      high: null,
      midpoint: 75.5,
    });
  });

  test('parts are read one by one where the whole is not exact', () => {
    const bare = (text: string) => {
      const { parsed, notions, length, passCount } = parse(text);
      return [parsed, notions, length?.bucket ?? null, passCount];
    };
    expect(bare('NOT CARRY LEN 3 PASS 6')).toEqual([false, [CARRY], 3, 6]);
    expect(bare('PASS 6 LEN 3 NOT CARRY EOS')).toEqual([false, [CARRY], 3, 6]);
    expect(bare('NOT CARRY LEN 3 EOS')).toEqual([false, [CARRY], 3, null]);
    expect(bare('NOT LEN 3 PASS 6 EOS')).toEqual([false, null, 3, 6]);
    expect(bare('NOT CARRY LEN PASS 6 EOS')).toEqual([false, [CARRY], null, 6]);
    expect(bare('NOT CARRY LEN 3 1 PASS 6 EOS')).toEqual([false, [CARRY], null, 6]);
    expect(bare('NOT CARRY LEN 3 PASS 9 EOS')).toEqual([false, [CARRY], 3, null]);
    expect(bare('NOT CARRY 4 LEN 3 PASS 6 EOS')).toEqual([false, null, 3, 6]);
    expect(bare('NOT CARRY BORROW SPLIT SKIP LEN 3 PASS 6 EOS')).toEqual([false, null, 3, 6]);
    expect(bare('NOT CARRY CARRY LEN 3 PASS 6 EOS')).toEqual([false, null, 3, 6]);
    expect(bare('NOT CARRY LEN 3 LEN 4 PASS 6 EOS')).toEqual([false, [CARRY], null, 6]);
    expect(bare('WAIT NOT CARRY LEN 3 PASS 6 EOS')).toEqual([false, [CARRY], 3, 6]);
    expect(bare('NOT CARRY LEN 3 PASS 6 EOS EOS')).toEqual([false, [CARRY], 3, 6]);
    expect(bare('EOS NOT CARRY LEN 3 PASS 6 EOS')).toEqual([false, null, null, null]);
    expect(bare('')).toEqual([false, null, null, null]);
    expect(bare('ANS 5 5 EOS')).toEqual([false, null, null, null]);
  });

  test('never throws, and says "parsed" of exactly what writeMeta writes', () => {
    const anything = fc.array(
      fc.oneof(
        fc.integer({ min: 0, max: 63 }),
        fc.constantFrom(...encode('NOT LEN PASS EOS CARRY 3')),
        fc.constantFrom(Number.NaN, -1, 1e12, 0.5),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(anything, (tokens) => {
        const read = LADDER_META.parseMeta(tokens);
        const exact =
          read.notions !== null &&
          read.length !== null &&
          read.passCount !== null &&
          JSON.stringify(LADDER_META.writeMeta(read)) === JSON.stringify(tokens);
        expect(read.parsed).toBe(exact);
        expect(read.passRate).toBe(read.passCount === null ? null : read.passCount / 8);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('writeMeta', () => {
  test('is the inverse of parseMeta, in every order of the parts', () => {
    for (const task of [LADDER_META, metaTask(['pass', 'length', 'notions'])])
      fc.assert(
        fc.property(prediction, (said) => {
          const written = task.writeMeta(said);
          expect(written.length).toBeLessThanOrEqual(task.maxCompletionLength);
          expect(task.parseMeta(written)).toMatchObject({ parsed: true, ...said });
          expect(written[task.passPosition(written)!]).toBe(task.passTokens[said.passCount]);
        }),
      );
  });

  test('writes the ladder’s order, and another where a task has another', () => {
    const said = { notions: [SKIP], length: lengthOf(20), passCount: 8 };
    expect(decode(LADDER_META.writeMeta(said))).toBe('NOT SKIP LEN 2 PASS 8 EOS');
    const passFirst = metaTask(['pass', 'length', 'notions']);
    expect(decode(passFirst.writeMeta(said))).toBe('PASS 8 LEN 2 NOT SKIP EOS');
    expect(passFirst.parseMeta(encode('NOT SKIP LEN 2 PASS 8 EOS')).parsed).toBe(false);
  });

  test('refuses what the vocabulary cannot say', () => {
    const said = { notions: [SKIP], length: lengthOf(20), passCount: 8 };
    expect(() => LADDER_META.writeMeta({ ...said, notions: null })).toThrow('got null');
    expect(() => LADDER_META.writeMeta({ ...said, notions: [] })).toThrow(
      '1 to 3 different notion tokens, got []',
    );
    expect(() => LADDER_META.writeMeta({ ...said, length: null })).toThrow(
      'length bucket from 0 to 9, got null',
    );
    expect(() => LADDER_META.writeMeta({ ...said, passCount: 9 })).toThrow('pass count from 0 to 8, got 9');
  });
});

describe('the truth in the words of a prediction', () => {
  test('a length falls into the bucket that holds it', () => {
    for (let tokens = 0; tokens <= 200; tokens++) {
      const { bucket, low, high } = lengthOf(tokens);
      expect(bucket).toBe(Math.min(9, Math.floor(tokens / 8)));
      expect(low <= tokens && tokens <= (high ?? Number.POSITIVE_INFINITY)).toBe(true);
    }
    expect(lengthOf(31.9).bucket).toBe(3);
    expect(() => lengthOf(Number.NaN)).toThrow('got NaN');
  });

  test('0 and 8 of 8 are kept for groups without variance, and the halves mirror each other', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8].map((k) => passCountOf(k, 8))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    // 1/16 = 0.5 eighths and 15/16 = 7.5 are rounded towards one half: 1 and 7. 3/16 = 1.5 becomes 2, 13/16 = 6.5 6.
    expect([1, 3, 8, 13, 15].map((k) => passCountOf(k, 16))).toEqual([1, 2, 4, 6, 7]);
    for (let total = 1; total <= 40; total++)
      for (let correct = 0; correct <= total; correct++) {
        const count = passCountOf(correct, total);
        expect(count === 0).toBe(correct === 0);
        expect(count === 8).toBe(correct === total);
        expect(count + passCountOf(total - correct, total)).toBe(8);
        if (correct > 0 && correct < total && total >= 8)
          expect(Math.abs(count / 8 - correct / total)).toBeLessThanOrEqual(1 / 8);
      }
    expect(() => passCountOf(3, 2)).toThrow('got 3 of 2');
  });
});

describe('prompts', () => {
  const problem = LADDER.trainProblem(0, 0, 0);
  const body = decode(problem.prompt.slice(1, -1));

  test('a prediction’s notions become a hint, and none becomes none', () => {
    expect(decode(LADDER_META.hintPrompt(problem, { notions: [CARRY, WAIT] })!)).toBe(
      `BOS ${body} HINT CARRY WAIT SOL`,
    );
    expect(LADDER_META.hintPrompt(problem, { notions: null })).toBeNull();
    expect(decode(LADDER_META.metaPrompt(problem))).toBe(`BOS META ${body} META`);
    expect(LADDER.meta).toBe(LADDER_META);
  });

  test('notions already in the problem text do not count', () => {
    expect(LADDER_META.countedNotions(problem, [CARRY, BORROW])).toEqual([CARRY, BORROW]);
    const telling = { ...problem, prompt: LADDER_META.hintPrompt(problem, { notions: [CARRY] })! };
    expect(LADDER_META.countedNotions(telling, [CARRY, BORROW])).toEqual([BORROW]);
  });

  test('the notions of a text are distinct and in the order of the vocabulary', () => {
    expect(LADDER_META.notionsIn(encode('WAIT L0 + 8 CARRY 5 5 CARRY ANS 5 5 EOS'))).toEqual([CARRY, WAIT]);
  });

  test('the place of the pass count is found in any output that has one', () => {
    expect(LADDER_META.passPosition(encode('NOT CARRY LEN 3 PASS 6 EOS'))).toBe(5);
    expect(LADDER_META.passPosition(encode('LEN PASS'))).toBeNull();
    expect(LADDER_META.passPosition([])).toBeNull();
  });
});
