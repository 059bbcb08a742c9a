import { expect, test } from 'vitest';
import { Draw, drawStream, inShare } from './draws';

const chosen = (seed: number, kind: Draw, step: number, share: number, n = 20000): boolean[] =>
  Array.from({ length: n }, (_, i) => inShare(seed, kind, step, i, share));

test('a share is as large as stated', () => {
  for (const share of [1 / 16, 0.1, 0.5]) {
    const n = 20000;
    const found = chosen(3, Draw.gateAudit, 7, share, n).filter(Boolean).length / n;
    // Five standard errors.
    expect(Math.abs(found - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / n));
  }
  expect(chosen(3, Draw.gateAudit, 7, 0).some(Boolean)).toBe(false);
  expect(chosen(3, Draw.gateAudit, 7, 1).every(Boolean)).toBe(true);
});

test('a choice depends on seed, kind, step and index alone, and a larger share contains a smaller one', () => {
  const base = chosen(3, Draw.gateAudit, 7, 0.3, 400);
  expect(chosen(3, Draw.gateAudit, 7, 0.3, 400)).toEqual(base);
  for (const other of [
    chosen(4, Draw.gateAudit, 7, 0.3, 400),
    chosen(3, Draw.cutoffAudit, 7, 0.3, 400),
    chosen(3, Draw.gateAudit, 8, 0.3, 400),
  ])
    expect(other).not.toEqual(base);
  const larger = chosen(3, Draw.gateAudit, 7, 0.5, 400);
  expect(base.every((member, i) => !member || larger[i])).toBe(true);
});

test('kinds never share a counter, and an index beyond them is refused', () => {
  const last = drawStream(0, Draw.gateAudit, 0, 2 ** 28 - 1).u32();
  const next = drawStream(0, Draw.cutoffAudit, 0, 0).u32();
  expect(last).not.toBe(next);
  expect(() => drawStream(0, Draw.gateAudit, 0, 2 ** 28)).toThrow('got 268435456');
  expect(() => drawStream(0, Draw.gateAudit, 0, -1)).toThrow('got -1');
  expect(() => inShare(0, Draw.gateAudit, 0, 0, 1.5)).toThrow('from 0 to 1, got 1.5');
});
