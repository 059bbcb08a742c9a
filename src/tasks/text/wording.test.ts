import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LADDER } from '../ladder';
import { answerInWords, isAnswer, question, statedAnswer } from './wording';

const { vocabulary } = LADDER;
const asked = (words: string) => question(vocabulary.encode(words));

describe('problems in plain words', () => {
  it('say how it is to be worked out, on keyboards’ signs, and the form of the answer', () => {
    expect(asked('BOS 4 7 L0 + 8 L1 * 3 SOL')).toBe(
      '47, then + 8, * 3 = ?\nWork from left to right, and after each step keep only the last two digits.\nEnd with "Answer: " and the result.',
    );
    expect(asked('BOS BOOL T L0 & F SOL')).toMatch(
      /^true, .*\nWork from left to right on true and false\.\n/,
    );
    expect(asked('BOS MM 4 L0 MAX 5 SOL')).toMatch(/^4, .*\n.* keep only the last digit\.\n/);
    expect(asked('BOS SORT L0 4 L1 2 SOL')).toMatch(/^.*4.*2.*\nPut the digits into ascending order\.\n/);
  });

  it('an answer is written as it is read again, whatever the problem', () => {
    for (const suite of LADDER.suites)
      for (let i = 0; i < 60; i++) {
        const right = answerInWords(suite.problem(3, i).answer);
        expect(isAnswer(statedAnswer(`Let me see.\nAnswer: ${right}.`), right), right).toBe(true);
        expect(isAnswer(statedAnswer(`Answer: ${right}1`), right), right).toBe(false);
      }
  });
});

describe('answers in plain words', () => {
  it.each([
    ['Answer: 65', '65'],
    ['47 + 8 = 55. Answer: 55 is wrong. Answer: 65', '65'],
    ['the answer is 65.', '65'],
    ['ANSWER:65 \n', '65'],
    ['**Answer:** 65**', null],
    ['Answer: 65**', '65'],
    ['Answer: 1, 2 , 4', '124'],
    ['Answer: True!', 'true'],
    ['Answer: -3', '-3'],
    ['Answer: 65; or 66', null],
    ['65', null],
    ['Answer:', null],
    ['', null],
  ])('%j states %j', (text, stated) => {
    expect(statedAnswer(text)).toBe(stated);
  });

  it('take a number without its leading zero, and nothing else for it', () => {
    expect(isAnswer('5', '05')).toBe(true);
    expect(isAnswer('05', '05')).toBe(true);
    expect(isAnswer('12', '0 1 2')).toBe(false);
    expect(isAnswer('5', '50')).toBe(false);
    expect(isAnswer(null, '5')).toBe(false);
  });

  it('are read from any text without a hang', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (text) => {
        statedAnswer(`answer${text}`);
      }),
    );
    const started = performance.now();
    statedAnswer(`answer ${'1 '.repeat(100_000)}?`);
    statedAnswer(`${'answer is '.repeat(100_000)}`);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
