import { describe, expect, it } from 'vitest';
import { groupAdvantages } from './advantages';

describe('group advantages', () => {
  it('centres and divides by the deviation of the group', () => {
    // mean 1/4, population deviation sqrt(3)/4: (1 - 1/4) / (sqrt(3)/4) = sqrt(3), (0 - 1/4) / .. = -1/sqrt(3)
    const [a] = groupAdvantages([[1, 0, 0, 0]], 'group');
    expect(a[0]).toBeCloseTo(Math.sqrt(3), 4);
    expect(a[1]).toBeCloseTo(-1 / Math.sqrt(3), 4);
    expect(a.reduce((x, y) => x + y)).toBeCloseTo(0, 9);
  });

  it('only centres without a scale, as Dr. GRPO does', () => {
    expect(groupAdvantages([[1, 0, 1, 0]], 'none')).toEqual([[0.5, -0.5, 0.5, -0.5]]);
  });

  it('divides by the deviation of the whole batch', () => {
    // All rewards 1, 0, 1, 1: mean 3/4, variance 3/16.
    const [a, b] = groupAdvantages(
      [
        [1, 0],
        [1, 1],
      ],
      'batch',
    );
    expect(a[0]).toBeCloseTo(0.5 / (Math.sqrt(3) / 4 + 1e-6), 9);
    expect(b).toEqual([0, 0]);
  });

  it('gives exactly zero to a group without variance, whatever the value and the scale', () => {
    for (const scale of ['group', 'batch', 'none'] as const)
      expect(
        groupAdvantages(
          [
            [0.1, 0.1, 0.1],
            [1, 1, 1],
          ],
          scale,
        ).flat(),
      ).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('gives zero to a group of one rollout', () => {
    expect(groupAdvantages([[1]], 'group')).toEqual([[0]]);
  });
});
