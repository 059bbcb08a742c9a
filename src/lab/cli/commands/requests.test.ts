import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXAMPLE_EVENTS } from '../../../run/example-events';
import { DEFAULT_MANIFEST, ManifestError } from '../../../run/manifest';
import { type Arguments, type CommandSpec, helpText, readArguments, UsageError } from '../arguments';
import { RunDirectory } from '../run-directory';
import { exampleCheckpoint, temporaryFolder } from '../testing';
import { CHECK, readCheckRequest } from './check';
import { COMPARE, readCompareRequest } from './compare';
import { EVAL, readEvalRequest } from './eval';
import { GENERATE, readGenerateRequest } from './generate';
import { INFO, readInfoRequest } from './info';
import { PRETRAIN, readPretrainRequest } from './pretrain';
import { openRun, readTrainRequest, TRAIN } from './train';

const COMMANDS: [CommandSpec, (args: Arguments) => unknown][] = [
  [TRAIN, readTrainRequest],
  [PRETRAIN, readPretrainRequest],
  [COMPARE, readCompareRequest],
  [EVAL, readEvalRequest],
  [GENERATE, readGenerateRequest],
  [CHECK, readCheckRequest],
  [INFO, readInfoRequest],
];

function issuesOf(spec: CommandSpec, read: (args: Arguments) => unknown, ...argv: string[]): string[] {
  try {
    read(readArguments(spec, argv));
  } catch (error) {
    if (error instanceof UsageError) return error.issues;
    throw error;
  }
  return [];
}

test.each(COMMANDS.map(([spec, read]) => [spec.name, spec, read] as const))(
  '%s refuses an unknown option, and its help shows every option of its usage line',
  (_, spec, read) => {
    expect(issuesOf(spec, read, '--banana')).toContain('--banana: unknown option');
    const options = new Set(spec.options.map(({ name }) => name));
    for (const [, name] of spec.usage.matchAll(/--([a-z-]+)/g)) expect(options).toContain(name);
    for (const name of options) expect(spec.usage).toContain(`--${name}`);
    expect(helpText(spec, 400)).toContain(spec.summary);
  },
);

test('compare reads its arms, seeds and budget, and names everything that is missing or wrong', () => {
  const read = (...argv: string[]) => readCompareRequest(readArguments(COMPARE, argv));
  const argv = [
    '--arms',
    'grpo,masa',
    '--seeds',
    '2',
    '--out',
    'o',
    '--budget',
    'tokens=5',
    '--set',
    'steps=9',
  ];
  expect(read(...argv, '--benchmarks', '4', '--baseline', 'masa')).toEqual({
    arms: [
      { name: 'grpo', preset: 'grpo', settings: [] },
      { name: 'masa', preset: 'masa', settings: [] },
    ],
    seeds: [1, 2],
    budget: { unit: 'tokens', amount: 5 },
    baseline: 'masa',
    suite: 'in-domain',
    settings: [{ key: 'steps', text: '9' }],
    benchmarks: 4,
    reportOnly: false,
    out: resolve('o'),
    json: false,
  });
  expect(issuesOf(COMPARE, readCompareRequest, '--budget', 'flops=1')).toEqual([
    '--out: expected a folder to write the runs to, got nothing',
    '--arms: expected presets to compare, with commas between, got nothing',
    '--seeds: expected how many seeds, or which, got nothing',
    '--budget: expected tokens=N or steps=N or seconds=N with N above 0, got "flops=1"',
  ]);
  const wrong = ['--arms', 'grpo', '--seeds', '1', '--out', 'o', '--baseline', 'dapo', '--set', 'seed=3'];
  expect(issuesOf(COMPARE, readCompareRequest, ...wrong)).toEqual([
    '--baseline: expected one of the arms (grpo), got "dapo"',
    '--set: expected seeds by --seeds, got seed',
  ]);
});

test('eval reads its numbers, and names everything that is missing or wrong', () => {
  const read = (...argv: string[]) => readEvalRequest(readArguments(EVAL, argv));
  expect(read('--model', 'm', '--suite', 'held-out', '--samples', '4', '--json')).toEqual({
    model: 'm',
    suite: 'held-out',
    problems: 128,
    samples: 4,
    temperature: 1,
    maxTokens: null,
    seed: 0,
    json: true,
  });
  expect(issuesOf(EVAL, readEvalRequest, '--samples', '0', '--seed', 'x')).toEqual([
    '--model: expected a model’s folder or a .safetensors file, got nothing',
    '--suite: expected the name of a set of problems, got nothing',
    '--samples: expected a whole number from 1 to 1024, got "0"',
    '--seed: expected a whole number from 0 to 4294967295, got "x"',
  ]);
});

