import { describe, expect, test } from 'vitest';
import { type CommandSpec, helpText, readArguments, UsageError } from './arguments';

const SPEC: CommandSpec = {
  name: 'bake',
  summary: 'Bakes.',
  usage: '--out DIR [--seed N] [--set key=value]... [--json]',
  options: [
    { name: 'out', value: 'DIR', help: 'Where to.' },
    { name: 'seed', value: 'N', help: 'Luck.' },
    { name: 'heat', value: 'T', help: 'Degrees.' },
    { name: 'set', value: 'key=value', multiple: true, help: 'A setting.' },
    { name: 'max-tokens', value: 'N', help: 'A limit.' },
    { name: 'json', help: 'As JSON.' },
  ],
};

const issues = (...argv: string[]) => readArguments(SPEC, argv).issues;

test('values, repeated values and switches are read, with a space or an equals sign', () => {
  const args = readArguments(SPEC, ['--out', 'a b', '--seed=7', '--set', 'x=1', '--set=y=2=3', '--json']);
  expect(args.issues).toEqual([]);
  expect(args.text('out')).toBe('a b');
  expect(args.integer('seed', 0, 10, 0)).toBe(7);
  expect(args.settings()).toEqual([
    { key: 'x', text: '1' },
    { key: 'y', text: '2=3' },
    { key: 'seed', text: '7' },
  ]);
  expect(args.on('json')).toBe(true);
  expect(() => args.check()).not.toThrow();
});

test('what was not given is what the caller said', () => {
  const args = readArguments(SPEC, []);
  expect(args.text('out')).toBeNull();
  expect(args.integer('seed', 0, 10, null)).toBeNull();
  expect(args.all('set')).toEqual([]);
  expect(args.on('json')).toBe(false);
});

describe('wrong arguments are named, all of them', () => {
  test('unknown options, with the one that was meant', () => {
    expect(issues('--ouput', 'x')).toEqual(['--ouput: unknown option', 'expected options alone, got "x"']);
    expect(issues('--max_tokens=3')).toEqual(['--max_tokens: unknown option; did you mean --max-tokens?']);
    expect(issues('--js')).toEqual(['--js: unknown option; did you mean --json?']);
    expect(issues('-x')).toEqual(['-x: unknown option']);
  });

  test('a value that is missing, at the end or because an option follows', () => {
    expect(issues('--out')).toEqual(['--out: expected DIR, got nothing']);
    expect(issues('--out', '--json')).toEqual(['--out: expected DIR, got "--json"']);
  });

  test('a switch with a value, an option given twice, a stray word', () => {
    expect(issues('--json=yes')).toEqual(['--json: takes no value, got "yes"']);
    expect(issues('--out', 'a', '--out', 'b')).toEqual(['--out: expected once, got it again with "b"']);
    expect(issues('now')).toEqual(['expected options alone, got "now"']);
  });

  test.each(['-1', '11', '1.5', 'x', '', '0x3'])('%j is no whole number from 0 to 10', (text) => {
    const args = readArguments(SPEC, ['--seed', text]);
    expect(args.integer('seed', 0, 10, 0)).toBe(0);
    expect(args.issues).toEqual([`--seed: expected a whole number from 0 to 10, got "${text}"`]);
  });

  test.each(['-0.1', '5.1', 'NaN', ''])('%j is no number from 0 to 5', (text) => {
    const args = readArguments(SPEC, [`--heat=${text}`]);
    args.number('heat', 0, 5, 1);
    expect(args.issues).toEqual([`--heat: expected a number from 0 to 5, got "${text}"`]);
  });

  test('a setting without a key', () => {
    const args = readArguments(SPEC, ['--set', 'beta', '--set', '=1']);
    args.settings();
    expect(args.issues).toEqual([
      '--set: expected key=value, got "beta"',
      '--set: expected key=value, got "=1"',
    ]);
  });

  test('together in one error', () => {
    const args = readArguments(SPEC, ['--nope', '--json=1']);
    args.required('out', 'a folder');
    expect(() => args.check()).toThrow(UsageError);
    expect(args.issues).toHaveLength(3);
    expect(args.issues[2]).toBe('--out: expected a folder, got nothing');
  });
});

test('the help names every option with its explanation, and stays inside its width', () => {
  const text = helpText(
    { ...SPEC, list: { title: 'Keys:', entries: [{ name: 'beta', help: 'word '.repeat(60).trim() }] } },
    60,
  );
  expect(text).toContain('Usage: lab bake --out DIR');
  for (const option of SPEC.options) expect(text).toContain(`--${option.name}`);
  expect(text).toContain('--help');
  const lines = text.split('\n').filter((line) => !line.startsWith('Usage'));
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
});
