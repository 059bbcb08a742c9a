import { expect, test } from 'vitest';
import { LADDER } from '../../tasks/ladder';
import { LADDER_META } from '../../tasks/meta';
import { hintLift, planHints } from './hints';

const problem = LADDER.trainProblem(0, 0, 0);
const { encode, decode } = LADDER.vocabulary;
const predictions = ['NOT CARRY LEN 2 PASS 4 EOS', 'ANS EOS', 'NOT SPLIT WAIT EOS'].map((text) =>
  LADDER_META.parseMeta(encode(text)),
);
const place = { seed: 2, step: 5, firstRollout: 0, generations: 6000 };
const plan = (share: number, of = predictions) => planHints(LADDER_META, problem, of, place, share);

test('the stated share is hinted, evenly from the predictions with notions', () => {
  const sources = plan(0.25).map((p) => p.source);
  const count = (source: number | null) => sources.filter((s) => s === source).length / place.generations;
  // Five standard errors: 5 sqrt(.25 x .75 / 6000) = .028, and for an eighth .0214.
  expect(Math.abs(count(null) - 0.75)).toBeLessThan(0.028);
  expect(Math.abs(count(0) - 0.125)).toBeLessThan(0.0214);
  expect(Math.abs(count(2) - 0.125)).toBeLessThan(0.0214);
  expect(count(1)).toBe(0);
});

test('a hinted prompt names the notions of its source, the others are the problem’s own', () => {
  const body = decode(problem.prompt.slice(1, -1));
  for (const { prompt, source } of plan(0.5).slice(0, 50))
    expect(decode(prompt)).toBe(
      source === null ? `BOS ${body} SOL` : `BOS ${body} HINT ${source === 0 ? 'CARRY' : 'SPLIT WAIT'} SOL`,
    );
});

test('none without predictions to take, none at share 0, all at share 1', () => {
  expect(plan(1, [predictions[1]]).every((p) => p.source === null)).toBe(true);
  expect(plan(1, []).every((p) => p.source === null)).toBe(true);
  expect(plan(0).every((p) => p.source === null)).toBe(true);
  expect(plan(1).every((p) => p.source !== null)).toBe(true);
  expect(() => plan(2)).toThrow('from 0 to 1, got 2');
});

test('a rollout’s hint depends on its place alone', () => {
  const later = planHints(
    LADDER_META,
    problem,
    predictions,
    { ...place, firstRollout: 100, generations: 20 },
    0.5,
  );
  expect(later).toEqual(plan(0.5).slice(100, 120));
});

test('the lift is taken inside groups and averaged, by hand', () => {
  const rollout = (hinted: boolean, reward: number) => ({ hinted, reward });
  expect(
    hintLift([
      // 1 - 0.5 and 0 - 0.25; the third group has no rollout without a hint.
      [rollout(true, 1), rollout(false, 1), rollout(false, 0)],
      [rollout(true, 0), rollout(true, 0), rollout(false, 0.25)],
      [rollout(true, 1)],
    ]),
  ).toBeCloseTo(0.125, 12);
  expect(hintLift([[rollout(true, 1)], []])).toBeNull();
});
