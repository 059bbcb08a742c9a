import { describe, expect, test } from 'vitest';
import { ManifestError } from '../../run/manifest';
import { checkRace, planRace, type RaceText, suiteOf } from './setup';

const text = (change: Partial<RaceText> = {}): RaceText => ({
  arms: 'long-tail,masa-adapter:masa_gate_threshold=0.5',
  seeds: '2-3',
  pace: 'steps',
  common: { eval_samples: '2', steps: '20' },
  ...change,
});

const issuesOf = (change: Partial<RaceText>): { key: string; message: string }[] => {
  try {
    planRace(text(change));
  } catch (error) {
    if (error instanceof ManifestError) return error.issues;
    throw error;
  }
  return [];
};

test('an arm’s own settings go over those of all, and those over its preset’s', () => {
  const { arms, seeds } = planRace(
    text({ arms: 'long-tail,a=masa-adapter:steps=30:masa_gate_threshold=0.5' }),
  );
  expect(seeds).toEqual([2, 3]);
  expect(
    arms.map(({ name, manifest }) => [name, manifest.steps, manifest.eval_samples, manifest.seed]),
  ).toEqual([
    ['long-tail', 20, 2, 2],
    ['a', 30, 2, 2],
  ]);
  expect(arms[1].manifest).toMatchObject({ masa_gate: true, masa_gate_threshold: 0.5, task: 'long-tail' });
});

describe('what is wrong is named', () => {
  test('arms on different tasks, or measured differently', () => {
    const found = issuesOf({ arms: 'grpo,masa-adapter' });
    expect(found.map(({ key }) => key)).toEqual(['task', 'model']);
    expect(found[0].message).toContain('grpo has "ladder", masa-adapter has "long-tail"');
    expect(issuesOf({ common: {} }).map(({ key }) => key)).toEqual(['eval_samples']);
  });

  test('a setting that is none, with the arm it was given to', () => {
    expect(issuesOf({ arms: 'long-tail,a=masa-adapter:lern_rate=1' })).toEqual([
      { key: 'a: lern_rate', message: expect.stringContaining('unknown key') },
    ]);
  });

  test('too few arms, too many, and seeds that are none', () => {
    expect(issuesOf({ arms: 'grpo' })).toEqual([{ key: 'arms', message: 'expected 2 to 4, got 1' }]);
    expect(issuesOf({ arms: 'a=grpo,b=grpo,c=grpo,d=grpo,e=grpo' })[0].message).toContain('got 5');
    expect(issuesOf({ seeds: 'x' })[0].key).toBe('seeds');
    expect(issuesOf({ seeds: '13' })[0].message).toContain('1 to 12');
    expect(issuesOf({ arms: 'banana,grpo' })[0].message).toContain('got "banana"');
  });

  test('a setup that comes from elsewhere is checked as well', () => {
    const setup = planRace(text());
    expect(() => checkRace({ ...setup, arms: [setup.arms[0], setup.arms[0]] })).toThrow(/name of its own/);
  });
});

test('accuracy is read on the middling tiers where they are evaluated alone', () => {
  expect(suiteOf(planRace(text()))).toBe('in-domain');
  expect(suiteOf(planRace(text({ common: { eval_samples: '2', eval_mid_hard: 'true' } })))).toBe('mid-hard');
});
