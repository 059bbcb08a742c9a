import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { smallPolicy } from '../../../export/testing';
import { writeModel } from '../../../model/model-file';
import { makeCheckpoint } from '../../../run/checkpoint';
import { eventToLine } from '../../../run/jsonl';
import { type ManifestInput, parseManifest } from '../../../run/manifest';
import { TASKS } from '../../../tasks';
import { NOTIONS } from '../../../tasks/tokens';
import { loadModel } from '../answering';
import { prepareCheckpoint } from '../checkpoint-folder';
import { main } from '../main';
import { locateModel } from '../model-files';
import { ListeningConsole, temporaryFolder } from '../testing';

async function lab(...argv: string[]) {
  const console = new ListeningConsole();
  const code = await main(['export', ...argv], console);
  return { code, out: console.stdout, err: console.stderr };
}

/** A run with whole checkpoints of a small policy after these steps. */
async function runWith(settings: ManifestInput, ...steps: number[]): Promise<string> {
  const { config, weights } = smallPolicy();
  const manifest = parseManifest({ name: 'a small run', steps: 12, ...settings });
  const run = temporaryFolder();
  for (const step of steps) {
    const files = await makeCheckpoint(
      {
        step,
        optimizer_steps: step,
        num_tokens: step * 10,
        manifest,
        task: manifest.task,
        random: { algorithm: 'philox4x32-10', seed: manifest.seed },
      },
      [...writeModel({ config, weights }), { name: 'optimizer.safetensors', bytes: new Uint8Array(8) }],
    );
    prepareCheckpoint(join(run, 'checkpoints'), step, files).commit();
  }
  return run;
}

