import { describe, expect, test } from 'vitest';
import { bootstrapMean } from '../run/bootstrap';
import { curvesOf, endOf, figureOf, groupArms } from './arms';
import { quantitiesOf } from './quantities';
import { madeUp } from './testing';

const run = (seed: number, final: number, settings = {}) =>
  madeUp({ seed, settings, tokens: [100, 100, 100, 100], accuracy: { 0: 0.4, 2: 0.5, 4: final } });

const accuracyOf = (runs: ReturnType<typeof madeUp>[]) =>
  quantitiesOf(runs).find(({ key }) => key === 'accuracy/in-domain')!;

describe('arms', () => {
  test('are runs that differ in nothing but seed, length and watching', () => {
    const arms = groupArms([
      run(1, 0.6),
      run(1, 0.6, { masa_meta: 'train', eval_samples: 4 }),
      run(2, 0.6, { eval_steps: 2, steps: 9 }),
    ]);
    expect(arms.map(({ name, runs }) => [name, runs.length])).toEqual([
      ['GRPO', 2],
      ['MASA', 1],
    ]);
  });

  test('of the user’s own settings are told apart by them', () => {
    const arms = groupArms([run(1, 0.6, { beta: 0.3 }), run(1, 0.6, { beta: 0.5 })]);
    expect(arms.map(({ name }) => name)).toEqual(['GRPO, changed: beta=0.3', 'GRPO, changed: beta=0.5']);
  });

  test('have mean, deviation of the sample and bootstrap interval of their last evaluations', () => {
    const runs = [run(1, 0.6), run(2, 0.7), run(3, 0.8)];
    const figure = figureOf(groupArms(runs)[0], accuracyOf(runs))!;
    // ((0.1)^2 + 0 + (0.1)^2) / 2 = 0.01, whose root is 0.1.
    expect(figure.runs).toBe(3);
    expect(figure.mean).toBeCloseTo(0.7, 12);
    expect(figure.deviation).toBeCloseTo(0.1, 12);
    expect(figure.interval).toEqual(bootstrapMean([0.6, 0.7, 0.8]));
  });

  test('of one run have neither deviation nor interval', () => {
    const runs = [run(1, 0.6)];
    expect(figureOf(groupArms(runs)[0], accuracyOf(runs))).toMatchObject({
      mean: 0.6,
      deviation: null,
      interval: null,
    });
  });

  test('have a curve over seeds with a band from three runs on', () => {
    const runs = [run(1, 0.6), run(2, 0.7), run(3, 0.8)];
    const [three] = curvesOf(groupArms(runs), accuracyOf(runs), 'steps');
    expect(three.whole.x).toEqual([0, 2, 4]);
    expect(three.whole.y[2]).toBeCloseTo(0.7, 12);
    expect(three.whole.band?.low[2]).toBe(bootstrapMean([0.6, 0.7, 0.8])!.low);
    const [two] = curvesOf(groupArms(runs.slice(1)), accuracyOf(runs), 'steps');
    expect(two.whole.band).toBeNull();
  });

  test('take the mean over the last steps for what is measured at every step', () => {
    const digest = madeUp({ tokens: Array.from({ length: 12 }, () => 100), accuracy: {} });
    digest.steps.forEach((step, i) => {
      Object.assign(step, { metrics: { ...step.metrics, reward: i } });
    });
    const reward = quantitiesOf([digest]).find(({ key }) => key === 'reward')!;
    // Steps 2 to 11.
    expect(endOf(digest, reward)).toBe(6.5);
  });
});
