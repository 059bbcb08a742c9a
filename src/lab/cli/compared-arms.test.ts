import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { record } from '../../rl/comparison/testing';
import { ManifestError } from '../../run/manifest';
import { presetManifest } from '../../run/presets';
import { readArms, readSeeds } from '../arms';
import { planRuns, refuseStrangers, unfinished } from './compared-arms';
import { temporaryFolder } from './testing';

const arms = (text: string) => {
  const issues: string[] = [];
  return { arms: readArms(text, issues), issues };
};

const seeds = (text: string) => {
  const issues: string[] = [];
  return { seeds: readSeeds(text, issues), issues };
};

describe('readArms', () => {
  test('an arm is a preset, varied or not, and may be named', () => {
    expect(
      arms('grpo, masa:masa_loss_weight=0.1:eval_samples=2,loose=masa-efficient:masa_cutoff_multiple=3'),
    ).toEqual({
      arms: [
        { name: 'grpo', preset: 'grpo', settings: [] },
        {
          name: 'masa+masa_loss_weight=0.1+eval_samples=2',
          preset: 'masa',
          settings: [
            { key: 'masa_loss_weight', text: '0.1' },
            { key: 'eval_samples', text: '2' },
          ],
        },
        { name: 'loose', preset: 'masa-efficient', settings: [{ key: 'masa_cutoff_multiple', text: '3' }] },
      ],
      issues: [],
    });
  });

  test('an unknown preset, an arm twice, a name that is no folder and a lost value are all said', () => {
    expect(arms('grpo,grpo').issues).toEqual([expect.stringContaining('got "grpo" again')]);
    expect(arms('banana').issues).toEqual([expect.stringContaining('got "banana"')]);
    expect(arms('..=grpo').issues).toEqual([expect.stringContaining('got ".."')]);
    expect(arms('a b=grpo').issues).toEqual([expect.stringContaining('got "a b"')]);
    expect(arms('masa:seven').issues).toEqual([expect.stringContaining('got "seven"')]);
  });
});

test('seeds are a number of them, a range, a list, or ranges in a list', () => {
  expect(seeds('3').seeds).toEqual([1, 2, 3]);
  expect(seeds('3-6').seeds).toEqual([3, 4, 5, 6]);
  expect(seeds('1,4').seeds).toEqual([1, 4]);
  expect(seeds('0,7-8').seeds).toEqual([0, 7, 8]);
  for (const wrong of ['0', '', 'x', '6-3', '1,1', '1,,2', '-3', '1-99999', '5000000000,1'])
    expect(seeds(wrong).issues, wrong).toHaveLength(1);
});

describe('planRuns', () => {
  const { arms: two } = arms('grpo,quick=quick:eval_problems=32');

  test('seeds come first, the arms in their order; an arm’s own setting goes before the common one', () => {
    const common = [{ key: 'eval_problems', text: '64' }];
    const planned = planRuns(two, [1, 2], common, { unit: 'steps', amount: 7 }, '/nowhere');
    expect(planned.map(({ path }) => path)).toEqual(
      ['grpo/seed-1', 'quick/seed-1', 'grpo/seed-2', 'quick/seed-2'].map((name) => join('/nowhere', name)),
    );
    expect(planned.map(({ manifest: m }) => [m.seed, m.eval_problems, m.steps])).toEqual([
      [1, 64, 7],
      [1, 32, 7],
      [2, 64, 7],
      [2, 32, 7],
    ]);
  });

  test('only a budget in steps changes the steps', () => {
    const [run] = planRuns(two, [1], [], { unit: 'tokens', amount: 7 }, '/nowhere');
    expect(run.manifest.steps).toBe(presetManifest('grpo').steps);
  });

  test('a run that is there by other settings is refused by name; its steps and checkpoints are free', () => {
    const out = temporaryFolder();
    const place = join(out, 'grpo', 'seed-1');
    mkdirSync(place, { recursive: true });
    const stored = { ...presetManifest('grpo'), seed: 1, steps: 3, checkpoint_steps: 1, learning_rate: 1e-3 };
    writeFileSync(join(place, 'manifest.json'), JSON.stringify(stored));
    const issues = (() => {
      try {
        refuseStrangers(planRuns(two, [1], [], null, out));
      } catch (error) {
        if (error instanceof ManifestError) return error.issues;
      }
      return [];
    })();
    expect(issues).toEqual([
      {
        key: 'learning_rate',
        message: expect.stringContaining(`expected 0.001 as the run in ${place} has, got 0.0002`),
      },
    ]);
  });
});

describe('unfinished', () => {
  // Two steps of 100 tokens and one second each, evaluated after both.
  const run = record({ tokens: [100, 100], accuracy: { 0: 0.1, 2: 0.5 }, milliseconds: [1000, 1000] });
  const manifest = { ...run.manifest, steps: 2 };

  test('a run with all its steps and its last evaluation is finished', () => {
    expect(unfinished(run, manifest, null)).toBe('');
  });

  test('one that ended early is finished when its budget is spent, and goes on when the budget has grown', () => {
    const longer = { ...manifest, steps: 10 };
    expect(unfinished(run, longer, { unit: 'tokens', amount: 150 })).toBe('');
    expect(unfinished(run, longer, { unit: 'seconds', amount: 2 })).toBe('');
    expect(unfinished(run, longer, { unit: 'tokens', amount: 201 })).toContain('smaller budget');
    expect(unfinished(run, longer, { unit: 'steps', amount: 10 })).toContain('step 2 of 10');
    expect(unfinished(run, longer, null)).toContain('smaller budget');
  });

  test('one that stopped, failed, crashed, lacks its last evaluation or is not there is not', () => {
    expect(unfinished(null, manifest, null)).toBe('it has not begun');
    expect(unfinished({ ...run, ending: null }, manifest, null)).toBe('it stands at step 2 of 2');
    expect(
      unfinished({ ...run, ending: { reason: 'stopped', step: 2, message: '' } }, manifest, null),
    ).toContain('stands');
    expect(
      unfinished({ ...run, ending: { reason: 'failed', step: 2, message: 'why' } }, manifest, null),
    ).toContain('failed at step 2 of 2: why');
    expect(unfinished({ ...run, points: run.points.slice(0, 1) }, manifest, null)).toContain(
      'evaluation of its last step, 2',
    );
  });
});
