import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { gridPoints, parseSweep, SweepError } from './sweep';

const SMALL = { sweep_version: 1, name: 'small', arms: ['grpo'], seeds: [1] };

const issues = (value: unknown): readonly string[] => {
  try {
    parseSweep(value);
  } catch (error) {
    if (error instanceof SweepError) return error.issues;
    throw error;
  }
  return [];
};

describe('parseSweep', () => {
  test('what is not said has a default', () => {
    expect(parseSweep(SMALL)).toEqual({
      ...SMALL,
      settings: {},
      grid: {},
      budget: null,
      baseline: null,
      suite: 'in-domain',
    });
  });

  test('the example of its documentation is one', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/formats/sweep.md'), 'utf8');
    const [, example] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    expect(issues(JSON.parse(example ?? ''))).toEqual([]);
  });

  test('a newer version is refused by name, whatever else is in it', () => {
    expect(issues({ ...SMALL, sweep_version: 2, machines: [] })).toEqual([
      'sweep_version: expected 1 or older, got 2; read it with a newer version of the lab',
    ]);
  });

  test('every wrong key is named with what it takes and what it was given', () => {
    const wrong = {
      ...SMALL,
      name: '../up',
      arms: [],
      seeds: 3,
      seed: 1,
      grid: { beta: [] },
      settings: { a: [] },
    };
    expect(issues(wrong)).toEqual([
      expect.stringMatching(/^name: expected at most 60 letters, .* got "..\/up"$/),
      'arms: expected at least one arm, got []',
      'seeds: expected a list such as [1, 2, 3] or a text such as "1-3", got 3',
      'settings.a: expected a number, true, false or a text, got []',
      'grid.beta: expected at least one value, got []',
      'seed: unknown key',
    ]);
    expect(issues('text')).toEqual(['(sweep): expected an object, got "text"']);
    expect(issues(null)).toEqual(['(sweep): expected an object, got null']);
  });

  test('a setting comes from one place', () => {
    expect(
      issues({
        ...SMALL,
        settings: { seed: 3, beta: 0 },
        grid: { beta: [0, 1], steps: [5, 5] },
        budget: 'steps=9',
      }),
    ).toEqual([
      'settings.seed: expected seeds under "seeds", got it here',
      'grid.steps: expected steps from the budget, steps=9, got them here too',
      'grid.beta: expected a setting that is not under "settings", got one that is',
      'grid.steps: expected every value once, got 5 again',
    ]);
  });
});

test('the grid is counted out with the last setting fastest', () => {
  expect(gridPoints({})).toEqual([[]]);
  const points = gridPoints({ beta: [0, 0.1], masa_gate: [true, false] });
  expect(points.map((point) => point.map(({ text }) => text).join(' '))).toEqual([
    '0 true',
    '0 false',
    '0.1 true',
    '0.1 false',
  ]);
  expect(() => gridPoints({ a: Array(400).fill(1), b: Array(400).fill(1) })).toThrow(/at most 100000/);
});
