import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../arguments';
import { temporaryFolder } from '../testing';
import { keepSweep, keptSweep } from './kept-sweep';
import { cellCount, containsSweep, planCell, planCells, planSweep, readSweep } from './plan';

const SWEEP = {
  sweep_version: 1,
  name: 'rates',
  arms: ['grpo', 'loose=masa-efficient:masa_cutoff_multiple=3'],
  seeds: '4-5',
  settings: { steps: 7 },
  grid: { learning_rate: [1e-4, 2e-4] },
};

const issues = (value: unknown): string[] => {
  try {
    planSweep(value, 'sweep.json');
  } catch (error) {
    if (error instanceof UsageError) return error.issues;
    throw error;
  }
  return [];
};

describe('the cells of a sweep', () => {
  const plan = planSweep(SWEEP, 'sweep.json');

  test('arms and combinations change fastest, and each has a folder and a manifest', () => {
    const cells = planCells(plan, '/out');
    expect(cells.map(({ path }) => path)).toEqual(
      [4, 5].flatMap((seed) =>
        ['grpo', 'loose'].flatMap((arm) =>
          ['0.0001', '0.0002'].map((rate) => join('/out', `${arm}+learning_rate=${rate}`, `seed-${seed}`)),
        ),
      ),
    );
    expect(cellCount(plan)).toBe(8);
    expect(planCell(plan, 6, '/out').manifest).toMatchObject({
      seed: 5,
      steps: 7,
      learning_rate: 1e-4,
      masa_cutoff_multiple: 3,
    });
  });

  test('a seed added to the end changes no index', () => {
    const grown = planSweep({ ...SWEEP, seeds: '4-6' }, 'sweep.json');
    const paths = planCells(grown, '/out').map(({ path }) => path);
    expect(paths.slice(0, 8)).toEqual(planCells(plan, '/out').map(({ path }) => path));
  });

  test('what is wrong is said of the sweep’s file, of the arm and of the setting', () => {
    expect(issues({ ...SWEEP, arms: ['banana'], seeds: '1-1,1', budget: 'hours=3' })).toEqual([
      expect.stringMatching(/^sweep.json: seeds: expected .* got "1-1,1"$/),
      expect.stringMatching(/^sweep.json: arms: expected presets .* got "banana"$/),
      expect.stringMatching(/^sweep.json: budget: expected tokens=N .* got "hours=3"$/),
    ]);
    expect(issues({ ...SWEEP, grid: { learning_rat: [1], masa_cutoff_multiple: [2] } })).toEqual([
      expect.stringMatching(
        /masa_cutoff_multiple: expected a setting that no arm has of its own, got one of loose/,
      ),
    ]);
    expect(issues({ ...SWEEP, grid: { beta: [-1] } })[0]).toMatch(
      /^sweep.json: grpo\+beta=-1: beta: expected a number from 0 to .* got -1/,
    );
    expect(issues({ ...SWEEP, arms: ['grpo,masa'] })[0]).toMatch(/one arm an entry, got "grpo,masa"/);
    expect(issues({ ...SWEEP, grid: { name: ['a b'] } })[0]).toMatch(/folder's name/);
    expect(issues({ ...SWEEP, baseline: 'grpo' })[0]).toMatch(
      /^sweep.json: baseline: expected one of the arms/,
    );
  });

  test('a file that is not there or no JSON is a wrong argument', () => {
    const folder = temporaryFolder();
    expect(() => readSweep(join(folder, 'none.json'))).toThrow(/--manifest: could not read/);
    writeFileSync(join(folder, 'text.json'), 'text');
    expect(() => readSweep(join(folder, 'text.json'))).toThrow(/text.json: expected JSON/);
  });
});

describe('the sweep that a folder keeps', () => {
  const plan = (change: object) => planSweep({ ...SWEEP, ...change }, 'sweep.json');
  const small = plan({});
  const grown = plan({ seeds: '4-9', arms: ['masa', ...SWEEP.arms] });

  test('one contains another when it has all of its cells by the same settings', () => {
    expect(containsSweep(grown, small)).toBe(true);
    expect(containsSweep(small, grown)).toBe(false);
    expect(containsSweep(plan({ settings: { steps: 7, checkpoint_steps: 3 } }), small)).toBe(true);
    expect(containsSweep(plan({ settings: { steps: 8 } }), small)).toBe(false);
    expect(containsSweep(plan({ budget: 'tokens=9' }), small)).toBe(false);
  });

  test('grows, never shrinks, and is not replaced by another', () => {
    const out = temporaryFolder();
    mkdirSync(out, { recursive: true });
    expect(keptSweep(out)).toBeNull();
    keepSweep(out, small);
    keepSweep(out, grown);
    keepSweep(out, small);
    expect(keptSweep(out)?.sweep).toEqual(grown.sweep);
    expect(() => keepSweep(out, plan({ settings: { steps: 8 } }))).toThrow(/cells by other settings/);
  });
});