describe('lab export', () => {
  test('writes a run’s checkpoint as a model that lab itself opens again, and names every file', async () => {
    const run = await runWith({}, 2, 4);
    const target = join(temporaryFolder(), 'deep', 'hf');
    const { code, out, err } = await lab('--run', run, '--step', '2', '--hf', target);
    expect(err).toBe('');
    expect(code).toBe(0);
    for (const name of readdirSync(target)) expect(out).toContain(join(target, name));
    expect(readFileSync(join(target, 'README.md'), 'utf8')).toContain('2 of 12 steps');
    const [ours, theirs] = [await loadModel(join(run, 'checkpoints', 'step-2')), await loadModel(target)];
    expect(theirs.weights).toEqual(ours.weights);
  });

  test('takes the newest checkpoint unless told, and a shipped model by its name', async () => {
    const target = temporaryFolder();
    const { out } = await lab('--run', await runWith({}, 2, 4), '--hf', target, '--json');
    expect(JSON.parse(out)).toMatchObject({ name: 'a small run', step: 4, task: 'ladder' });
    const shipped = await lab('--model', 'long-tail-base', '--hf', join(target, 'other'), '--json');
    expect(JSON.parse(shipped.out)).toMatchObject({ name: 'long-tail-base', task: 'long-tail' });
  });

  test('writes several formats at once, each to a folder of its own', async () => {
    const folder = temporaryFolder();
    const [hf, onnx] = [join(folder, 'hf'), join(folder, 'onnx')];
    expect((await lab('--model', 'ladder-base', '--hf', hf, '--onnx', onnx)).code).toBe(0);
    expect(existsSync(join(hf, 'model.safetensors'))).toBe(true);
    expect(readFileSync(join(onnx, 'config.json'))).toEqual(readFileSync(join(hf, 'config.json')));
    expect(readdirSync(onnx)).toContain('model_with_past.onnx');
    const twice = await lab('--model', 'ladder-base', '--hf', onnx, '--onnx', `${onnx}/`, '--force');
    expect(twice.err).toContain('--onnx: expected a folder of its own');
  });

  test('refuses a folder that holds something, before anything is written, unless forced', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'hf'));
    writeFileSync(join(folder, 'hf', 'notes.txt'), 'mine');
    const refused = await lab('--model', 'ladder-base', '--hf', join(folder, 'hf'));
    expect(refused.code).toBe(2);
    expect(refused.err).toContain(`--hf: expected an empty folder or none, got ${join(folder, 'hf')}`);
    expect(readdirSync(join(folder, 'hf'))).toEqual(['notes.txt']);
    expect((await lab('--model', 'ladder-base', '--hf', join(folder, 'hf'), '--force')).code).toBe(0);
    expect(readFileSync(join(folder, 'hf', 'notes.txt'), 'utf8')).toBe('mine');
    expect(existsSync(join(folder, 'hf', 'tokenizer.json'))).toBe(true);
    const file = await lab('--model', 'ladder-base', '--hf', join(folder, 'hf', 'notes.txt'), '--force');
    expect(file.err).toContain('expected a folder, got the file');
  });

  test('names what is wrong with its arguments and its source', async () => {
    const run = await runWith({}, 2);
    const folder = temporaryFolder();
    const wrong: [string[], string][] = [
      [['--hf', folder], 'expected either --run DIR or --model DIR|NAME, got neither'],
      [['--run', run, '--model', 'x', '--hf', folder], 'got both'],
      [['--run', run], 'expected at least one of --hf DIR'],
      [['--model', 'ladder-base', '--step', '2', '--hf', folder], '--step: expected --run DIR with it'],
      [['--run', run, '--step', '3', '--hf', folder], 'expected one of the checkpoints of'],
      [['--run', folder, '--hf', folder], 'which has none'],
      [['--run', join(folder, 'nowhere'), '--hf', folder], 'which is not there'],
      [['--model', 'no-such', '--hf', folder], 'the name of a shipped model'],
    ];
    for (const [argv, message] of wrong) {
      const { code, err } = await lab(...argv);
      expect(code).toBe(2);
      expect(err).toContain(message);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test('refuses an adapter of a run that has none, before anything is written', async () => {
    const folder = temporaryFolder();
    const { code, err } = await lab(
      '--run',
      await runWith({}, 2),
      '--adapter',
      folder,
      '--hf',
      join(folder, 'hf'),
    );
    expect(code).toBe(2);
    expect(err).toContain('--adapter: expected a run with meta_adapter=lora, got a small run');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('refuses a damaged checkpoint', async () => {
    const run = await runWith({}, 2);
    const weights = join(run, 'checkpoints', 'step-2', 'model.safetensors');
    const bytes = readFileSync(weights);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(weights, bytes);
    const { code, err } = await lab('--run', run, '--hf', join(temporaryFolder(), 'hf'));
    expect(code).toBe(1);
    expect(err).toContain('SHA-256');
  });
});

describe('lab export for other engines', () => {
  test('writes folders that check themselves, with what the run recorded of its groups', async () => {
    const run = await runWith({ masa_meta: 'train' }, 2, 4);
    const problem = TASKS.ladder.trainProblem(0, 0, 0);
    const { family, tier, size, answer, prompt } = problem;
    const notion = NOTIONS[0];
    const rollout = { logps: [], advantage: 0, truncated: false };
    const group = (step: number, tokens: number[]) =>
      eventToLine({
        type: 'prompt_group',
        v: 1,
        step,
        index: 0,
        problem: { family, tier, size, answer },
        prompt,
        rollouts: [{ ...rollout, tokens, reward: 1 }],
        reward_mean: 1,
        reward_std: 0,
      });
    // The same problem in two steps, the later one counts; what came after the checkpoint does not.
    writeFileSync(
      join(run, 'events.jsonl'),
      `${group(0, [5, 2])}${group(3, [5, notion, 2])}${group(4, [5, 5, 5, 5, 2])}`,
    );
    const folder = temporaryFolder();
    const [verl, trl] = [join(folder, 'verl'), join(folder, 'trl')];
    const { code, err } = await lab('--run', run, '--verl', verl, '--trl', trl);
    expect(err).toBe('');
    expect(code).toBe(0);
    const rows = readFileSync(join(verl, 'meta.jsonl'), 'utf8').trim().split('\n');
    expect(rows.length).toBe(1);
    expect(JSON.parse(JSON.parse(rows[0]).reward_model.ground_truth)).toEqual({
      rollouts: [{ correct: true, length: 3, notions: [TASKS.ladder.vocabulary.decode([notion])] }],
    });
    for (const place of [verl, trl]) {
      const { status, stdout } = spawnSync('python3', ['check_rewards.py'], {
        cwd: place,
        encoding: 'utf8',
      });
      expect(stdout).toContain('0 wrong');
      expect(status).toBe(0);
      expect(locateModel(join(place, 'model')).weights).toBe(join(place, 'model', 'model.safetensors'));
    }
  });

  test('names the line of a stream that cannot be read', async () => {
    const run = await runWith({ masa_meta: 'train' }, 2);
    writeFileSync(join(run, 'events.jsonl'), '{"type":"nonsense","v":1}\n');
    const { code, err } = await lab('--run', run, '--verl', join(temporaryFolder(), 'verl'));
    expect(code).toBe(1);
    expect(err).toMatch(/events\.jsonl: .*line 1/);
  });
});
