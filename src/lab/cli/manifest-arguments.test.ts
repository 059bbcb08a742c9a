import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEFAULT_MANIFEST, KNOBS, type Manifest, ManifestError, parseManifest } from '../../run/manifest';
import { presetManifest } from '../../run/presets';
import { helpText, readArguments, UsageError } from './arguments';
import { readTrainRequest, TRAIN } from './commands/train';
import { assembleManifest, resumeManifest } from './manifest-arguments';
import { temporaryFolder } from './testing';

/** The manifest part of `lab train ARGV`. */
const given = (...argv: string[]) =>
  readTrainRequest(readArguments(TRAIN, [...argv, '--out', '/nowhere/at/all'])).manifest;
const assembled = (...argv: string[]) => assembleManifest(given(...argv));

function manifestIssues(work: () => unknown): Record<string, string> {
  try {
    work();
  } catch (error) {
    if (error instanceof ManifestError)
      return Object.fromEntries(error.issues.map(({ key, message }) => [key, message]));
    throw error;
  }
  return {};
}

function manifestFile(value: unknown): string {
  const path = join(temporaryFolder(), 'manifest.json');
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

describe('a new run', () => {
  test('is the preset, changed by --set, --seed and --steps', () => {
    expect(assembled('--preset', 'quick', '--set', 'beta=0.04', '--seed', '3', '--steps=7')).toEqual({
      ...presetManifest('quick'),
      beta: 0.04,
      seed: 3,
      steps: 7,
    });
  });

  test('is the file, changed likewise; a later setting wins', () => {
    const path = manifestFile({ num_generations: 4, beta: 1 });
    expect(assembled('--manifest', path, '--set', 'beta=2', '--set', 'beta=3')).toEqual({
      ...DEFAULT_MANIFEST,
      num_generations: 4,
      beta: 3,
    });
  });

  test('every wrong key is named at once: of the file, of --set, of --steps', () => {
    const path = manifestFile({ banana: 1, epsilon: 'x' });
    const issues = manifestIssues(() =>
      assembled('--manifest', path, '--set', 'beta=much', '--set', 'Temperature=1', '--steps', '0'),
    );
    expect(issues).toEqual({
      banana: 'unknown key',
      epsilon: 'expected a number from 0 to 1, got "x"',
      beta: 'expected a number from 0 to 10, got "much"',
      Temperature: 'unknown key; did you mean temperature?',
      steps: 'expected a whole number from 1 to 1000000, got 0',
    });
  });

  test('a file that is no JSON, no object or not there is a wrong argument', () => {
    expect(() => assembled('--manifest', manifestFile('{"steps": '))).toThrow(UsageError);
    expect(() => assembled('--manifest', '/no/such/file.json')).toThrow(
      '--manifest: could not read /no/such/file.json: there is no such file or folder; check the path (ENOENT)',
    );
    expect(manifestIssues(() => assembled('--manifest', manifestFile([])))).toEqual({
      '(manifest)': 'expected an object of settings, got []',
    });
  });

  test('needs a preset or a file, not both, and a preset there is', () => {
    expect(() => given()).toThrow(/--preset: expected one of grpo, .*, or --manifest FILE, got neither/);
    expect(() => given('--preset', 'grpo', '--manifest', 'x')).toThrow('expected one of them, got both');
    expect(() => given('--preset', 'gpro')).toThrow(/--preset: expected one of grpo, .* got "gpro"/);
  });

  test('the help lists every setting', () => {
    const text = helpText(TRAIN);
    for (const { key } of KNOBS) expect(text).toContain(`  ${key} `);
  });
});

describe('a run that goes on', () => {
  const stored: Manifest = parseManifest({ seed: 5, steps: 50, beta: 0.04 });
  const nothing = { preset: null, file: null, settings: [] };
  const change = (key: string, text: string) => ({ ...nothing, settings: [{ key, text }] });

  test('is by itself the run it was', () => {
    expect(resumeManifest(nothing, stored, 20)).toEqual(stored);
  });

  test('may be made longer, checkpointed and evaluated otherwise', () => {
    expect(resumeManifest(change('steps', '200'), stored, 20)).toEqual({ ...stored, steps: 200 });
    expect(resumeManifest(change('eval_steps', '5'), stored, 20)).toEqual({ ...stored, eval_steps: 5 });
  });

  test('may be started again by the line that started it', () => {
    const line = { preset: 'grpo', file: null, settings: [{ key: 'beta', text: '0.04' }] };
    expect(resumeManifest(line, stored, 20)).toEqual(stored);
  });

  test('may not become another run', () => {
    expect(manifestIssues(() => resumeManifest(change('learning_rate', '0.001'), stored, 20))).toEqual({
      learning_rate: 'expected 0.0002 as the run began, got 0.001; start another run with another --out',
    });
    expect(manifestIssues(() => resumeManifest({ ...nothing, preset: 'dr-grpo' }, stored, 20))).toMatchObject(
      {
        loss_type: expect.stringContaining('expected "dapo" as the run began, got "dr_grpo"'),
        beta: expect.stringContaining('expected 0.04 as the run began, got 0'),
      },
    );
    expect(manifestIssues(() => resumeManifest(change('seed', '6'), stored, 20))).toHaveProperty('seed');
  });

  test('may not end before where it is, nor change a length its schedule depends on', () => {
    expect(manifestIssues(() => resumeManifest(change('steps', '10'), stored, 20))).toEqual({
      steps: 'expected at least the 20 already taken, got 10',
    });
    const scheduled = { ...stored, lr_scheduler_type: 'linear' as const };
    expect(manifestIssues(() => resumeManifest(change('steps', '60'), scheduled, 20)).steps).toContain(
      'which the linear schedule depends on',
    );
  });
});
