/** Models from elsewhere on the command line: answered with, evaluated, trained, gone on with. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent, RunEventOf } from '../../../run/events';
import { readEvents } from '../../../run/jsonl';
import { byteModel, moved, reorderedModel, writeFiles } from '../../testing/foreign-model';
import { main } from '../main';
import { ListeningConsole } from '../testing';

async function lab(...argv: string[]) {
  const console = new ListeningConsole();
  const code = await main(argv, console);
  return { code, out: console.stdout, err: console.stderr };
}

async function json(...argv: string[]) {
  const { code, out, err } = await lab(...argv, '--json');
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

let folder: string;
let reordered: string;
let bytes: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lab-foreign-'));
  reordered = writeFiles(join(folder, 'reordered'), reorderedModel());
  bytes = writeFiles(join(folder, 'bytes'), byteModel());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function eventsOf(run: string): RunEvent[] {
  return readEvents(new Uint8Array(readFileSync(join(run, 'events.jsonl')))).events;
}

const SETTINGS = [
  ...['prompts_per_step=4', 'num_generations=4', 'max_completion_length=40', 'eval_problems=8'],
  ...['micro_batch_tokens=2048', 'checkpoint_steps=1'],
].flatMap((setting) => ['--set', setting]);
const ofModel = (model: string) => ['--preset', 'grpo', '--set', `model=${model}`, ...SETTINGS];

describe('the base model with its tokens in another order, in shards', () => {
  const greedy = ['--temperature', '0'];

  test('answers as the base model does, token by token', async () => {
    const ask = (model: string) =>
      json('generate', '--model', model, '--prompt', '47 + 8 * 3', '--n', '2', ...greedy);
    const [own, other] = [await ask('ladder-base'), await ask(reordered)];
    expect(other.prompt.ids).toEqual(own.prompt.ids.map(moved));
    expect(other.prompt.text).toBe(own.prompt.text);
    for (const [i, completion] of own.completions.entries()) {
      expect(other.completions[i].text).toBe(completion.text);
      expect(other.completions[i].tokens).toEqual(completion.tokens);
      expect(other.completions[i].logp).toBeCloseTo(completion.logp, 4);
    }
  });

  test('has the base model’s accuracy on held-out problems', async () => {
    const score = (model: string) =>
      json('eval', '--model', model, '--suite', 'held-out/in-domain', '--problems', '24', ...greedy);
    const [own, other] = [await score('ladder-base'), await score(reordered)];
    expect(own.correct).toBeGreaterThan(4);
    expect(other.correct).toBe(own.correct);
    expect(other.mean_length).toBe(own.mean_length);
  });

  test('is trained by what the verifier says of its answers', async () => {
    const out = join(folder, 'trained');
    const summary = await json('train', ...ofModel(reordered), '--steps', '2', '--out', out);
    expect(summary.reason).toBe('completed');
    const groups = eventsOf(out).filter((e): e is RunEventOf<'prompt_group'> => e.type === 'prompt_group');
    expect(groups.some((group) => group.reward_std > 0)).toBe(true);
    const [started] = eventsOf(out) as RunEventOf<'run_started'>[];
    expect(started.vocabulary).toMatchObject({ separator: ' ', ends: [moved(2)] });
    expect(started.vocabulary?.tokens[moved(2)]).toBe('EOS');
    const [metrics] = eventsOf(out).filter((e) => e.type === 'step_metrics');
    expect(metrics.metrics.grad_norm).toBeGreaterThan(0);
  });
});

describe('a model of bytes', () => {
  test('is asked in plain words, goes on with any text, and stops at any of its ends', async () => {
    const asked = await json('generate', '--model', bytes, '--prompt', '47 + 8', '--max-tokens', '12');
    expect(asked.prompt.text).toMatch(/^<s>47, then \+ 8 = \?\nWork from left to right, /);
    expect(asked.completions[0].ids.length).toBeLessThanOrEqual(12);
    const free = await json('generate', '--model', bytes, '--prompt', 'Once', '--max-tokens', '4');
    expect(free.prompt.text).toBe('<s>Once');
    const many = await json(
      'generate',
      '--model',
      bytes,
      '--prompt',
      'a',
      '--n',
      '200',
      '--max-tokens',
      '60',
    );
    const ended = many.completions.filter((each: { truncated: boolean }) => !each.truncated);
    const last = new Set(ended.map(({ ids }: { ids: number[] }) => ids.at(-1)));
    const size = asked.prompt.ids[0] + 4;
    expect([...last].sort()).toEqual([size - 3, size - 1]);
  });

  test('is trained, gone on with bit for bit, and its checkpoint opens with the tokenizer it began with', async () => {
    const [whole, parts] = [join(folder, 'whole'), join(folder, 'parts')];
    await json('train', ...ofModel(bytes), '--steps', '2', '--out', whole);
    await json('train', ...ofModel(bytes), '--steps', '1', '--out', parts);
    await json('train', '--resume', '--steps', '2', '--out', parts);
    const weights = (run: string) => readFileSync(join(run, 'checkpoints', 'step-2', 'model.safetensors'));
    expect(weights(parts).equals(weights(whole))).toBe(true);
    const scored = await json(
      'eval',
      '--model',
      whole,
      '--suite',
      'held-out/in-domain',
      '--problems',
      '2',
      '--max-tokens',
      '8',
    );
    expect(scored.answers).toBe(2);
  });

  test('cannot be asked for predictions, which is said with the reason', async () => {
    const run = join(folder, 'masa');
    const { code, err } = await lab(
      ...['train', '--preset', 'masa', '--set', `model=${bytes}`, ...SETTINGS, '--steps', '1', '--out', run],
    );
    expect(code).not.toBe(0);
    expect(err).toMatch(
      /masa_meta: expected off, since task ladder has no way to ask for predictions of a model that it asks in plain text/,
    );
  });

  test('without its tokenizer, or with another’s, is refused by name', async () => {
    const files = byteModel();
    const mute = writeFiles(
      join(folder, 'mute'),
      files.filter(({ name }) => name !== 'tokenizer.json'),
    );
    const none = await lab('generate', '--model', mute, '--prompt', '4 + 7');
    expect(none.code).toBe(1);
    expect(none.err).toMatch(/expected tokenizer\.json beside a model of \d+ tokens/);
  });

  test('is not exported in words it does not have; its folder is said to be an export already', async () => {
    const { code, err } = await lab('export', '--model', bytes, '--hf', join(folder, 'hf'));
    expect(code).toBe(2);
    expect(err).toMatch(
      /--model: expected a policy of the task's own tokens, got one with a tokenizer of its own/,
    );
  });
});
