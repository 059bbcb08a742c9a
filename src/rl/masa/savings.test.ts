import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type GateSavingsInput, gateSavings } from './savings';

const perfect: GateSavingsInput = {
  zeroVarianceShare: 0.6,
  recall: 1,
  falsePositiveRate: 0,
  overhead: 0,
  learningRatio: 1,
};

describe('gateSavings', () => {
  test('a perfect gate reaches the ceiling and loses nothing', () => {
    const savings = gateSavings(perfect);
    // 1 / (1 - 0.6)
    expect(savings.ceiling).toBeCloseTo(2.5, 12);
    expect(savings.speedup).toBeCloseTo(2.5, 12);
    for (const factor of Object.values(savings.lost)) expect(factor).toBeCloseTo(1, 12);
  });

  test('a measured gate, by hand', () => {
    const savings = gateSavings({
      zeroVarianceShare: 0.6,
      recall: 0.8,
      falsePositiveRate: 0.1,
      overhead: 0.05,
      learningRatio: 0.9,
    });
    // 0.9 x 0.9 / (0.05 + 1 - 0.48 - 0.04) = 0.81 / 0.53
    expect(savings.speedup).toBeCloseTo(0.81 / 0.53, 12);
    // 0.7 x 0.6 - 0.05 - 0.1 x 0.9 = 0.28
    expect(savings.margin).toBeCloseTo(0.28, 12);
    expect(savings.pays).toBe(true);
    // 1 - (0.42 - 0.05) / 0.9
    expect(savings.breakEvenLearningRatio).toBeCloseTo(1 - 0.37 / 0.9, 12);
    // 2.5 -> 1 / 0.52 -> 0.9 / 0.48 -> 0.9 / 0.53 -> 0.81 / 0.53
    expect(savings.lost.recall).toBeCloseTo(1 / 0.52 / 2.5, 12);
    expect(savings.lost.falsePositives).toBeCloseTo((0.9 / 0.48) * 0.52, 12);
    expect(savings.lost.overhead).toBeCloseTo(0.48 / 0.53, 12);
    expect(savings.lost.learning).toBeCloseTo(0.9, 12);
  });

  test('no gate at all is a speed-up of 1, and an overhead alone a loss', () => {
    expect(gateSavings({ ...perfect, recall: 0 }).speedup).toBe(1);
    const costly = gateSavings({ ...perfect, recall: 0, overhead: 0.25 });
    expect(costly).toMatchObject({ speedup: 0.8, margin: -0.25, pays: false });
  });

  test('what was lost multiplies to the speed-up, no step of the gate’s quality gains, and the break-even breaks even', () => {
    const share = fc.double({ min: 0, max: 0.95, noNaN: true });
    fc.assert(
      fc.property(
        share,
        share,
        share,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0.05, max: 1.5, noNaN: true }),
        (zeroVarianceShare, recall, falsePositiveRate, overhead, learningRatio) => {
          const input = { zeroVarianceShare, recall, falsePositiveRate, overhead, learningRatio };
          const s = gateSavings(input);
          const { lost } = s;
          const product = s.ceiling * lost.recall * lost.falsePositives * lost.overhead * lost.learning;
          expect(product).toBeCloseTo(s.speedup, 9);
          for (const factor of [lost.recall, lost.falsePositives, lost.overhead])
            expect(factor).toBeLessThanOrEqual(1 + 1e-12);
          if (Math.abs(s.margin) > 1e-9) expect(s.speedup > 1).toBe(s.pays);
          const even = s.breakEvenLearningRatio;
          if (even !== null && even >= 0)
            expect(gateSavings({ ...input, learningRatio: even }).margin).toBeCloseTo(0, 9);
        },
      ),
    );
  });

  test('agrees with playing it out, prompt by prompt', () => {
    // 1000 prompts of one token each, 600 without variance; the gate spares 480 of these and 40 of the others, and
    // costs 50. The 360 informative ones left teach as much as 400 x 0.9 without the gate: 400 / 360 rounds for the
    // same learning, each of 1000 - 520 + 50 tokens.
    const rounds = 400 / 360;
    const played = 1000 / (rounds * (1000 - 520 + 50));
    const input = {
      zeroVarianceShare: 0.6,
      recall: 0.8,
      falsePositiveRate: 0.1,
      overhead: 0.05,
      learningRatio: 1,
    };
    expect(gateSavings(input).speedup).toBeCloseTo(played, 12);
  });

  test('a gate that closes everything learns nothing', () => {
    expect(gateSavings({ ...perfect, falsePositiveRate: 1 })).toMatchObject({
      speedup: 0,
      breakEvenLearningRatio: null,
    });
  });

  test('what is no share is refused', () => {
    expect(() => gateSavings({ ...perfect, recall: 1.2 })).toThrow(
      'recall: expected a share from 0 to 1, got 1.2',
    );
    expect(() => gateSavings({ ...perfect, overhead: -1 })).toThrow('overhead: expected 0 or more, got -1');
  });
});
