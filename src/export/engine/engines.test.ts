import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KNOBS, type ManifestInput, parseManifest } from '../../run/manifest';
import { getTask } from '../../tasks';
import { splitOf } from '../../tasks/family';
import type { ExportedPolicy, ExportFile } from '../files';
import { bytesOf, smallPolicy, textOf } from '../testing';
import { trlFiles } from '../trl';
import { TRL_KNOBS } from '../trl/settings';
import { verlFiles } from '../verl';
import { VERL_KNOBS } from '../verl/settings';
import { type ProblemRow, trainingRows } from './problems';

const SETTINGS: ManifestInput = {
  name: "a run's name; $(rm -rf /)",
  steps: 12,
  prompts_per_step: 6,
  num_generations: 4,
  eval_problems: 5,
  seed: 9,
};

function policyOf(change: ManifestInput = {}): ExportedPolicy {
  const manifest = parseManifest({ ...SETTINGS, ...change });
  return { ...smallPolicy(), name: manifest.name, manifest, step: 8 };
}

const jsonLines = (files: readonly ExportFile[], name: string): ProblemRow[] =>
  textOf(files, name)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

async function parquetRows(files: readonly ExportFile[], name: string): Promise<unknown[]> {
  const bytes = bytesOf(files, name);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  return await parquetReadObjects({ file });
}

