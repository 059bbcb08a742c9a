import { expect, test } from 'vitest';
import type { AnsweredProblem } from '../../rl/evaluate';
import { score } from '../../run/statistics';
import { describeSuite, suiteScore } from './suite-score';

const answered = (tier: string, correct: number, lengths: number[], truncated = 0): AnsweredProblem => ({
  problem: { key: '', family: 'ladder', tier, size: 1, prompt: [1], answer: [1] },
  correct,
  truncated,
  lengths,
  answers: lengths.map((length, i) => ({ tokens: new Array<number>(length).fill(1), correct: i < correct })),
});

// Two answers each: right are 2 of 2, 0 of 2 and 1 of 2.
const SUITE = [answered('easy', 2, [4, 6]), answered('hard', 0, [10, 20], 1), answered('hard', 1, [8, 12])];

test('mean@k counts answers and pass@k problems, each with its Wilson interval', () => {
  const result = suiteScore('in-domain', SUITE);
  const [mean, pass] = [score(3, 6), score(2, 3)];
  expect(result).toMatchObject({
    suite: 'in-domain',
    problems: 3,
    answers: 6,
    correct: 3,
    accuracy: 0.5,
    accuracy_interval: [mean.low, mean.high],
    pass_at_k: 2 / 3,
    pass_at_k_interval: [pass.low, pass.high],
    mean_length: 10,
    truncated_ratio: 1 / 6,
  });
  expect(result.by_tier['ladder/easy']).toMatchObject({ accuracy: 1, pass_at_k: 1, problems: 1 });
  expect(result.by_tier['ladder/hard']).toMatchObject({ accuracy: 0.25, pass_at_k: 0.5, answers: 4 });
});

test('pass@k is shown where there is more than one answer to a problem', () => {
  expect(describeSuite(suiteScore('in-domain', SUITE))).toMatch(
    /^in-domain +50.0% \[.*\] of 6 +pass@2 66.7%/,
  );
  const single = suiteScore('in-domain', [answered('easy', 1, [4])]);
  expect(describeSuite(single)).not.toContain('pass@');
});
