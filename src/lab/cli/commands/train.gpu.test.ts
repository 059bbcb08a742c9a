/** `lab train` from its arguments to its folder, on a tiny model: what is written is a function of the manifest. */
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InterruptingConsole, writeTinyModel } from '../../testing/tiny-run';
import { main } from '../main';
import { ListeningConsole, temporaryFolder } from '../testing';

const SETTINGS = {
  prompts_per_step: 3,
  num_generations: 4,
  max_completion_length: 12,
  eval_problems: 4,
  eval_steps: 2,
  eval_out_of_domain: true,
  steps: 4,
  checkpoint_steps: 2,
  // A random policy is never right: the KL term gives it a gradient all the same.
  beta: 0.1,
  weight_decay: 0.1,
};

/** A folder with a random model and a manifest that starts from it. */
function workplace(folder: string): { folder: string; manifest: string } {
  const model = writeTinyModel(folder);
  const manifest = join(folder, 'manifest.json');
  writeFileSync(manifest, JSON.stringify({ ...SETTINGS, model }));
  return { folder, manifest };
}

async function lab(console: ListeningConsole, ...argv: string[]): Promise<number> {
  return main(argv, console);
}

const WALL_CLOCK = new Set([
  'phases_ms',
  'step_ms',
  'duration_ms',
  'seconds',
  'started_at',
  'step_time',
  'tokens_per_second',
]);

/** The stream without wall-clock fields, and without what tells how often the run was started and stopped. */
function stream(out: string): unknown[] {
  return readFileSync(join(out, 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line, (key, value: unknown) => (WALL_CLOCK.has(key) ? undefined : value)))
    .filter((event) => !['run_started', 'checkpoint', 'finished'].includes(event.type));
}

const checkpointOf = (out: string, step: number) =>
  new Map(
    readdirSync(join(out, 'checkpoints', `step-${step}`)).map((name) => [
      name,
      readFileSync(join(out, 'checkpoints', `step-${step}`, name)),
    ]),
  );