/** The files in a folder of their own, removed after the test. */
function onDisk(files: readonly ExportFile[]): string {
  const folder = mkdtempSync(join(tmpdir(), "lab's export-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const { name, bytes } of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

const formats = [
  ['verl', verlFiles],
  ['trl', trlFiles],
] as const;

describe.each(formats)('the problems of --%s', (_, write) => {
  const policy = policyOf();
  const files = write(policy);
  const { vocabulary } = policy.task;

  it('stand in train.parquet and held_out.parquet as in the JSON Lines beside them, nested columns and all', async () => {
    for (const name of ['train', 'held_out']) {
      const rows = jsonLines(files, `${name}.jsonl`);
      const read = await parquetRows(files, `${name}.parquet`);
      // Whole numbers of 64 bits come back as BigInt.
      expect(JSON.parse(JSON.stringify(read, (_, v) => (typeof v === 'bigint' ? Number(v) : v)))).toEqual(
        rows,
      );
    }
  });

  it('have the columns that verl documents', () => {
    const bytes = bytesOf(files, 'train.parquet');
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    const { schema } = parquetMetadata(file);
    expect(schema.map(({ name }) => name)).toEqual([
      ...['root', 'data_source', 'prompt', 'list', 'element', 'role', 'content', 'ability'],
      ...['reward_model', 'style', 'ground_truth'],
      ...['extra_info', 'index', 'split', 'problem', 'tier', 'size', 'max_completion_length'],
    ]);
    expect(jsonLines(files, 'train.jsonl')[0]).toEqual({
      data_source: 'masa-lab/ladder/train',
      prompt: [{ role: 'user', content: expect.stringMatching(/^BOS .* SOL$/) }],
      ability: 'ladder',
      reward_model: { style: 'rule', ground_truth: expect.stringMatching(/^\d \d$/) },
      extra_info: {
        index: 0,
        split: 'train',
        problem: expect.stringMatching(/^BOS .* SOL$/),
        tier: expect.any(String),
        size: expect.any(Number),
        max_completion_length: 80,
      },
    });
  });

  it('are those that the run would draw next, with their answers, and none of them is held out', () => {
    const rows = jsonLines(files, 'train.jsonl');
    expect(rows.length).toBe(4 * 6);
    rows.forEach((row, index) => {
      const problem = policy.task.trainProblem(9, 8 + Math.floor(index / 6), index % 6);
      expect(vocabulary.encode(row.prompt[0].content)).toEqual(problem.prompt);
      expect(vocabulary.encode(row.reward_model.ground_truth)).toEqual(problem.answer);
      expect(splitOf(problem.prompt.slice(1, -1))).toBe('train');
    });
    const heldOut = jsonLines(files, 'held_out.jsonl');
    expect(heldOut.map((row) => row.data_source)).toEqual(Array(5).fill('masa-lab/ladder/in-domain'));
    for (const row of heldOut)
      expect(splitOf(vocabulary.encode(row.prompt[0].content).slice(1, -1))).toBe('held-out');
  });

  it('hold the other suites where the run is evaluated on them', () => {
    const rows = jsonLines(write(policyOf({ eval_out_of_domain: true })), 'held_out.jsonl');
    expect(new Set(rows.map((row) => row.data_source))).toEqual(
      new Set(['masa-lab/ladder/in-domain', 'masa-lab/ladder/out-of-domain']),
    );
  });

  it('come with the model, the rewards and an account of every knob', () => {
    const names = files.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['model/config.json', 'model/tokenizer.json', 'train.sh']));
    expect(names).toEqual(expect.arrayContaining(['masa_rewards.py', 'settings.json', 'check_rewards.py']));
    expect(new Set(names).size).toBe(names.length);
    for (const { key } of KNOBS) expect(textOf(files, 'README.md')).toContain(`\`${key}\``);
  });
});

describe('the steps ahead', () => {
  it('are as many again for a run that is finished, and end at the largest data set', () => {
    expect(trainingRows({ ...policyOf(), step: 12 }, false).length).toBe(12 * 6);
    expect(trainingRows(policyOf({ steps: 100_000, prompts_per_step: 64 }), false).length).toBe(16_384);
  });

  it('know one limit of rollouts alone, also for a task whose own is not the default', () => {
    const policy: ExportedPolicy = { ...policyOf(), task: getTask('long-tail'), manifest: null, step: 0 };
    for (const [, write] of formats) {
      const files = write(policy);
      expect(JSON.parse(textOf(files, 'settings.json')).max_completion_length).toBe(88);
      expect(JSON.parse(textOf(files, 'model/generation_config.json')).max_new_tokens).toBe(88);
      expect(jsonLines(files, 'train.jsonl')[0].extra_info.max_completion_length).toBe(88);
    }
    expect(textOf(verlFiles(policy), 'train.sh')).toContain("'data.max_response_length=88'");
    expect(JSON.parse(textOf(trlFiles(policy), 'run.json')).grpo_config.max_completion_length).toBe(88);
  });

  it('are those of the defaults for a policy of no known run', () => {
    const { manifest: _, ...rest } = policyOf();
    const run = JSON.parse(textOf(trlFiles({ ...rest, manifest: null, step: 0 }), 'run.json'));
    expect(run.grpo_config.max_steps).toBe(100);
    expect(run.prompts_per_step).toBe(16);
  });
});

describe('verl’s train.sh', () => {
  /** What verl would be called with: the script run with a `python3` that only says its arguments. */
  function overrides(policy: ExportedPolicy, ...more: string[]): Map<string, string> {
    const folder = onDisk(verlFiles(policy));
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'python3'), '#!/bin/sh\nprintf \'%s\\n\' "$@"\n', { mode: 0o755 });
    const { status, stdout, stderr } = spawnSync('bash', [join(folder, 'train.sh'), ...more], {
      env: { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` },
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const [flag, module, ...words] = stdout.replaceAll(folder, 'HERE').trim().split('\n');
    expect([flag, module]).toEqual(['-m', 'verl.trainer.main_ppo']);
    return new Map(
      words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
    );
  }

  it('starts GRPO with the run’s settings, whatever the run is called and wherever it lies', () => {
    const given = overrides(
      policyOf({ learning_rate: 3e-5, top_k: 7, epsilon: 0.1, adam_beta2: 0.95, beta: 0.02 }),
      'trainer.nnodes=2',
    );
    expect(Object.fromEntries(given)).toMatchObject({
      'algorithm.adv_estimator': 'grpo',
      'data.train_files': 'HERE/train.parquet',
      'data.train_batch_size': '6',
      'data.max_prompt_length': expect.stringMatching(/^\d+$/),
      'data.max_response_length': '80',
      'actor_rollout_ref.rollout.n': '4',
      'actor_rollout_ref.rollout.top_k': '7',
      'actor_rollout_ref.actor.optim.lr': '0.00003',
      'actor_rollout_ref.actor.optim.betas': '[0.9,0.95]',
      'actor_rollout_ref.actor.clip_ratio_low': '0.1',
      'actor_rollout_ref.actor.clip_ratio_high': '0.28',
      'actor_rollout_ref.actor.loss_agg_mode': 'token-mean',
      'actor_rollout_ref.actor.use_kl_loss': 'true',
      'actor_rollout_ref.actor.kl_loss_coef': '0.02',
      'actor_rollout_ref.model.path': 'HERE/model',
      'custom_reward_function.path': 'HERE/masa_rewards.py',
      'custom_reward_function.name': 'compute_score',
      'trainer.total_training_steps': '4',
      'trainer.experiment_name': 'a-run-s-name-rm--rf',
      // The last word is the caller's.
      'trainer.nnodes': '2',
    });
  });

  it('says Dr. GRPO in verl’s words, and what it cannot say in the README', () => {
    const policy = policyOf({ loss_type: 'dr_grpo', scale_rewards: 'none' });
    const given = overrides(policy);
    expect(given.get('actor_rollout_ref.actor.loss_agg_mode')).toBe('seq-mean-token-sum-norm');
    expect(given.get('actor_rollout_ref.actor.loss_scale_factor')).toBe('80');
    expect(given.get('algorithm.norm_adv_by_std_in_grpo')).toBe('false');
    const readme = textOf(verlFiles(policyOf({ scale_rewards: 'batch' })), 'README.md');
    expect(readme).toContain('not of the batch');
    expect(readme).toMatch(/Without an equivalent[\s\S]*`mask_truncated_completions` \(`false`\)/);
  });

  it('mixes in predictions of recorded groups where the run trains them', () => {
    const policy = policyOf({ masa_meta: 'train' });
    const problem = policy.task.trainProblem(9, 0, 0);
    const rollouts = [{ correct: true, length: 20, notions: ['CARRY'] }];
    const recorded = { ...policy, groups: [{ problem, rollouts }] };
    const given = overrides(recorded);
    expect(given.get('data.train_files')).toBe('[HERE/train.parquet,HERE/meta.parquet]');
    expect(given.get('data.shuffle')).toBe('true');
    const [row] = jsonLines(verlFiles(recorded), 'meta.jsonl');
    expect(row.data_source).toBe('masa-lab/ladder/meta');
    expect(row.prompt[0].content).toMatch(/^BOS META .* META$/);
    expect(JSON.parse(row.reward_model.ground_truth)).toEqual({ rollouts });
    expect(overrides(policy).get('data.train_files')).toBe('HERE/train.parquet');
  });
});

describe('TRL’s run.json and train.py', () => {
  it('carries the settings under TRL’s names', () => {
    const { grpo_config: config } = JSON.parse(
      textOf(trlFiles(policyOf({ num_iterations: 2, warmup_steps: 3, loss_type: 'bnpo' })), 'run.json'),
    );
    expect(config).toMatchObject({
      num_generations: 4,
      max_completion_length: 80,
      num_iterations: 2,
      loss_type: 'dapo',
      lr_scheduler_type: 'constant_with_warmup',
      warmup_steps: 6,
      max_steps: 8,
      eval_steps: 20,
      shuffle_dataset: false,
    });
    // Settings of one name here and there have one value here and there.
    const manifest: Record<string, unknown> = { ...policyOf().manifest };
    for (const key of ['temperature', 'top_k', 'top_p', 'epsilon', 'epsilon_high', 'beta', 'learning_rate'])
      expect(config[key], key).toBe(manifest[key]);
  });

  it('puts each problem’s meta prompt behind it where the run trains predictions', () => {
    const files = trlFiles(policyOf({ masa_meta: 'train' }));
    const rows = jsonLines(files, 'train.jsonl');
    expect(rows.length).toBe(2 * 4 * 6);
    for (let i = 0; i < rows.length; i += 2) {
      expect(rows[i + 1].data_source).toBe('masa-lab/ladder/meta');
      expect(rows[i + 1].extra_info.problem).toBe(rows[i].prompt[0].content);
    }
    expect(JSON.parse(textOf(files, 'run.json')).rows_per_problem).toBe(2);
  });

  it('shares a step out by whole problems, and says when it cannot', () => {
    const folder = onDisk(trlFiles(policyOf({ masa_meta: 'train' })));
    const sizes = (processes: number) =>
      spawnSync(
        'python3',
        [
          '-c',
          `import json, train; print(json.dumps(train.batch_sizes(json.load(open("run.json")), ${processes})))`,
        ],
        { cwd: folder, encoding: 'utf8' },
      );
    // 6 prompts a step on 3 processes: 2 problems each, of 4 solutions and 4 predictions.
    expect(JSON.parse(sizes(3).stdout)).toMatchObject({
      per_device_train_batch_size: 8,
      gradient_accumulation_steps: 2,
    });
    expect(sizes(4).stderr).toContain('a number of processes that divides 6 prompts a step, got 4');
  });

  it('is Python and shell that can be read', () => {
    const folder = onDisk(trlFiles(policyOf()));
    const compiled = spawnSync('python3', ['-m', 'py_compile', 'train.py', 'model/check_logprobs.py'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(compiled.stderr).toBe('');
    expect(compiled.status).toBe(0);
    expect(spawnSync('bash', ['-n', join(folder, 'train.sh')]).status).toBe(0);
  });
});

describe('the tables of knobs', () => {
  it.each([
    ['verl', VERL_KNOBS],
    ['TRL', TRL_KNOBS],
  ])('know no knob that the manifest has not: %s', (_, table) => {
    const known = new Set<string>([...KNOBS.map(({ key }) => key), 'manifest_version']);
    for (const key of Object.keys(table)) expect(known).toContain(key);
  });
});
