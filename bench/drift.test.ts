import { describe, expect, it } from 'vitest';
import { Purpose, Stream } from '../src/run/random';
import { driftOf, type Pair } from './drift';

/**
 * Pairs as measured on two cores that do other things as well: a step is now as long as its work, now several times as
 * long, and the machine becomes slower and faster for minutes on end. What is aged takes `growth` longer.
 */
function pairs(seed: number, count: number, growth: number): Pair[] {
  const random = new Stream(seed, Purpose.test);
  return Array.from({ length: count }, (_, i) => {
    const step = () => {
      const work = 20 + 3 * (i % 10);
      const interrupted = -Math.log(1 - random.uniform()) * 0.3;
      const machine = 1 + 0.5 * Math.sin(i / 100);
      return work * machine * (1 + interrupted);
    };
    return [step() * (1 + growth), step()];
  });
}

describe('the drift of step times', () => {
  it('is found among interruptions that are far larger than it', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { drift, chance } = driftOf(pairs(seed, 1000, 0.05));
      expect(drift).toBeGreaterThan(0.02);
      expect(drift).toBeLessThan(0.08);
      expect(drift).toBeGreaterThan(chance);
    }
  });

  it('is within chance, and chance below 3%, where there is none', () => {
    const found = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((seed) => driftOf(pairs(seed, 1000, 0)));
    for (const { drift, chance } of found) {
      expect(Math.abs(drift)).toBeLessThan(0.04);
      expect(chance).toBeLessThan(0.03);
    }
    // One of 20 is beyond it by chance.
    expect(found.filter(({ drift, chance }) => Math.abs(drift) > chance).length).toBeLessThanOrEqual(2);
  });

  it('is exact where nothing interrupts', () => {
    const even = Array.from({ length: 100 }, (_, i): Pair => [10 + (i % 10), 10 + (i % 10)]);
    expect(driftOf(even)).toEqual({ drift: 0, chance: 0 });
    expect(driftOf(even.map(([aged, fresh]) => [1.01 * aged, fresh])).drift).toBeCloseTo(0.01, 10);
  });

  it('says that it cannot tell from few steps', () => {
    expect(driftOf(pairs(1, 40, 0)).chance).toBeGreaterThan(0.03);
    expect(() => driftOf([])).toThrow('driftOf: expected pairs of steps, got none');
  });
});
