/**
 * The events of MASA: what was predicted, what was decided by it with all that went into the decision, and what the
 * audit found. Part of the stream (`events.ts` has the union). Every metric under `masa/` follows from them.
 *
 * A step's candidates are numbered in the order in which their problems were drawn; `index` is that number.
 * M meta rollouts a prompt, G solution rollouts. A number is null where nothing defines it.
 */
import { z } from 'zod';
import { count, counts, numbers, numbersOrNull, problemInfo, tokens } from './event-parts';

const maybe = z.number().nullable();

/** One meta rollout, as it was read and rewarded. */
export const metaPrediction = z.object({
  /** [T] */
  tokens,
  /** [T] log-probability of each token under the policy that sampled it. */
  logps: numbers,
  /** The whole output is exactly a prediction. */
  parsed: z.boolean(),
  /** Each part is null when it does not parse. */
  notions: tokens.nullable(),
  /** In tokens; `high` is null for the last bucket, which has no upper end. */
  length: z.object({ bucket: count, low: count, high: count.nullable(), midpoint: z.number() }).nullable(),
  /** 0-1 */
  pass_rate: maybe,
  /** The notions that the problem's own text does not name: those rewarded. */
  counted: tokens.nullable(),
  /** Rewards are null for a prompt without a true group. */
  reward_length: maybe,
  reward_difficulty: maybe,
  reward_notion: maybe,
  /** The mean of the three. */
  reward: maybe,
  /** 0 where it is not trained on. */
  advantage: z.number(),
});

/** The meta rollouts of a prompt beside the truth, once its rollouts are judged. */
export const metaGroup = z.object({
  type: z.literal('meta_group'),
  v: z.literal(1),
  step: count,
  index: count,
  /** The meta prompt. */
  prompt: tokens,
  /** [M] */
  predictions: z.array(metaPrediction),
  /** [counts] mean probability of each pass count, where the gate read it; sums to 1. */
  pass_distribution: numbers.nullable(),
  /** Tokens; read off the probabilities where nothing was sampled. */
  expected_length: z.number().optional(),
  /** What the prompt's rollouts were like; null for one that was gated and not audited, or masked as a whole. */
  truth: z
    .object({
      correct: count,
      total: count,
      /** [correct] lengths of the correct rollouts, in tokens. */
      lengths: counts,
      /** Rollouts in which each notion occurs. */
      notion_counts: z.array(z.object({ notion: count, correct: count, incorrect: count })),
    })
    .nullable(),
});

/** What becomes of a candidate; `rl/masa/gate-plan.ts` says when. */
export const GATE_ROLES = ['open', 'explored', 'floor', 'gated', 'audited'] as const;

/** The gate's word on a candidate, with all it was made from. */
export const gateDecision = z.object({
  type: z.literal('gate_decision'),
  v: z.literal(1),
  step: count,
  index: count,
  problem: problemInfo,
  /** The solution prompt. */
  prompt: tokens,
  rule: z.enum(['paper', 'calibrated', 'classifier']),
  low: z.number(),
  high: z.number(),
  spread_limit: z.number(),
  threshold: z.number(),
  /** [M] sampled pass rates, null where one did not parse. */
  pass_rates: numbersOrNull,
  pass_distribution: numbers.nullable(),
  /** Of the sampled pass rates. */
  mean: maybe,
  spread: maybe,
  /** Of the distribution. */
  expectation: maybe,
  /** The probability compared with the threshold. */
  zero_variance: maybe,
  /** How likely the rule holds the prompt to have no variance, to rank candidates by. */
  score: z.number(),
  verdict: z.enum(['open', 'closed']),
  role: z.enum(GATE_ROLES),
  reason: z.string(),
  /** [4] of the calibrator that decided, before it learned from this step. */
  calibrator_weights: numbers.nullable(),
});

/** Which candidates a step is made of. */
export const gatePlan = z.object({
  type: z.literal('gate_plan'),
  v: z.literal(1),
  step: count,
  /** Trained on. */
  kept: counts,
  /** Not trained on, the audited among them. */
  gated: counts,
  /** Rolled out for the audit alone. */
  audited: counts,
  /** Rounds of replacements drawn. */
  tries: count,
  /** What was done beyond the verdicts; empty when nothing. */
  reason: z.string(),
});

