/**
 * The run's settings as overrides of verl's `ppo_trainer` configuration (GRPO). Names are those of
 * `verl/trainer/config/_generated_ppo_trainer.yaml` at verl's commit 01d4d76; the reward function's are older names that
 * verl still takes over.
 */
import {
  carried,
  type KnobTable,
  none,
  noneWhere,
  type RunAhead,
  type SettingValue,
  same,
} from '../engine/knobs';

const ACTOR = 'actor_rollout_ref.actor';
const ROLLOUT = 'actor_rollout_ref.rollout';

const LOSS_AGGREGATION = {
  grpo: 'seq-mean-token-mean',
  bnpo: 'token-mean',
  dapo: 'token-mean',
  dr_grpo: 'seq-mean-token-sum-norm',
} as const;

export const VERL_KNOBS: KnobTable = {
  manifest_version: none('the version of our own format'),
  name: carried('`trainer.experiment_name`, in train.sh'),
  task: carried('the problems in the parquet files, and settings.json'),
  model: carried('`model/` holds the exported weights'),
  prompts_per_step: {
    settings: (m) => ({
      'data.train_batch_size': m.prompts_per_step,
      [`${ACTOR}.ppo_mini_batch_size`]: m.prompts_per_step,
    }),
    note: 'has to be divisible by the number of GPUs',
  },
  num_generations: same(`${ROLLOUT}.n`, 'num_generations'),
  max_completion_length: same('data.max_response_length', 'max_completion_length'),
  temperature: same(`${ROLLOUT}.temperature`, 'temperature'),
  top_k: {
    settings: (m) => ({ [`${ROLLOUT}.top_k`]: m.top_k === 0 ? -1 : m.top_k }),
    note: 'ties at the threshold are not all kept',
  },
  top_p: same(`${ROLLOUT}.top_p`, 'top_p'),
  rollout_dtype: {
    settings: (m) => ({ [`${ROLLOUT}.dtype`]: m.rollout_dtype }),
    note: (m) =>
      m.rollout_dtype === 'float16'
        ? 'verl computes rollouts in halves too, and takes the ratio to the trained weights before the update'
        : null,
  },
  loss_type: {
    settings: (m) => ({
      [`${ACTOR}.loss_agg_mode`]: LOSS_AGGREGATION[m.loss_type],
      ...(m.loss_type === 'dr_grpo' && { [`${ACTOR}.loss_scale_factor`]: m.max_completion_length }),
    }),
  },
  scale_rewards: {
    settings: (m) => ({ 'algorithm.norm_adv_by_std_in_grpo': m.scale_rewards !== 'none' }),
    note: (m) =>
      m.scale_rewards === 'batch' ? 'verl divides by the deviation of the group, not of the batch' : null,
  },
  importance_sampling_level: {
    settings: (m) => ({
      [`${ACTOR}.policy_loss.loss_mode`]: m.importance_sampling_level === 'sequence' ? 'gspo' : 'vanilla',
    }),
    note: (m) =>
      m.importance_sampling_level === 'sequence' ? 'verl’s GSPO has a normalisation of its own' : null,
  },
  num_iterations: same(`${ACTOR}.ppo_epochs`, 'num_iterations'),
  epsilon: {
    settings: (m) => ({
      [`${ACTOR}.clip_ratio`]: m.epsilon,
      [`${ACTOR}.clip_ratio_low`]: m.epsilon,
      // The third clip, of large ratios at negative advantages, which the lab has not: so high that it is never met.
      [`${ACTOR}.clip_ratio_c`]: 1e6,
    }),
  },
  epsilon_high: same(`${ACTOR}.clip_ratio_high`, 'epsilon_high'),
  beta: {
    settings: (m) => ({
      [`${ACTOR}.use_kl_loss`]: m.beta > 0,
      [`${ACTOR}.kl_loss_coef`]: m.beta,
      [`${ACTOR}.kl_loss_type`]: 'low_var_kl',
    }),
    note: (m) => (m.beta > 0 ? 'towards the exported weights, not towards the base model' : null),
  },
  mask_truncated_completions: none('rollouts that ran into the limit stay in the loss'),
  dynamic_sampling: noneWhere(
    (m) => m.dynamic_sampling,
    'main_ppo throws no group away; verl’s DAPO recipe does, by algorithm.filter_groups',
  ),
  dynamic_sampling_rounds: none('see `dynamic_sampling`'),
  overlong_buffer: noneWhere(
    (m) => m.overlong_buffer > 0,
    'not part of the reward; verl’s DAPO recipe has an overlong_buffer of its own',
  ),
  overlong_penalty: none('see `overlong_buffer`'),
  learning_rate: same(`${ACTOR}.optim.lr`, 'learning_rate'),
  lr_scheduler_type: {
    settings: (m) => ({
      [`${ACTOR}.optim.lr_scheduler_type`]: m.lr_scheduler_type === 'cosine' ? 'cosine' : 'constant',
    }),
    note: (m) =>
      m.lr_scheduler_type === 'linear'
        ? 'verl has no linear decay: constant'
        : m.lr_scheduler_type === 'cosine'
          ? 'begins anew, over the steps ahead'
          : null,
  },
  warmup_steps: {
    settings: (m) => ({ [`${ACTOR}.optim.lr_warmup_steps`]: m.warmup_steps }),
    note: (m) => (m.warmup_steps > 0 ? 'begins anew' : null),
  },
  adam_beta1: {
    settings: (m) => ({ [`${ACTOR}.optim.betas`]: [m.adam_beta1, m.adam_beta2] }),
    note: 'the optimiser’s running means begin at 0',
  },
  adam_beta2: carried('set together with `adam_beta1`'),
  adam_epsilon: {
    settings: (m): Record<string, SettingValue> =>
      m.adam_epsilon === 1e-8
        ? {}
        : { [`${ACTOR}.optim.override_optimizer_config`]: `{eps: ${m.adam_epsilon}}` },
    elsewhere: 'PyTorch’s own value is the same',
  },
  weight_decay: {
    settings: (m) => ({ [`${ACTOR}.optim.weight_decay`]: m.weight_decay }),
    note: (m) => (m.weight_decay > 0 ? 'verl decays norm weights too' : null),
  },
  max_grad_norm: {
    settings: (m) => ({
      [`${ACTOR}.grad_clip`]: m.max_grad_norm,
      [`${ACTOR}.optim.clip_grad`]: m.max_grad_norm,
    }),
  },
  micro_batch_tokens: {
    settings: (m, { promptLength }) => ({
      [`${ACTOR}.use_dynamic_bsz`]: true,
      [`${ACTOR}.ppo_max_token_len_per_gpu`]: Math.max(
        m.micro_batch_tokens,
        promptLength + m.max_completion_length,
      ),
    }),
    note: 'at least a whole row',
  },
  gradient_checkpointing: {
    settings: (m) => ({
      'actor_rollout_ref.model.enable_gradient_checkpointing': m.gradient_checkpointing !== 'off',
    }),
    note: (m) => (m.gradient_checkpointing === 'mlp' ? 'of whole blocks' : null),
  },
  eval_steps: same('trainer.test_freq', 'eval_steps'),
  eval_problems: carried('the rows of held_out.parquet'),
  eval_samples: {
    settings: (m) => ({
      [`${ROLLOUT}.val_kwargs.n`]: m.eval_samples,
      [`${ROLLOUT}.val_kwargs.do_sample`]: true,
      [`${ROLLOUT}.val_kwargs.temperature`]: 1,
    }),
  },
  eval_out_of_domain: carried('whether held_out.parquet holds such rows'),
  eval_mid_hard: none('the held-out rows are of all tiers'),
  steps: {
    settings: (_, { steps }) => ({ 'trainer.total_training_steps': steps, 'trainer.total_epochs': steps }),
    note: 'the steps ahead; it ends with whichever of the two comes first',
  },
  seed: {
    settings: (m) => ({
      'data.seed': m.seed % 2 ** 31,
      [`${ACTOR}.data_loader_seed`]: m.seed % 2 ** 31,
      [`${ROLLOUT}.seed`]: m.seed % 2 ** 31,
    }),
    note: 'other random numbers: the same problems, not the same rollouts',
  },
  checkpoint_steps: same('trainer.save_freq', 'checkpoint_steps'),
  masa_meta: carried('meta.parquet, where the run recorded groups; see below'),
  masa_length_reward: carried('settings.json'),
  masa_length_tolerance: carried('settings.json'),
  masa_pass_reward: carried('settings.json'),
  masa_notion_comparison: carried('settings.json'),
  masa_num_generations: none('predictions come in groups of `num_generations`'),
  masa_loss_weight: none('predictions and solutions share one loss'),
};

/** What the export needs of verl whatever the run's settings are. */
export const fixedOverrides = ({ promptLength, withMeta }: RunAhead): Record<string, SettingValue> => ({
  'algorithm.adv_estimator': 'grpo',
  'algorithm.use_kl_in_reward': false,
  'data.max_prompt_length': promptLength,
  'data.truncation': 'error',
  // The problems come in the order the run would draw them; predictions have to be mixed in.
  'data.shuffle': withMeta,
  [`${ACTOR}.entropy_coeff`]: 0,
  [`${ACTOR}.fsdp_config.dtype`]: 'float32',
  'actor_rollout_ref.model.use_remove_padding': false,
  [`${ROLLOUT}.tensor_model_parallel_size`]: 1,
  'trainer.val_before_train': true,
  'trainer.project_name': 'masa-lab',
  'custom_reward_function.name': 'compute_score',
});