test('generate takes a prompt as it is, a leading dash included', () => {
  const read = (...argv: string[]) => readGenerateRequest(readArguments(GENERATE, argv));
  expect(read('--model', 'm', '--prompt=-3 + 4 = ', '--n', '2', '--temperature', '0')).toEqual({
    model: 'm',
    prompt: '-3 + 4 = ',
    n: 2,
    temperature: 0,
    maxTokens: null,
    seed: 0,
    json: false,
  });
  expect(
    issuesOf(GENERATE, readGenerateRequest, '--model', 'm', '--prompt', 'x', '--temperature=-1'),
  ).toEqual(['--temperature: expected a number from 0 to 5, got "-1"']);
});

test('check takes any number of cases, which have to be there', () => {
  const path = join(temporaryFolder(), 'case.json');
  writeFileSync(path, '{}');
  const read = (...argv: string[]) => readCheckRequest(readArguments(CHECK, argv));
  expect(read('--reference', path, '--reference', path)).toEqual({ references: [path, path], json: false });
  expect(read()).toEqual({ references: [], json: false });
  expect(issuesOf(CHECK, readCheckRequest, '--reference', '/no/case.json')).toEqual([
    '--reference: expected a file, got "/no/case.json"',
  ]);
});

test('pretrain needs a folder and keeps its settings as text', () => {
  const read = (...argv: string[]) => readPretrainRequest(readArguments(PRETRAIN, argv));
  expect(read('--out', 'm', '--set', 'd=64', '--steps', '9')).toEqual({
    file: null,
    settings: [
      { key: 'd', text: '64' },
      { key: 'steps', text: '9' },
    ],
    out: resolve('m'),
    resume: false,
    json: false,
  });
  expect(issuesOf(PRETRAIN, readPretrainRequest)).toEqual([
    '--out: expected a folder to write the model to, got nothing',
  ]);
});

describe('train', () => {
  const request = (...argv: string[]) => readTrainRequest(readArguments(TRAIN, argv));

  test('opens a new run in a folder', async () => {
    const out = join(temporaryFolder(), 'run');
    const { directory, manifest, found } = await openRun(
      request('--preset', 'grpo', '--seed', '2', '--out', out),
    );
    directory.close();
    expect(manifest.seed).toBe(2);
    expect(found).toBeNull();
  });

  test('a wrong manifest leaves no folder behind', async () => {
    const out = join(temporaryFolder(), 'run');
    for (const setting of ['beta=x', 'model=nowhere', 'micro_batch_tokens=64'])
      await expect(openRun(request('--preset', 'grpo', '--set', setting, '--out', out))).rejects.toThrow(
        ManifestError,
      );
    expect(existsSync(out)).toBe(false);
    const { directory } = await openRun(request('--preset', 'grpo', '--out', out));
    directory.close();
  });

  test('goes on by --resume alone, and says where', async () => {
    const out = join(temporaryFolder(), 'run');
    const run = RunDirectory.create(out, DEFAULT_MANIFEST);
    run.append(EXAMPLE_EVENTS[0]);
    run.writeCheckpoint(4, await exampleCheckpoint(4));
    run.close();
    const { directory, manifest, found } = await openRun(request('--resume', '--steps', '200', '--out', out));
    directory.close();
    expect(found?.checkpoint?.step).toBe(4);
    expect(manifest).toEqual({ ...DEFAULT_MANIFEST, steps: 200 });
    await expect(openRun(request('--resume', '--set', 'beta=1', '--out', out))).rejects.toThrow(
      ManifestError,
    );
  });

  test('--resume in a folder without a run starts one, so that a job can be sent again as it was', async () => {
    const out = join(temporaryFolder(), 'run');
    const { directory, found } = await openRun(request('--preset', 'grpo', '--resume', '--out', out));
    directory.close();
    expect(found).toBeNull();
    expect(() => request('--resume', '--out', join(out, 'other'))).toThrow('got neither');
  });
});
