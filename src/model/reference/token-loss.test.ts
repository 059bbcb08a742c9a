import { describe, expect, it } from 'vitest';
import { centralDifferences, generator, randomArray, relativeError } from './testing';
import { type LossType, type TokenLossInput, type TokenLossOptions, tokenLoss } from './token-loss';

const LOSSES: LossType[] = ['grpo', 'bnpo', 'dr_grpo', 'dapo'];
const options = (change: Partial<TokenLossOptions> = {}): TokenLossOptions => ({
  lossType: 'dapo',
  epsilon: 0.2,
  epsilonHigh: 0.3,
  beta: 0,
  importanceSamplingLevel: 'token',
  maxCompletionLength: 9,
  ...change,
});

/** Four rows of 6, 0, 4 and 3 entries, in part masked, with ratios on both sides of both bounds. */
function input(seed: number): TokenLossInput & { logp: Float64Array } {
  const random = generator(seed);
  const rowOf = [0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 3, 3, 3];
  const mask = [0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 0];
  const logp = randomArray(random, rowOf.length, 0.5, -2);
  return {
    logp,
    oldLogp: logp.map((x) => x + 0.8 * (2 * random() - 1)),
    refLogp: logp.map((x) => x + 0.4 * (2 * random() - 1)),
    mask,
    rowOf,
    advantages: [1.3, 0.5, -0.8, 0.4],
  };
}

