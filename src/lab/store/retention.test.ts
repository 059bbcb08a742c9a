import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../run/manifest';
import { type KeptCheckpoint, NO_FIGURES, type RunEntry } from './entry';
import { EVALUATED_KEPT, NEWEST_KEPT, surplus, toMakeRoom } from './retention';

const checkpoint = (step: number, change: Partial<KeptCheckpoint> = {}): KeptCheckpoint => ({
  step,
  bytes: 10,
  evaluated: false,
  pinned: false,
  ...change,
});
const run = (id: string, updated: string, checkpoints: KeptCheckpoint[], pinned = false): RunEntry => ({
  id,
  name: id,
  manifest: parseManifest({}),
  parent: null,
  created: updated,
  updated,
  ...NO_FIGURES,
  tags: [],
  notes: '',
  pinned,
  bytes: 0,
  checkpoints,
});

describe('what a run keeps', () => {
  test('is its newest checkpoints, pinned ones and evaluated ones', () => {
    const all = [
      checkpoint(1),
      checkpoint(2, { pinned: true }),
      checkpoint(3, { evaluated: true }),
      checkpoint(4),
      checkpoint(5),
      checkpoint(6),
      checkpoint(7),
    ];
    expect(surplus(all)).toEqual([1, 4]);
    expect(surplus(all.slice(0, NEWEST_KEPT))).toEqual([]);
  });

  test('is bounded however long it runs, unless the user pins, and the first evaluated one stays', () => {
    let kept: KeptCheckpoint[] = [];
    for (let step = 1; step <= 2000; step++) {
      kept.push(checkpoint(step, { evaluated: step % 2 === 1 }));
      const gone = surplus(kept);
      kept = kept.filter((each) => !gone.includes(each.step));
      expect(kept.length).toBeLessThanOrEqual(2 * EVALUATED_KEPT + NEWEST_KEPT);
      expect(kept[0].step).toBe(1);
      expect(kept.at(-1)!.step).toBe(step);
    }
    expect(kept.filter((each) => each.evaluated).length).toBeGreaterThanOrEqual(EVALUATED_KEPT);
  });

  test('always holds the newest and the pinned ones', () => {
    const checkpoints = fc
      .array(fc.record({ evaluated: fc.boolean(), pinned: fc.boolean() }), { maxLength: 120 })
      .map((all) => all.map((each, i) => checkpoint(i + 1, each)));
    fc.assert(
      fc.property(checkpoints, (all) => {
        const gone = new Set(surplus(all));
        for (const each of all.slice(-NEWEST_KEPT)) expect(gone).not.toContain(each.step);
        for (const each of all) if (each.pinned) expect(gone).not.toContain(each.step);
      }),
    );
  });
});

describe('room is made', () => {
  const runs = [
    run('new', '2026-01-03', [checkpoint(1), checkpoint(2)]),
    run('old', '2026-01-01', [checkpoint(5), checkpoint(6, { pinned: true }), checkpoint(7), checkpoint(8)]),
    run('pinned', '2025-01-01', [checkpoint(1), checkpoint(2)], true),
  ];
  const asText = (needed: number) => toMakeRoom(runs, needed).map((each) => `${each.run} ${each.step}`);

  test('by the oldest checkpoints first, and no more than needed', () => {
    expect(asText(10)).toEqual(['old 5']);
    expect(asText(15)).toEqual(['old 5', 'old 7']);
    expect(asText(25)).toEqual(['old 5', 'old 7', 'new 1']);
  });

  test('never by a pinned one, one of a pinned run, or the newest of a run', () => {
    expect(asText(1e9)).toEqual(['old 5', 'old 7', 'new 1']);
    expect(toMakeRoom([run('one', '2026', [checkpoint(1)])], 10)).toEqual([]);
  });
});
