import { expect, test } from 'vitest';
import { LADDER } from '../../tasks/ladder';
import { classifyPrompt, initialClassifier, learnPrompts, type PromptOutcome } from './prompt-classifier';

const fresh = initialClassifier(LADDER.vocabulary.tableSize);

test('one outcome moves it by one AdaGrad step, by hand', () => {
  // One token, once: three features (occurs, counted 1/4, length 1). P = 1/2, so that the gradients are -1/2, -1/8 and
  // -1/2, and a first AdaGrad step is the rate, 0.3, in each. z = 0.3 + 0.3 / 4 + 0.3 = 0.675.
  const outcome: PromptOutcome = { prompt: [5], zeroVariance: true };
  expect(classifyPrompt(fresh, [5])).toBe(0.5);
  const once = learnPrompts(fresh, [outcome]);
  expect(classifyPrompt(once, [5])).toBeCloseTo(1 / (1 + Math.exp(-0.675)), 12);
  expect(once.outcomes).toBe(1);
  expect(fresh).toEqual(initialClassifier(LADDER.vocabulary.tableSize));
});

test('learns from the ladder’s prompts which tiers have no variance, and holds on unseen ones', () => {
  const outcomes = Array.from({ length: 1200 }, (_, i): PromptOutcome => {
    const { prompt, tier } = LADDER.trainProblem(1, i >> 4, i % 16);
    return { prompt, zeroVariance: tier === 'easy' || tier === 'unsolvable' };
  });
  const learned = learnPrompts(fresh, outcomes);
  let right = 0;
  for (let i = 0; i < 400; i++) {
    const { prompt, tier } = LADDER.suites[0].problem(0, i);
    if (classifyPrompt(learned, prompt) > 0.5 === (tier === 'easy' || tier === 'unsolvable')) right++;
  }
  expect(right / 400).toBeGreaterThan(0.97);
});

test('in pieces, through JSON, it learns the same as at once', () => {
  const outcomes = Array.from({ length: 60 }, (_, i): PromptOutcome => {
    const { prompt, tier } = LADDER.trainProblem(2, 0, i);
    return { prompt, zeroVariance: tier === 'easy' };
  });
  const half = JSON.parse(JSON.stringify(learnPrompts(fresh, outcomes.slice(0, 31)))) as typeof fresh;
  expect(learnPrompts(half, outcomes.slice(31))).toEqual(learnPrompts(fresh, outcomes));
});

test('tokens outside of the table and prompts of any length are taken as they come', () => {
  for (const prompt of [[], [-1, 1e9, Number.NaN], new Array<number>(500).fill(3)]) {
    const learned = learnPrompts(fresh, [{ prompt, zeroVariance: false }]);
    expect(classifyPrompt(learned, prompt)).toBeLessThan(0.5);
    expect(classifyPrompt(learned, prompt)).toBeGreaterThan(0);
  }
});
