import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LADDER } from '../../tasks/ladder';
import { LADDER_META, metaTask } from '../../tasks/meta';
import { CARRY, SPLIT } from '../../tasks/tokens';
import {
  addExamples,
  DEFAULT_EXPERTS,
  EMPTY_EXPERTS,
  exampleBatch,
  type MetaExample,
  outcomeExample,
  selectExperts,
} from './experts';
import { DEFAULT_META_REWARDS, scoreMetaGroup } from './rewards';
import { groupTruth } from './truth';

const { encode, decode } = LADDER.vocabulary;
const problem = LADDER.trainProblem(0, 0, 0);

/** 3 of 4 correct, 20, 24 and 31 tokens long (mean 25, bucket 3), with CARRY; SPLIT in two of them and in no other. */
const truth = groupTruth([
  { correct: true, length: 20, notions: [CARRY] },
  { correct: true, length: 24, notions: [CARRY, SPLIT] },
  { correct: true, length: 31, notions: [CARRY, SPLIT] },
  { correct: false, length: 80, notions: [] },
]);
const unsolved = groupTruth([{ correct: false, length: 80, notions: [CARRY] }]);

const experts = (outputs: string[], settings = DEFAULT_EXPERTS, of = truth) =>
  selectExperts(
    LADDER_META,
    problem,
    scoreMetaGroup(LADDER_META, problem, outputs.map(encode), of, DEFAULT_META_REWARDS),
    of,
    settings,
    7,
  ).map(({ example }) => example);
const written = (examples: MetaExample[]): string[] => examples.map((e) => decode(e.completion));

describe('selectExperts', () => {
  test('takes the best notion score and rewrites length and pass rate to the truth', () => {
    const [expert, ...others] = experts(['NOT CARRY WAIT LEN 9 PASS 0 EOS', 'NOT SPLIT LEN 0 PASS 1 EOS']);
    expect(others).toEqual([]);
    // 3 of 4 are 6 of 8.
    expect(decode(expert.completion)).toBe('NOT SPLIT LEN 3 PASS 6 EOS');
    expect(expert.prompt).toEqual(LADDER_META.metaPrompt(problem));
    expect(expert.active).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(expert.step).toBe(7);
  });

  test('up to so many a prompt, best first, earlier before later, none twice', () => {
    const outputs = [
      'NOT CARRY WAIT LEN 9 PASS 0 EOS',
      'NOT CARRY LEN 1 PASS 1 EOS',
      'NOT CARRY LEN 2 PASS 2 EOS',
      'NOT SPLIT LEN 2 PASS 2 EOS',
    ];
    expect(written(experts(outputs, { minNotion: 0.2, perPrompt: 3 }))).toEqual([
      'NOT CARRY LEN 3 PASS 6 EOS',
      'NOT SPLIT LEN 3 PASS 6 EOS',
      'NOT CARRY WAIT LEN 3 PASS 6 EOS',
    ]);
    expect(written(experts(outputs, { minNotion: 0.2, perPrompt: 2 }))).toHaveLength(2);
  });

  test('leaves out scores below the limit and whatever is not exact', () => {
    expect(experts(['NOT WAIT LEN 3 PASS 6 EOS'])).toEqual([]);
    expect(experts(['NOT CARRY LEN 3 PASS 6', 'NOT CARRY LEN 3 EOS', 'ANS EOS'])).toEqual([]);
    // One of two counts: 0.5.
    expect(experts(['NOT CARRY WAIT LEN 3 PASS 6 EOS'], { minNotion: 0.5, perPrompt: 1 })).toHaveLength(1);
    expect(experts(['NOT CARRY WAIT LEN 3 PASS 6 EOS'], { minNotion: 0.51, perPrompt: 1 })).toEqual([]);
  });

  test('says what the policy itself had written', () => {
    const output = encode('NOT SPLIT LEN 0 PASS 1 EOS');
    const scored = scoreMetaGroup(LADDER_META, problem, [output], truth, DEFAULT_META_REWARDS);
    const [expert] = selectExperts(LADDER_META, problem, scored, truth, DEFAULT_EXPERTS, 7);
    expect(expert.from).toEqual(output);
  });

  test('a prompt that nothing solves gives none, even without a limit', () => {
    expect(experts(['NOT CARRY LEN 3 PASS 6 EOS'], { minNotion: 0, perPrompt: 3 }, unsolved)).toEqual([]);
  });
});

describe('outcomeExample', () => {
  test('learns the true count and the true length, not the markers', () => {
    const example = outcomeExample(LADDER_META, problem, truth, 4);
    expect(decode(example.completion)).toBe('PASS 6 LEN 3');
    expect(example.active).toEqual([1, 3]);
    expect(example.prompt).toEqual(LADDER_META.metaPrompt(problem));
  });

  test('tells of unsolved prompts too, without a length', () => {
    const example = outcomeExample(metaTask(['pass', 'length', 'notions']), problem, unsolved, 4);
    expect(decode(example.completion)).toBe('PASS 0');
    expect(example.active).toEqual([1]);
  });
});

describe('the buffer', () => {
  const example = (step: number): MetaExample => ({ prompt: [1], completion: [step], active: [0], step });
  const many = (from: number, count: number) => Array.from({ length: count }, (_, i) => example(from + i));

  test('is bounded, and the oldest go first', () => {
    const first = addExamples(EMPTY_EXPERTS, many(0, 3), 4);
    const second = addExamples(first, many(3, 3), 4);
    expect(second.examples.map((e) => e.step)).toEqual([2, 3, 4, 5]);
    expect(second.collected).toBe(6);
    expect(first.examples).toHaveLength(3);
    expect(addExamples(EMPTY_EXPERTS, many(0, 9), 4).examples.map((e) => e.step)).toEqual([5, 6, 7, 8]);
    expect(() => addExamples(first, [], 0)).toThrow('capacity of 1 or more, got 0');
  });

  test('minibatches are without repeats, from all of the buffer, and the same again after a checkpoint', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 1, max: 24 }),
        fc.nat(50),
        (count, size, update) => {
          const buffer = addExamples(EMPTY_EXPERTS, many(0, count), 64);
          const place = { seed: 3, step: 12, update };
          const batch = exampleBatch(buffer, size, place);
          expect(batch).toHaveLength(Math.min(size, count));
          expect(new Set(batch.map((e) => e.step)).size).toBe(batch.length);
          expect(exampleBatch(JSON.parse(JSON.stringify(buffer)), size, place)).toEqual(batch);
        },
      ),
    );
    const buffer = addExamples(EMPTY_EXPERTS, many(0, 20), 64);
    const seen = new Set<number>();
    for (let update = 0; update < 60; update++)
      for (const e of exampleBatch(buffer, 4, { seed: 3, step: 12, update })) seen.add(e.step);
    expect(seen.size).toBe(20);
    expect(exampleBatch(buffer, 4, { seed: 3, step: 12, update: 0 })).not.toEqual(
      exampleBatch(buffer, 4, { seed: 3, step: 12, update: 1 }),
    );
  });
});
