/** `lab compare` from its arguments to its table, on a tiny model: runs are trained once, and go on where they stopped. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Comparison } from '../../../rl/comparison/comparison';
import { InterruptingConsole, writeTinyModel } from '../../testing/tiny-run';
import { main } from '../main';
import { ListeningConsole } from '../testing';

/** A test here trains up to seven runs, each on a device of its own. */
const TIMEOUT = 300_000;

describe('lab compare', { timeout: TIMEOUT }, () => {
  let folder: string;
  let settings: string[];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lab-compare-'));
    const values = {
      model: writeTinyModel(folder),
      prompts_per_step: 2,
      num_generations: 2,
      max_completion_length: 12,
      masa_num_generations: 2,
      eval_problems: 4,
      eval_samples: 1,
      eval_steps: 2,
      checkpoint_steps: 1,
      // A random policy is never right: the KL term gives it a gradient all the same.
      beta: 0.1,
    };
    settings = Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const command = (out: string, ...rest: string[]) => [
    ...['compare', '--arms', 'grpo,masa', '--seeds', '2', ...settings, '--out', out, '--json'],
    ...rest,
  ];

  async function compare(out: string, ...rest: string[]): Promise<{ said: string; comparison: Comparison }> {
    const console = new ListeningConsole();
    expect(await main(command(out, ...rest), console), console.stderr).toBe(0);
    return { said: console.stderr, comparison: JSON.parse(console.stdout) };
  }

  const starts = (said: string) => said.match(/^(starting|going on)/gm)?.length ?? 0;
  const stream = (out: string, run: string) => readFileSync(join(out, run, 'events.jsonl'), 'utf8');
  /** Without what is told in wall-clock time. */
  const timeless = ({ arms, ...rest }: Comparison) =>
    JSON.stringify({ arms, ...rest }, (key, value) => (key === 'seconds' ? undefined : value));

  test('stopped by Ctrl-C it is 130 and goes on; what is finished is never trained again', async () => {
    const out = join(folder, 'stopped');
    // The second of four runs: masa, seed 1.
    let begun = 0;
    const first = new InterruptingConsole((text) => {
      if (text.startsWith('starting')) begun++;
      return begun === 2 && /step 1\/2.*rolling out/.test(text);
    });
    expect(await main(command(out, '--budget', 'steps=2'), first)).toBe(130);
    expect(existsSync(join(out, 'comparison.json'))).toBe(false);
    const grpo = stream(out, 'grpo/seed-1');

    const { said, comparison } = await compare(out, '--budget', 'steps=2');
    expect(starts(said)).toBe(3);
    expect(said).toContain('going on from step 1');
    expect(stream(out, 'grpo/seed-1')).toBe(grpo);
    expect(comparison).toMatchObject({ version: 1, baseline: 'grpo', suite: 'in-domain', seeds: [1, 2] });
    expect(comparison.arms.map(({ name, runs }) => [name, runs.map(({ seed }) => seed)])).toEqual([
      ['grpo', [1, 2]],
      ['masa', [1, 2]],
    ]);
    const costs = comparison.arms.map(({ runs }) => runs[0].costs);
    for (const each of costs) for (const value of Object.values(each)) expect(value).toBeGreaterThan(0);
    // Predictions are paid for.
    expect(costs[1].flops).toBeGreaterThan(costs[0].flops!);
    expect(JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8'))).toEqual(comparison);
    expect(readFileSync(join(out, 'comparison.md'), 'utf8')).toContain('## What a run cost');

    // A run that is lost is made again, and is the same.
    rmSync(join(out, 'masa', 'seed-2'), { recursive: true });
    const report = await compare(out, '--budget', 'steps=2', '--report-only');
    expect(starts(report.said)).toBe(0);
    expect(report.comparison.arms[1].missing).toEqual([{ seed: 2, why: 'it has not begun' }]);
    const again = await compare(out, '--budget', 'steps=2');
    expect(starts(again.said)).toBe(1);
    expect(timeless(again.comparison)).toBe(timeless(comparison));

    // What was made by other settings is no part of it.
    const other = new ListeningConsole();
    const code = await main(command(out, '--budget', 'steps=2', '--set', 'learning_rate=0.1'), other);
    expect(code).toBe(2);
    expect(other.stderr).toMatch(/learning_rate: expected 0.0002 as the run in .*seed-1 has, got 0.1/);
  });

  test('a budget in tokens ends each run with an evaluation, counts as complete, and can be raised', async () => {
    const out = join(folder, 'tokens');
    const budget = (tokens: number) => ['--seeds', '1', '--set', 'steps=3', '--budget', `tokens=${tokens}`];
    const args = (tokens: number) => {
      const line = command(out, ...budget(tokens));
      // The number of seeds is given once.
      line.splice(line.indexOf('--seeds'), 2);
      return line;
    };
    const call = async (tokens: number) => {
      const console = new ListeningConsole();
      expect(await main(args(tokens), console), console.stderr).toBe(0);
      const { arms }: Comparison = JSON.parse(console.stdout);
      return { trained: starts(console.stderr), steps: arms.map(({ runs }) => runs[0].costs.steps) };
    };
    // Any step writes a token, and evaluations are due every second step: the last one is due to the budget.
    expect(await call(1)).toEqual({ trained: 2, steps: [1, 1] });
    for (const arm of ['grpo', 'masa']) {
      const types = stream(out, `${arm}/seed-1`)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
        .filter(({ type }) => ['evaluation', 'checkpoint', 'finished'].includes(type));
      expect(types.map(({ type, step }) => `${type} ${step}`)).toEqual([
        'evaluation 0',
        'evaluation 1',
        'checkpoint 1',
        'finished 1',
      ]);
      expect(types.at(-1).reason).toBe('completed');
    }
    expect(await call(1)).toEqual({ trained: 0, steps: [1, 1] });
    // More than three steps can write: the runs go on to the last.
    expect(await call(1_000_000)).toEqual({ trained: 2, steps: [3, 3] });
  });

  test('benchmark sets are answered once for the base model and for each run', async () => {
    const out = join(folder, 'benchmarks');
    const line = command(out, '--benchmarks', '1', '--budget', 'steps=1');
    line.splice(line.indexOf('grpo,masa'), 1, 'grpo');
    line.splice(line.indexOf('--seeds'), 2, '--seeds', '1');
    const console = new ListeningConsole();
    expect(await main(line, console), console.stderr).toBe(0);
    const { arms }: Comparison = JSON.parse(console.stdout);
    expect(arms[0].benchmarks?.map(({ over, sets, of }) => [over, sets, of])).toEqual([
      ['in-domain', 6, 6],
      ['out-of-domain', 13, 13],
      ['logic', 5, 5],
      ['science', 4, 4],
      ['coding', 4, 4],
    ]);
    const files = [out, join(out, 'grpo', 'seed-1')].map((place) => join(place, 'benchmarks.json'));
    const times = () => files.map((file) => statSync(file).mtimeMs);
    const before = times();
    expect(await main(line, new ListeningConsole())).toBe(0);
    expect(times()).toEqual(before);
    expect(readdirSync(join(out, 'grpo', 'seed-1'))).not.toContain('run.lock');
  });
});
