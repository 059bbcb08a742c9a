import { describe, expect, it } from 'vitest';
import { learningRate } from './schedule';

const knobs = { learning_rate: 1, warmup_steps: 4, steps: 12 } as const;
const at = (lr_scheduler_type: 'constant' | 'linear' | 'cosine', step: number) =>
  learningRate({ ...knobs, lr_scheduler_type }, step);

describe('the learning rate', () => {
  it('rises linearly over the warm-up and is never zero', () => {
    expect([0, 1, 2, 3].map((s) => at('constant', s))).toEqual([0.25, 0.5, 0.75, 1]);
  });

  it('falls to zero at the end of a linear or cosine schedule', () => {
    expect(at('linear', 8)).toBeCloseTo(0.5);
    expect(at('cosine', 8)).toBeCloseTo(0.5);
    expect(at('linear', 12)).toBeCloseTo(0);
    expect(at('cosine', 12)).toBeCloseTo(0);
  });

  it('stays at its peak when constant', () => {
    expect(at('constant', 11)).toBe(1);
  });
});