/** Where a prompt's rollouts are stopped, and what that follows from. */
export const rolloutLimit = z.object({
  /** Tokens. */
  limit: count,
  /** Whether the limit is below the longest rollout, so that it can cut. */
  cuts: z.boolean(),
  /** Tokens: the statistic of the predicted lengths, times which the multiple was taken. */
  predicted: maybe,
  statistic: z.enum(['median', 'mean']),
  multiple: z.number(),
  minimum: count,
});
export type RolloutLimit = z.infer<typeof rolloutLimit>;

/** The limit of a trained prompt's rollouts, and whom it met. */
export const cutoff = z.object({
  type: z.literal('cutoff'),
  v: z.literal(1),
  step: count,
  index: count,
  ...rolloutLimit.shape,
  /** [M] predicted lengths in tokens, null where one did not parse. */
  lengths: numbersOrNull,
  reason: z.string(),
  /** Places in the group of the rollouts that were still going at the limit. */
  cut: counts,
  /** Of these, the ones that ran on for the audit. */
  audited: counts,
});

/**
 * What the meta side learned of a step by supervision: experts cloned into the policy, or outcomes learned by its
 * adapter. One a step and kind; `rl/masa/experts.ts` and `expert-schedule.ts` say how.
 */
export const expertUpdate = z.object({
  type: z.literal('expert_update'),
  v: z.literal(1),
  step: count,
  kind: z.enum(['experts', 'outcomes']),
  /** Examples this step added, and how many are kept now. */
  collected: count,
  buffered: count,
  updates: count,
  /** Why so many updates, in words. */
  reason: z.string(),
  /** [updates] mean negative log-likelihood of the minibatch's learned tokens, in nats, before the update. */
  nll: numbers,
  /** Mean k3 of the anchored tokens at the last update; null without an anchor. */
  kl: maybe,
  /** Smoothed Brier score and what it is compared with; null before the first, and where nothing asks for it. */
  brier: maybe,
  reference: maybe,
  /** The experts added: candidate, what it wrote, what it was rewritten to. Outcomes are what `meta_group` tells. */
  examples: z.array(z.object({ index: count, from: tokens, to: tokens })),
});

export const gateTally = z.object({
  gated: count,
  sampledZero: count,
  sampledInformative: count,
  sampledZeroTokens: count,
  sampledInformativeTokens: count,
  keptZero: count,
  keptInformative: count,
  keptZeroTokens: count,
  keptInformativeTokens: count,
  auditTokens: count,
  metaTokens: count,
});

export const cutoffTally = z.object({
  rollouts: count,
  cut: count,
  audited: count,
  auditedCorrect: count,
  auditedTokensBeyond: count,
  tokens: count,
});

/** What was generated outside of the loss, and what it says of a step's gate and cutoff. One a step with either. */
export const audit = z.object({
  type: z.literal('audit'),
  v: z.literal(1),
  step: count,
  /** Tokens generated for the audit alone. */
  tokens: count,
  /** null without a gate. */
  gate: z
    .object({
      /** The audited prompts' groups, [G] each. */
      entries: z.array(
        z.object({
          index: count,
          rewards: numbers,
          lengths: counts,
          zero_variance: z.boolean(),
        }),
      ),
      /** Sums of the step; `rl/masa/audit.ts` says what of. */
      tally: gateTally,
    })
    .nullable(),
  /** null without a cutoff. */
  cutoff: z
    .object({
      /** The cut rollouts that ran on: where they were cut, and what they came to. */
      entries: z.array(
        z.object({ index: count, rollout: count, limit: count, length: count, correct: z.boolean() }),
      ),
      tally: cutoffTally,
    })
    .nullable(),
});

/** How predictions of held-out problems agree with their answers; `rl/masa/alignment.ts` defines the figures. */
export const alignment = z.object({
  /** M. */
  predictions: count,
  /** Answers a problem: the true pass rate is a share of these. */
  answers: count,
  pass_rate_pearson: maybe,
  pass_rate_mae: maybe,
  pass_rate_brier: maybe,
  length_pearson: maybe,
  length_in_range: maybe,
  notion_precision: maybe,
  parse_rate: maybe,
  /** Equal bins of the predicted pass rate, with the Wilson 95% interval of the true one. */
  calibration: z.array(
    z.object({
      low: z.number(),
      high: z.number(),
      count,
      predicted: maybe,
      actual: maybe,
      actual_low: z.number(),
      actual_high: z.number(),
    }),
  ),
  /** One a problem: predictions are means over those that parsed, the true length is over correct answers. */
  points: z.array(
    z.object({ pass_rate: maybe, true_pass_rate: z.number(), length: maybe, true_length: maybe }),
  ),
});
export type AlignmentFigures = z.infer<typeof alignment>;
