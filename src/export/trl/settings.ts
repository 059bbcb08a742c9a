/**
 * The run's settings as TRL's `GRPOConfig`, whose names the manifest follows wherever TRL has one. Names are those of
 * `trl/trainer/grpo_config.py` at TRL's commit 006d32c and of transformers' `TrainingArguments`.
 */
import { carried, type KnobTable, none, noneWhere, type SettingValue, same } from '../engine/knobs';

/** TRL counts updates, the lab steps of generation: each has `num_iterations` of the others. */
const inUpdates = (steps: number, iterations: number) => steps * iterations;

export const TRL_KNOBS: KnobTable = {
  manifest_version: none('the version of our own format'),
  name: same('run_name', 'name'),
  task: carried('the problems in the parquet files, and settings.json'),
  model: carried('`model/` holds the exported weights'),
  prompts_per_step: carried('run.json: train.py makes `gradient_accumulation_steps` of it'),
  num_generations: same('num_generations', 'num_generations'),
  max_completion_length: same('max_completion_length', 'max_completion_length'),
  temperature: same('temperature', 'temperature'),
  top_k: same('top_k', 'top_k'),
  top_p: same('top_p', 'top_p'),
  rollout_dtype: noneWhere(
    (m) => m.rollout_dtype !== 'float32',
    'rollouts are made with the weights as they are trained',
  ),
  loss_type: {
    // bnpo of TRL normalises each device's share by itself, which the lab's does not; dapo means what both mean here.
    settings: (m) => ({ loss_type: m.loss_type === 'bnpo' ? 'dapo' : m.loss_type }),
    note: (m) => (m.loss_type === 'bnpo' ? 'the lab’s bnpo is what TRL calls dapo' : null),
  },
  scale_rewards: same('scale_rewards', 'scale_rewards'),
  importance_sampling_level: same('importance_sampling_level', 'importance_sampling_level'),
  num_iterations: same('num_iterations', 'num_iterations'),
  epsilon: same('epsilon', 'epsilon'),
  epsilon_high: same('epsilon_high', 'epsilon_high'),
  beta: {
    settings: (m) => ({ beta: m.beta }),
    note: (m) => (m.beta > 0 ? 'towards the exported weights, not towards the base model' : null),
  },
  mask_truncated_completions: same('mask_truncated_completions', 'mask_truncated_completions'),
  dynamic_sampling: noneWhere(
    (m) => m.dynamic_sampling,
    'TRL throws no group away: those without variance stay in the batch',
  ),
  dynamic_sampling_rounds: none('see `dynamic_sampling`'),
  overlong_buffer: noneWhere(
    (m) => m.overlong_buffer > 0,
    'not among the reward functions; TRL’s get_soft_overlong_punishment does the same',
  ),
  overlong_penalty: none('see `overlong_buffer`'),
  learning_rate: same('learning_rate', 'learning_rate'),
  lr_scheduler_type: {
    settings: (m) => ({
      lr_scheduler_type:
        m.lr_scheduler_type === 'constant' && m.warmup_steps > 0
          ? 'constant_with_warmup'
          : m.lr_scheduler_type,
    }),
    note: (m) => (m.lr_scheduler_type === 'constant' ? null : 'begins anew, over the steps ahead'),
  },
  warmup_steps: {
    settings: (m) => ({ warmup_steps: inUpdates(m.warmup_steps, m.num_iterations) }),
    note: (m) => (m.warmup_steps > 0 ? 'begins anew, and at 0' : null),
  },
  adam_beta1: {
    settings: (m) => ({ adam_beta1: m.adam_beta1 }),
    note: 'the optimiser’s running means begin at 0',
  },
  adam_beta2: same('adam_beta2', 'adam_beta2'),
  adam_epsilon: same('adam_epsilon', 'adam_epsilon'),
  weight_decay: same('weight_decay', 'weight_decay'),
  max_grad_norm: same('max_grad_norm', 'max_grad_norm'),
  micro_batch_tokens: none('a micro-batch is one prompt’s group'),
  gradient_checkpointing: {
    settings: (m) => ({ gradient_checkpointing: m.gradient_checkpointing !== 'off' }),
    note: (m) => (m.gradient_checkpointing === 'mlp' ? 'of whole blocks' : null),
  },
  eval_steps: {
    settings: (m) => ({
      eval_strategy: 'steps',
      eval_steps: inUpdates(m.eval_steps, m.num_iterations),
      eval_on_start: true,
    }),
  },
  eval_problems: carried('the rows of held_out.parquet'),
  eval_samples: {
    settings: (m) => ({ num_generations_eval: Math.max(2, m.eval_samples) }),
    note: 'at least 2',
  },
  eval_out_of_domain: carried('whether held_out.parquet holds such rows'),
  eval_mid_hard: none('the held-out rows are of all tiers'),
  steps: {
    settings: (m, { steps }) => ({ max_steps: inUpdates(steps, m.num_iterations) }),
    note: 'updates of the steps ahead',
  },
  seed: {
    settings: (m) => ({ seed: m.seed % 2 ** 31 }),
    note: 'other random numbers: the same problems, not the same rollouts',
  },
  checkpoint_steps: {
    settings: (m) => ({
      save_strategy: 'steps',
      save_steps: inUpdates(m.checkpoint_steps, m.num_iterations),
    }),
  },
  masa_meta: carried('where it is train, each problem is followed by its meta prompt; see below'),
  masa_length_reward: carried('settings.json'),
  masa_length_tolerance: carried('settings.json'),
  masa_pass_reward: carried('settings.json'),
  masa_notion_comparison: carried('settings.json'),
  masa_num_generations: none('predictions come in groups of `num_generations`'),
  masa_loss_weight: none('predictions and solutions share one loss'),
};

/** What the export needs of TRL whatever the run's settings are. */
export const FIXED_CONFIG: Readonly<Record<string, SettingValue>> = {
  // The problems come in the order the run would draw them, a problem's solutions beside its predictions.
  shuffle_dataset: false,
  remove_unused_columns: false,
  bf16: false,
  logging_steps: 1,
  report_to: 'none',
};