describe('lab train', () => {
  let place: ReturnType<typeof workplace>;
  let whole: string;
  let summary: Record<string, unknown>;

  beforeAll(async () => {
    place = workplace(mkdtempSync(join(tmpdir(), 'lab-train-')));
    whole = join(place.folder, 'whole');
    const console = new ListeningConsole();
    expect(await lab(console, 'train', '--manifest', place.manifest, '--out', whole, '--json')).toBe(0);
    summary = JSON.parse(console.stdout.trimEnd().split('\n').at(-1) ?? '');
  });

  afterAll(() => rmSync(place.folder, { recursive: true, force: true }));

  test('says what the run came to', () => {
    expect(summary).toMatchObject({
      preset: null,
      seed: 0,
      steps: 4,
      accuracy_start: 0,
      accuracy_end: 0,
      out: whole,
      reason: 'completed',
      self_test: 'passed',
      last_checkpoint: 4,
    });
    expect(summary.accuracy_end_interval).toHaveLength(2);
    for (const name of ['seconds', 'num_tokens', 'kl', 'grad_norm', 'entropy', 'completions/mean_length'])
      expect(summary[name], name).toBeGreaterThan(0);
    expect(summary.adapter).toMatch(/./);
  });

  test('writes whole checkpoints where the manifest says, and each step in order', () => {
    expect(readdirSync(join(whole, 'checkpoints')).sort()).toEqual(['step-2', 'step-4']);
    const events = stream(whole) as { type: string; step: number; suite?: string }[];
    const steps = events.filter((e) => e.type === 'step_metrics').map((e) => e.step);
    expect(steps).toEqual([0, 1, 2, 3]);
    const evaluations = events.filter((e) => e.type === 'evaluation').map((e) => `${e.step} ${e.suite}`);
    expect(evaluations).toEqual([0, 2, 4].flatMap((step) => [`${step} in-domain`, `${step} out-of-domain`]));
  });

  test('the same manifest gives the same stream and the same weights, bit for bit', async () => {
    const again = join(place.folder, 'again');
    expect(await lab(new ListeningConsole(), 'train', '--manifest', place.manifest, '--out', again)).toBe(0);
    expect(stream(again)).toEqual(stream(whole));
    expect(checkpointOf(again, 4)).toEqual(checkpointOf(whole, 4));
  });

  test.each([
    ['in the first evaluation', (text: string) => text.includes('evaluating…')],
    ['while a later step rolls out', (text: string) => /step 1\/4.*rolling out/.test(text)],
    ['while a step is rewarded', (text: string) => /step 2\/4.*rewarding/.test(text)],
    ['while a step updates the policy', (text: string) => /step 3\/4.*updating/.test(text)],
    ['in the evaluation of a step with a checkpoint', (text: string) => /step 2\/4.*evaluating/.test(text)],
    ['in the last evaluation', (text: string) => /step 4\/4.*evaluating/.test(text)],
    ['while a checkpoint is written', (text: string) => /step 2\/4.*writing/.test(text)],
  ])('interrupted %s it is 130, and goes on as if nothing had happened', async (moment, isPlace) => {
    const out = join(place.folder, moment.replaceAll(' ', '-'));
    const args = ['train', '--manifest', place.manifest, '--out', out, '--resume'];
    const first = new InterruptingConsole(isPlace);
    expect(await lab(first, ...args)).toBe(130);
    expect(first.stderr).toContain('stopped at step');
    const second = new ListeningConsole();
    expect(await lab(second, ...args, '--json')).toBe(0);
    expect(stream(out)).toEqual(stream(whole));
    expect(checkpointOf(out, 4)).toEqual(checkpointOf(whole, 4));
    expect(JSON.parse(second.stdout)).toMatchObject({ steps: 4, num_tokens: summary.num_tokens });
  });

  test('what does not fit the adapter is 1, says what to lower, and leaves no folder behind', async () => {
    const out = join(place.folder, 'too-large');
    const console = new ListeningConsole();
    const large = ['--set', 'micro_batch_tokens=1000000'];
    expect(await lab(console, 'train', '--manifest', place.manifest, ...large, '--out', out)).toBe(1);
    expect(console.stderr).toMatch(/memory: buffer .* expected at most .* got .*Lower micro_batch_tokens/);
    expect(readdirSync(place.folder)).not.toContain('too-large');
  });

  test('a damaged model is 1 and named', async () => {
    const { folder, manifest } = workplace(temporaryFolder());
    const weights = join(folder, 'model', 'model.safetensors');
    const bytes = readFileSync(weights);
    writeFileSync(weights, bytes.subarray(0, bytes.length - 100));
    const console = new ListeningConsole();
    expect(await lab(console, 'train', '--manifest', manifest, '--out', join(folder, 'run'))).toBe(1);
    expect(console.stderr).toContain(weights);
    expect(console.stderr).toContain('cut short');
  });

  test('a disk that refuses in the middle is 1, and the run goes on from its checkpoint afterwards', async () => {
    const out = join(place.folder, 'refused');
    const args = ['train', '--manifest', place.manifest, '--out', out];
    const [checkpoints, kept] = [join(out, 'checkpoints'), join(out, 'kept')];
    const blocking = new (class extends ListeningConsole {
      override err(text: string): void {
        super.err(text);
        if (!text.startsWith('step 3/4')) return;
        // A file where the folder of checkpoints was.
        renameSync(checkpoints, kept);
        writeFileSync(checkpoints, '');
      }
    })();
    expect(await lab(blocking, ...args, '--json')).toBe(1);
    expect(blocking.stderr).toMatch(/could not create .*step-4.*ENOTDIR/);
    expect(JSON.parse(blocking.stdout)).toMatchObject({ reason: 'failed', last_checkpoint: 2 });
    rmSync(checkpoints);
    renameSync(kept, checkpoints);
    expect(await lab(new ListeningConsole(), ...args, '--resume')).toBe(0);
    expect(stream(out)).toEqual(stream(whole));
  });
});
