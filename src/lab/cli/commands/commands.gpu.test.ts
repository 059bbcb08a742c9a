/** The commands without a run, from their arguments to what they print, on a model made by `lab pretrain`. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shippedCase } from '../case-files';
import { main } from '../main';
import { ListeningConsole, temporaryFolder } from '../testing';

async function lab(...argv: string[]) {
  const console = new ListeningConsole();
  const code = await main(argv, console);
  return { code, out: console.stdout, err: console.stderr };
}

async function json(...argv: string[]) {
  const { code, out, err } = await lab(...argv, '--json');
  expect(out.trimEnd().split('\n'), err).toHaveLength(1);
  return { code, value: JSON.parse(out) };
}

const SMALL = [
  ...['hidden_size=16', 'num_hidden_layers=1', 'num_attention_heads=2', 'num_key_value_heads=1'],
  ...['intermediate_size=24', 'steps=6', 'batch_size=4', 'warmup_steps=2', 'micro_batch_tokens=512'],
].flatMap((setting) => ['--set', setting]);

let folder: string;
let base: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lab-commands-'));
  base = join(folder, 'base');
  const { code, err } = await lab('pretrain', ...SMALL, '--out', base);
  expect(code, err).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('lab pretrain', () => {
  test('writes the model, its manifest and a report with pass rates of both suites', () => {
    expect(JSON.parse(readFileSync(join(base, 'manifest.json'), 'utf8'))).toMatchObject({ hidden_size: 16 });
    const report = JSON.parse(readFileSync(join(base, 'report.json'), 'utf8'));
    expect(report).toMatchObject({ steps: 6, problems: 320 });
    expect(report.nll).toBeGreaterThan(0);
    expect(report.tokens).toBeGreaterThan(0);
    expect(report.suites.map((s: { suite: string }) => s.suite)).toEqual(['in-domain', 'out-of-domain']);
    expect(report.suites[0].by_tier['ladder/easy'].answers).toBe(80);
  });

  test('interrupted it is 130, leaves a snapshot, and goes on to the same weights', async () => {
    const out = join(folder, 'interrupted');
    const interrupting = new (class extends ListeningConsole {
      override err(text: string): void {
        super.err(text);
        if (text.includes('step 3/6')) process.emit('SIGINT');
      }
    })(true);
    expect(await main(['pretrain', ...SMALL, '--out', out], interrupting)).toBe(130);
    expect(existsSync(join(out, 'snapshot.safetensors'))).toBe(true);
    expect((await lab('pretrain', ...SMALL, '--out', out)).code).toBe(2);
    expect((await lab('pretrain', ...SMALL, '--set', 'steps=9', '--resume', '--out', out)).code).toBe(2);
    expect((await lab('pretrain', ...SMALL, '--resume', '--out', out)).code).toBe(0);
    const [whole, resumed] = [base, out].map((path) => readFileSync(join(path, 'model.safetensors')));
    expect(resumed.equals(whole)).toBe(true);
    expect(existsSync(join(out, 'snapshot.safetensors'))).toBe(false);
  });

  test('wrong settings, a finished model and an unwritable folder are refused before anything is computed', async () => {
    const wrong = await lab(
      'pretrain',
      '--set',
      'hidden_size=x',
      '--set',
      'size=3',
      '--out',
      join(folder, 'w'),
    );
    expect(wrong.code).toBe(2);
    expect(wrong.err).toMatch(/hidden_size: expected a whole number.*\n.*size: unknown key/);
    expect((await lab('pretrain', ...SMALL, '--out', base)).code).toBe(2);
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const unwritable = await lab('pretrain', ...SMALL, '--out', join(file, 'x'));
    expect(unwritable).toMatchObject({ code: 1, err: expect.stringContaining('ENOTDIR') });
  });
});

describe('lab eval', () => {
  test('reports mean@k and pass@k of a suite, the same numbers every time', async () => {
    const ask = () =>
      json('eval', '--model', base, '--suite', 'held-out/in-domain', '--problems', '12', '--samples', '3');
    const { code, value } = await ask();
    expect(code).toBe(0);
    expect(value).toMatchObject({
      suite: 'held-out/in-domain',
      problems: 12,
      samples: 3,
      temperature: 1,
      seed: 0,
    });
    expect(value.suites).toHaveLength(1);
    expect(value.answers).toBe(36);
    expect(value.accuracy).toBe(value.correct / 36);
    expect(Object.keys(value.by_tier)).toContain('ladder/easy');
    const again = (await ask()).value;
    expect({ ...again, seconds: 0 }).toEqual({ ...value, seconds: 0 });
  });

  test('all held-out suites come in one list; a wrong suite or model is 2', async () => {
    const { value } = await json(
      'eval',
      '--model',
      base,
      '--suite',
      'held-out',
      '--problems',
      '4',
      '--max-tokens',
      '8',
    );
    expect(value.suites.map((s: { suite: string }) => s.suite)).toEqual([
      'held-out/in-domain',
      'held-out/out-of-domain',
    ]);
    expect(value.max_completion_length).toBe(8);
    const wrong = await lab('eval', '--model', base, '--suite', 'ood');
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('all, in-domain, out-of-domain') });
    expect((await lab('eval', '--model', join(folder, 'nothing'), '--suite', 'all')).code).toBe(2);
  });
});

describe('lab eval on the benchmark sets', () => {
  const evaluate = async (suite: string) =>
    (
      await json(
        ...['eval', '--model', base, '--suite', suite],
        ...['--problems', '1', '--samples', '2', '--max-tokens', '8'],
      )
    ).value;
  const averages = (value: { averages: { over: string; sets: number; of: number }[] }) =>
    value.averages.map(({ over, sets, of }) => [over, sets, of]);

  test('in-domain is six sets and their mean, all is nineteen and five means', async () => {
    const within = await evaluate('in-domain');
    expect(within).toMatchObject({ suite: 'in-domain', samples: 2, max_completion_length: 8 });
    expect(averages(within)).toEqual([['in-domain', 6, 6]]);
    expect(within.sets).toHaveLength(6);
    for (const set of within.sets) {
      expect(set).toMatchObject({ domain: 'in-domain', problems: 1, samples: 2, mean: { samples: 2 } });
      expect(set.pass.map((p: { k: number }) => p.k)).toEqual([1, 2]);
      expect(set.base_score).toBeGreaterThan(0);
    }
    const all = await evaluate('all');
    expect(averages(all)).toEqual([
      ['in-domain', 6, 6],
      ['out-of-domain', 13, 13],
      ['logic', 5, 5],
      ['science', 4, 4],
      ['coding', 4, 4],
    ]);
    // A set has the same answers whichever others are asked for.
    expect(all.sets.slice(0, 6)).toEqual(within.sets);
  });
});

describe('lab generate', () => {
  test('gives the asked number of completions, with a log-probability a token', async () => {
    const { code, value } = await json('generate', '--model', base, '--prompt', '47 + 8', '--n', '3');
    expect(code).toBe(0);
    expect(value.prompt.tokens.join(' ')).toBe('BOS 4 7 L0 + 8 SOL');
    expect(value.completions).toHaveLength(3);
    for (const { ids, tokens, logps, logp } of value.completions) {
      expect(ids.length).toBeLessThanOrEqual(80);
      expect([tokens.length, logps.length]).toEqual([ids.length, ids.length]);
      expect(logp).toBeCloseTo(logps.reduce((a: number, b: number) => a + b, 0));
      expect(Math.max(...logps)).toBeLessThanOrEqual(0);
    }
  });

  test('greedy answers are all the same; the prompt may be one token', async () => {
    const greedy = ['--temperature', '0', '--n', '2', '--max-tokens', '6'];
    const { value } = await json('generate', '--model', base, '--prompt', 'BOS', ...greedy);
    expect(value.completions[0]).toEqual(value.completions[1]);
    const text = await lab('generate', '--model', base, '--prompt', '4 7 WAIT', ...greedy);
    expect(text.code).toBe(0);
    expect(text.out).toMatch(/\n2\. .*\n.*\n {3}log-probability −/);
  });

  test('an unknown word is 2 and named; a damaged model is 1', async () => {
    const wrong = await lab('generate', '--model', base, '--prompt', 'BOS 4 7 SOOL');
    expect(wrong.code).toBe(2);
    expect(wrong.err).toMatch(/"SOOL"\n.*the words: PAD BOS EOS 0/);
    const broken = join(temporaryFolder(), 'model.safetensors');
    const bytes = new Uint8Array(readFileSync(join(base, 'model.safetensors')));
    // The exponent of the last weight: not a number any more.
    bytes.fill(0xff, bytes.length - 2);
    writeFileSync(broken, bytes);
    copyFileSync(join(base, 'config.json'), join(broken, '..', 'config.json'));
    const damaged = await lab('generate', '--model', broken, '--prompt', '4 + 7');
    expect(damaged.code).toBe(1);
    expect(damaged.err).toMatch(/model\.safetensors: .*expected finite numbers, got NaN/);
  });
});

describe('lab check', () => {
  const copy = (change: (value: { expected: { loss: number } }) => void) => {
    const path = join(temporaryFolder(), 'case.json');
    const shipped = shippedCase('mha-tied-grpo');
    const value = JSON.parse(readFileSync(shipped, 'utf8'));
    change(value);
    writeFileSync(path, JSON.stringify(value));
    copyFileSync(shipped.replace('.json', '.safetensors'), path.replace('.json', '.safetensors'));
    return path;
  };

  test('the shipped cases hold, every quantity with its error and tolerance', async () => {
    const { code, value } = await json('check');
    expect(code).toBe(0);
    expect(value.cases.map((c: { name: string }) => c.name)).toEqual(['gqa-untied-dapo-kl', 'mha-tied-grpo']);
    for (const { ok, quantities } of value.cases) {
      expect(ok).toBe(true);
      const names = quantities.map((q: { name: string }) => q.name);
      expect(names).toEqual(expect.arrayContaining(['logits', 'losses/dapo+kl', 'loss_curve', 'grad_norm']));
      for (const q of quantities) expect(q.error).toBeLessThanOrEqual(q.tolerance);
    }
  });

  test('a case with another truth is out of tolerance, and that is 1', async () => {
    const path = copy((value) => {
      value.expected.loss += 1e-3;
    });
    const { code, value } = await json('check', '--reference', path);
    expect(code).toBe(1);
    const wrong = value.cases[0].quantities.filter((q: { ok: boolean }) => !q.ok);
    expect(wrong.map((q: { name: string }) => q.name)).toEqual(['loss']);
  });

  test('what is no case is 2, with the file and what is wrong in it', async () => {
    const path = copy((value) => {
      Object.assign(value, { beta: 'x' });
    });
    const { code, err } = await lab('check', '--reference', path);
    expect(code).toBe(2);
    expect(err).toContain(`${path}: reference case: beta`);
    rmSync(path.replace('.json', '.safetensors'));
    expect((await lab('check', '--reference', path)).err).toContain('expected case.safetensors beside it');
  });
});

test('lab info tells the adapter, its limits and features, and what runs it', async () => {
  const { code, value } = await json('info');
  expect(code).toBe(0);
  expect(value.adapter).toMatch(/./);
  expect(value.limits.maxStorageBufferBindingSize).toBeGreaterThan(0);
  expect(Array.isArray(value.features)).toBe(true);
  expect(value.versions).toMatchObject({
    lab: expect.stringMatching(/^\d/),
    webgpu: expect.stringMatching(/^\d/),
  });
});