describe('tokenLoss', () => {
  // Two rows. Ratios: row 0: 1.5, 1 (A = 2); row 1: 0.5 (A = -1). Bounds 0.8 and 1.3.
  // Per token: -min(3, 2.6) = -2.6; -2; -min(-0.5, -0.8) = 0.8.
  const byHand: TokenLossInput = {
    logp: [Math.log(0.6), Math.log(0.3), Math.log(0.1)],
    oldLogp: [Math.log(0.4), Math.log(0.3), Math.log(0.2)],
    refLogp: [Math.log(0.6), Math.log(0.6), Math.log(0.1)],
    mask: [1, 1, 1],
    rowOf: [0, 0, 1],
    advantages: [2, -1],
  };

  it('takes the lower of plain and clipped gain, and lets no gradient through where it is clipped', () => {
    const { perToken, dLogp, clipRatio } = tokenLoss(byHand, options());
    expect(relativeError(perToken, [-2.6, -2, 0.8])).toBeLessThan(1e-14);
    // d(-ratio A) / d logp = -A ratio = -2 for the token inside the bounds, times 1/3.
    expect(relativeError(dLogp, [0, -2 / 3, 0])).toBeLessThan(1e-14);
    expect(clipRatio.low).toBeCloseTo(1 / 3, 14);
    expect(clipRatio.high).toBeCloseTo(1 / 3, 14);
    expect(clipRatio.region).toBeCloseTo(2 / 3, 14);
  });

  it.each([
    // Row means: -4.6 / 2 = -2.3 and 0.8; their mean.
    ['grpo', (-2.3 + 0.8) / 2],
    ['bnpo', -3.8 / 3],
    ['dapo', -3.8 / 3],
    // Two rows of the constant length 9.
    ['dr_grpo', -3.8 / 18],
  ] as const)('normalises %s as its paper does', (lossType, expected) => {
    expect(tokenLoss(byHand, options({ lossType })).loss).toBeCloseTo(expected, 14);
  });

  it('adds beta times k3 = exp(g) - g - 1 with g = ln 2 at the one token that differs from the reference', () => {
    const plain = tokenLoss(byHand, options());
    const penalised = tokenLoss(byHand, options({ beta: 0.5 }));
    const k3 = 2 - Math.LN2 - 1;
    expect(penalised.loss - plain.loss).toBeCloseTo((0.5 * k3) / 3, 14);
    expect(penalised.kl).toBeCloseTo(k3 / 3, 14);
    // d k3 / d logp = 1 - exp(g) = -1.
    expect(penalised.dLogp[1] - plain.dLogp[1]).toBeCloseTo(-0.5 / 3, 14);
  });

  it('takes one ratio a row at sequence level: the geometric mean, clipped as one', () => {
    const { perToken, clipRatio } = tokenLoss(byHand, options({ importanceSamplingLevel: 'sequence' }));
    // Row 0: sqrt(1.5 * 1) = 1.2247 is inside; row 1: 0.5 is clipped to 0.8. Clip ratios count rows.
    expect(relativeError(perToken, [-2 * Math.sqrt(1.5), -2 * Math.sqrt(1.5), 0.8])).toBeLessThan(1e-14);
    expect(clipRatio).toEqual({ low: 0.5, high: 0, region: 0.5 });
  });

  const combinations = LOSSES.flatMap((lossType) =>
    (['token', 'sequence'] as const).flatMap((level) =>
      [0, 0.07].map((beta) => [lossType, level, beta] as const),
    ),
  );
  it.each(combinations)(
    'has the gradient of central differences: %s, %s level, beta %f',
    (lossType, level, beta) => {
      const chosen = options({ lossType, importanceSamplingLevel: level, beta });
      // This seed has every kind of token: clipped and free below and above the bounds, and one row clipped as a whole.
      const given = input(2);
      const { dLogp, clipRatio } = tokenLoss(given, chosen);
      const numeric = centralDifferences(() => tokenLoss(given, chosen).loss, given.logp);
      expect(relativeError(dLogp, numeric)).toBeLessThan(1e-6);
      expect(clipRatio.high).toBeGreaterThan(0);
      if (level === 'token') expect(clipRatio.low).toBeGreaterThan(0);
    },
  );

  it.each(LOSSES)('%s ignores what stands in masked entries', (lossType) => {
    const given = input(3);
    const before = tokenLoss(given, options({ lossType, beta: 0.1 }));
    given.logp[0] = -50;
    const after = tokenLoss(given, options({ lossType, beta: 0.1 }));
    expect(after).toEqual(before);
    expect(after.dLogp[0]).toBe(0);
  });

  it.each(['grpo', 'dr_grpo', 'dapo'] as const)('adds up over micro-batches for %s', (lossType) => {
    const given = input(4);
    const whole = tokenLoss(given, options({ lossType, beta: 0.1 }));
    const batch = { rows: 4, activeTokens: 10 };
    const part = (from: number, to: number, rows: number[]) => {
      const cut = (x: ArrayLike<number>) => Array.from(x).slice(from, to);
      return tokenLoss(
        {
          logp: cut(given.logp),
          oldLogp: cut(given.oldLogp),
          refLogp: cut(given.refLogp),
          mask: cut(given.mask),
          rowOf: cut(given.rowOf).map((r) => r - rows[0]),
          advantages: rows.map((r) => given.advantages[r]),
        },
        options({ lossType, beta: 0.1, batch }),
      );
    };
    const [a, b] = [part(0, 6, [0, 1]), part(6, 13, [2, 3])];
    expect(a.loss + b.loss).toBeCloseTo(whole.loss, 14);
    expect(relativeError([...a.dLogp, ...b.dLogp], whole.dLogp)).toBeLessThan(1e-14);
  });

  it('is 0 with a gradient that is not, at the first update of a batch with centred advantages', () => {
    const logp = new Float64Array([-1, -2, -3, -1]);
    const centred = {
      logp,
      oldLogp: logp,
      refLogp: logp,
      mask: [1, 1, 1, 1],
      rowOf: [0, 0, 1, 1],
      advantages: [1, -1],
    };
    const { loss, dLogp } = tokenLoss(centred, options());
    expect(loss).toBeCloseTo(0, 15);
    expect([...dLogp]).toEqual([-0.25, -0.25, 0.25, 0.25]);
  });

  it.each(LOSSES)('%s is 0, not undefined, for a batch in which everything is masked', (lossType) => {
    const given = { ...input(5), mask: new Array(13).fill(0) };
    const { loss, dLogp, clipRatio } = tokenLoss(given, options({ lossType, beta: 0.1 }));
    expect(loss).toBe(0);
    expect(dLogp.every((x) => x === 0)).toBe(true);
    expect(clipRatio).toEqual({ low: 0, high: 0, region: 0 });
  });
});
