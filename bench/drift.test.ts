import { describe, expect, it } from 'vitest';
import { Purpose, Stream } from '../src/run/random';
import { driftOf } from './drift';

const CIRCLE = 10;

/**
 * Step times as measured on two cores that do other things as well: a step is now as long as its work, now several
 * times as long. `growth` from the first to the last, linearly.
 */
function times(seed: number, count: number, growth: number): number[] {
  const random = new Stream(seed, Purpose.test);
  return Array.from({ length: count }, (_, i) => {
    const work = 20 + 3 * (i % CIRCLE);
    const interrupted = -Math.log(1 - random.uniform()) * 0.7;
    return work * (1 + interrupted) * (1 + (growth * i) / count);
  });
}

describe('the drift of step times', () => {
  it('is found among interruptions that are far larger than it', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { drift, chance } = driftOf(times(seed, 1500, 0.05), CIRCLE);
      expect(drift).toBeGreaterThan(0.03);
      expect(drift).toBeLessThan(0.07);
      expect(drift).toBeGreaterThan(chance);
    }
  });

  it('is within chance, and chance below 3%, where there is none', () => {
    const found = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((seed) => driftOf(times(seed, 1500, 0), CIRCLE));
    for (const { drift, chance } of found) {
      expect(Math.abs(drift)).toBeLessThan(0.03);
      expect(chance).toBeLessThan(0.03);
    }
    // One of 20 is beyond it by chance.
    expect(found.filter(({ drift, chance }) => Math.abs(drift) > chance).length).toBeLessThanOrEqual(2);
  });

  it('is exact where nothing interrupts', () => {
    const even = Array.from({ length: 100 }, (_, i) => 10 + (i % CIRCLE));
    expect(driftOf(even, CIRCLE)).toEqual({ drift: 0, chance: 0 });
    const later = even.map((ms, i) => (i < 50 ? ms : 1.01 * ms));
    expect(driftOf(later, CIRCLE).drift).toBeCloseTo(0.02, 10);
  });

  it('says that it cannot tell from few steps', () => {
    expect(driftOf(times(1, 60, 0), CIRCLE).chance).toBeGreaterThan(0.05);
    expect(() => driftOf([1, 2, 3], 2)).toThrow('driftOf: expected two rounds of 2 steps, got 3 steps');
  });
});
