import { describe, expect, test } from 'vitest';
import { ManifestError } from '../../run/manifest';
import { UsageError } from './arguments';
import { type Command, DONE, dispatch } from './dispatch';
import { FileError } from './file-errors';
import { main } from './main';
import { ListeningConsole } from './testing';

function command(run: Command['run']): Command {
  return {
    spec: { name: 'bake', summary: 'Bakes.', usage: '[--json]', options: [{ name: 'json', help: 'JSON.' }] },
    run,
  };
}

async function outcome(run: Command['run'], ...argv: string[]) {
  const console = new ListeningConsole();
  const code = await dispatch([command(run)], ['bake', ...argv], console);
  return { code, out: console.stdout, err: console.stderr };
}

const fails = (error: unknown) => outcome(() => Promise.reject(error));

describe('exit codes', () => {
  test('a command’s own code is passed on', async () => {
    expect((await outcome(async () => DONE)).code).toBe(0);
    expect((await outcome(async () => 130)).code).toBe(130);
  });

  test('wrong arguments are 2, each on a line, with the way to the help', async () => {
    const { code, err, out } = await fails(
      new UsageError(['--out: expected a folder, got nothing', '--x: unknown option']),
    );
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toBe(
      'lab bake: --out: expected a folder, got nothing\nlab bake: --x: unknown option\nSee lab bake --help.\n',
    );
  });

  test('a wrong manifest is 2, each key on a line', async () => {
    const { code, err } = await fails(new ManifestError([{ key: 'beta', message: 'unknown key' }]));
    expect(code).toBe(2);
    expect(err).toContain('lab bake: manifest: beta: unknown key\n');
  });

  test('anything else is 1, with its message', async () => {
    const { code, err } = await fails(new FileError('write', '/x', 'ENOSPC'));
    expect(code).toBe(1);
    expect(err).toBe('lab bake: could not write /x: the disk is full; free some space (ENOSPC)\n');
  });

  test('a mistake of the program itself shows its place', async () => {
    const { code, err } = await fails(new TypeError('x is not a function'));
    expect(code).toBe(1);
    expect(err).toMatch(/x is not a function\n\s+at /);
  });
});

describe('help', () => {
  test('is printed for the program and for a command, wherever it is asked for', async () => {
    for (const argv of [['--help'], ['-h'], ['help']]) {
      const console = new ListeningConsole();
      expect(await dispatch([command(async () => 1)], argv, console)).toBe(0);
      expect(console.stdout).toContain('bake');
    }
    const { code, out } = await outcome(async () => 1, '--nope', '--help');
    expect(code).toBe(0);
    expect(out).toContain('Usage: lab bake [--json]');
  });

  test('no command, or an unknown one, is 2 and names those there are', async () => {
    const console = new ListeningConsole();
    expect(await dispatch([command(async () => 0)], [], console)).toBe(2);
    expect(await dispatch([command(async () => 0)], ['cook'], console)).toBe(2);
    expect(console.stderr).toContain('expected a command (bake), got "cook"');
  });
});

describe('lab presets', () => {
  test('lists every preset with what it changes', async () => {
    const console = new ListeningConsole();
    expect(await main(['presets'], console)).toBe(0);
    expect(console.stdout).toContain('grpo  (GRPO)');
    expect(console.stdout).toContain('loss_type=dr_grpo scale_rewards=none');
  });

  test('--json gives the whole manifests on one line', async () => {
    const console = new ListeningConsole();
    expect(await main(['presets', '--json'], console)).toBe(0);
    const [first] = JSON.parse(console.stdout);
    expect(first).toMatchObject({ name: 'grpo', manifest: { num_generations: 16 } });
    expect(console.stdout.trimEnd()).not.toContain('\n');
  });

  test('an unknown option is 2', async () => {
    const console = new ListeningConsole();
    expect(await main(['presets', '--banana'], console)).toBe(2);
    expect(console.stderr).toContain('lab presets: --banana: unknown option');
    expect(console.stdout).toBe('');
  });
});
