import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rewardFiles } from '../../export/engine/reward-files';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { TASKS } from '../../tasks';
import { writeExport } from './export-folder';
import { temporaryFolder } from './testing';
import { rolloutLines } from './testing-rollouts';

const SHIPPED = 'src/export/fixtures/rollouts.jsonl';

/** The folder of an export's reward files, and what Python says there. */
function exported(task: keyof typeof TASKS) {
  const folder = temporaryFolder();
  const manifest = { ...DEFAULT_MANIFEST, task };
  writeExport(folder, rewardFiles({ task: TASKS[task], manifest }), () => {});
  return {
    folder,
    python: (...args: string[]) => spawnSync('python3', args, { cwd: folder, encoding: 'utf8' }),
  };
}

describe('rollouts.jsonl', () => {
  const lines = rolloutLines();
  if (process.env.UPDATE_ROLLOUTS === '1') writeFileSync(SHIPPED, `${lines.join('\n')}\n`);
  const groups = lines.map((line) => JSON.parse(line));

  test('is what our own verifier and rewards give today', () => {
    expect(readFileSync(SHIPPED, 'utf8')).toBe(`${lines.join('\n')}\n`);
  });

  test('holds 1,000 rollouts of all kinds', () => {
    const solutions = groups.flatMap((group) => group.solutions);
    const predictions = groups.flatMap((group) => group.predictions);
    expect(solutions.length + predictions.length).toBe(1000);
    const right = solutions.filter(({ reward }) => reward === 1).length;
    expect(right).toBeGreaterThan(150);
    expect(right).toBeLessThan(650);
    const parsed = predictions.filter((each) => each.parsed).length;
    expect(parsed).toBeGreaterThan(100);
    expect(parsed).toBeLessThan(180);
    // Every part of the reward is sometimes earned and sometimes not, under every variant.
    for (const variant of groups[0].variants.keys())
      for (const part of [0, 1, 2]) {
        const earned = predictions.map(({ rewards }) => rewards[variant][part]);
        expect(Math.min(...earned)).toBeLessThan(0.5);
        expect(Math.max(...earned)).toBeGreaterThan(0.5);
      }
  });
});

describe('masa_rewards.py in Python’s standard library', () => {
  test.each(['ladder', 'long-tail'] as const)('gives what we give for all 1,000 rollouts: %s', (task) => {
    const { python } = exported(task);
    const { status, stdout, stderr } = python('check_rewards.py');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^1000 rollouts, \d{5,} comparisons, 0 wrong\n$/);
    expect(status).toBe(0);
  });

  test('is found out when a single rule is another one', () => {
    const { folder, python } = exported('ladder');
    const path = join(folder, 'masa_rewards.py');
    const text = readFileSync(path, 'utf8');
    const changed = text.replace('in_correct > in_incorrect', 'in_correct >= in_incorrect');
    expect(changed).not.toBe(text);
    writeFileSync(path, changed);
    const { status, stdout } = python('check_rewards.py');
    expect(stdout).toMatch(/expected .*, got /);
    expect(status).toBe(1);
  });

  test('refuses settings of a newer version by number', () => {
    const { folder, python } = exported('ladder');
    const path = join(folder, 'settings.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"version": 1', '"version": 2'));
    const { status, stderr } = python('check_rewards.py');
    expect(stderr).toContain('expected version 1 or older, got 2');
    expect(status).not.toBe(0);
  });

  test('holds a prediction against recorded rollouts, and says what is missing without any', () => {
    const { python } = exported('ladder');
    const score = (truth: string) =>
      python(
        '-c',
        `import masa_rewards; print(masa_rewards.compute_score("masa-lab/ladder/meta", "NOT CARRY LEN 2 PASS 8", '${truth}', {"problem": "BOS 2 1 L0 + 3 SOL"}))`,
      );
    // Both rollouts are right, 20 tokens long (bucket 2), one of two has the notion: 1, 1 and 1.
    const rollouts = [
      { correct: true, length: 20, notions: ['CARRY'] },
      { correct: true, length: 20, notions: [] },
    ];
    expect(score(JSON.stringify({ rollouts })).stdout).toBe('1.0\n');
    const none = score('{"rollouts": null}');
    expect(none.stderr).toContain('expected solution rollouts of "BOS 2 1 L0 + 3 SOL"');
    expect(none.status).toBe(1);
  });
});
