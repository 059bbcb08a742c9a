/**
 * A rollout token by token, in numbers: what the stream says of it, what the policy of now says, and what the loss
 * would make of the two. Pure: no store, no worker, no React.
 *
 * Positions are those of the row, prompt and completion together. T positions, K alternatives.
 * The clipped surrogate is GRPO's (arXiv 2402.03300) as `shaders/token_loss.wgsl` has it; the ratio of a whole rollout
 * is GSPO's (arXiv 2507.18071).
 */
import type { Inspection } from '../../lab/protocol';
import type { Manifest } from '../../run/manifest';
import type { Task } from '../../tasks/task';
import type { Table } from '../components/panel-offers';
import { candidateOf, type StepRecord } from '../history/step-record';

/** Which rollout: of a prompt's solutions or of its predictions. */
export interface RolloutPlace {
  step: number;
  kind: 'solution' | 'meta';
  /** Number of the prompt among the step's candidates. */
  candidate: number;
  /** Number among the prompt's rollouts of this kind. */
  rollout: number;
}

export interface InspectedRollout extends RolloutPlace {
  /** Rollouts of this kind that the prompt has. */
  of: number;
  /** With its hint, where it has one. */
  prompt: readonly number[];
  tokens: readonly number[];
  /** [tokens] when sampled. */
  logps: readonly number[];
  reward: number | null;
  advantage: number;
  /** The verifier's word, or whether a prediction parsed. */
  outcome: string;
  /** Why it has no part in the loss; null where it has. */
  outside: string | null;
}

/** The rollout in a step's record; null when it is not there. */
export function rolloutAt(
  record: StepRecord,
  place: Omit<RolloutPlace, 'step'>,
  manifest: Manifest,
  task: Task,
): InspectedRollout | null {
  const at = { ...place, step: record.step };
  if (place.kind === 'meta') {
    const group = record.metaGroups.find(({ index }) => index === place.candidate);
    const found = group?.predictions[place.rollout];
    if (!group || !found) return null;
    const { tokens, logps, reward, advantage } = found;
    const outcome = found.parsed ? 'a whole prediction' : 'not a whole prediction';
    const outside =
      manifest.masa_meta !== 'train'
        ? 'predictions are only watched in this run'
        : manifest.masa_loss_weight === 0
          ? 'masa_loss_weight is 0'
          : null;
    const of = group.predictions.length;
    return { ...at, of, prompt: group.prompt, tokens, logps, reward, advantage, outcome, outside };
  }
  const group = record.groups.find((each) => candidateOf(each) === place.candidate);
  const found = group?.rollouts[place.rollout];
  if (!group || !found) return null;
  const { tokens, logps, reward, advantage, truncated, cut, hint } = found;
  const hinted = hint
    ? task.meta?.hintPrompt({ key: '', ...group.problem, prompt: [...group.prompt] }, { notions: hint })
    : null;
  const outside =
    cut && manifest.masa_cutoff_score === 'mask'
      ? 'it was cut, and masa_cutoff_score is mask'
      : truncated && !cut && manifest.mask_truncated_completions
        ? 'it ran into the limit, and mask_truncated_completions is on'
        : null;
  return {
    ...at,
    of: group.rollouts.length,
    prompt: hinted ?? group.prompt,
    tokens,
    logps,
    reward,
    advantage,
    outcome: truncated ? 'cut off' : reward > 0 ? 'right' : 'wrong',
    outside,
  };
}

/** What the loss has to be known by. */
export type LossRules = Pick<Manifest, 'epsilon' | 'epsilon_high' | 'importance_sampling_level' | 'beta'>;

/**
 * Where a ratio stands to the bounds, given the advantage. `clipped-*`: the bound holds, and no gradient flows.
 * `*-open`: beyond the bound on the side where the unclipped term is the smaller one, so that it does flow.
 */
export type Clip = 'inside' | 'clipped-low' | 'clipped-high' | 'low-open' | 'high-open' | 'no-advantage';

export function clipOf(ratio: number, advantage: number, { epsilon, epsilon_high }: LossRules): Clip {
  if (advantage === 0) return 'no-advantage';
  if (ratio < 1 - epsilon) return advantage < 0 ? 'clipped-low' : 'low-open';
  if (ratio > 1 + epsilon_high) return advantage > 0 ? 'clipped-high' : 'high-open';
  return 'inside';
}

export const isClipped = (clip: Clip): boolean => clip === 'clipped-low' || clip === 'clipped-high';

export interface TokenNumbers {
  /** In the row. */
  position: number;
  token: number;
  inPrompt: boolean;
  /** Log-probabilities; `sampled` is null in the prompt, `now` without a policy and at the first token. */
  sampled: number | null;
  now: number | null;
  /** exp(now - sampled) */
  ratio: number | null;
  /** The ratio that the loss takes for it: its own, or the rollout's. */
  used: number | null;
  clip: Clip | null;
  /** ratio x advantage where the gradient flows, else 0: how hard the surrogate pushes its log-probability. */
  push: number | null;
  /** Nats. */
  entropy: number | null;
}

/** Of every token of the row. @param seen null where there is no policy to look with */
export function tokenNumbers(
  rollout: InspectedRollout,
  rules: LossRules,
  seen: Inspection | null,
): TokenNumbers[] {
  const { prompt, tokens, logps, advantage } = rollout;
  const whole = seen && rules.importance_sampling_level === 'sequence' ? sequenceRatio(rollout, seen) : null;
  return [...prompt, ...tokens].map((token, position): TokenNumbers => {
    const inPrompt = position < prompt.length;
    const sampled = inPrompt ? null : logps[position - prompt.length];
    const now = seen && position > 0 ? seen.logps[position - 1] : null;
    const ratio = sampled !== null && now !== null ? Math.exp(now - sampled) : null;
    const used = ratio === null ? null : (whole ?? ratio);
    const clip = used === null || rollout.outside ? null : clipOf(used, advantage, rules);
    return {
      position,
      token,
      inPrompt,
      sampled,
      now,
      ratio,
      used,
      clip,
      push: used === null || clip === null ? null : isClipped(clip) ? 0 : used * advantage,
      entropy: seen && position > 0 ? seen.entropies[position - 1] : null,
    };
  });
}

/** exp of the mean log-ratio over the completion. */
export function sequenceRatio({ prompt, tokens, logps }: InspectedRollout, seen: Inspection): number {
  const sum = logps.reduce((total, logp, i) => total + seen.logps[prompt.length - 1 + i] - logp, 0);
  return Math.exp(sum / Math.max(1, tokens.length));
}

export interface Alternative {
  token: number;
  logp: number;
  probability: number;
  /** It is the token that stands there. */
  isChosen: boolean;
  /** From 1; null for a token that is less likely than all that were read. */
  rank: number | null;
}

/** The likeliest tokens where `position` was predicted, and the one that stands there; empty at the first token. */
export function alternativesAt(
  position: number,
  token: number,
  seen: Inspection,
): { list: Alternative[] /** Probability of all others together. */; rest: number } {
  if (position < 1) return { list: [], rest: 0 };
  const { top } = seen;
  const from = (position - 1) * top;
  const list = Array.from({ length: top }, (_, i): Alternative => {
    const logp = seen.topLogps[from + i];
    const each = seen.topTokens[from + i];
    return { token: each, logp, probability: Math.exp(logp), isChosen: each === token, rank: i + 1 };
  });
  if (!list.some(({ isChosen }) => isChosen)) {
    const logp = seen.logps[position - 1];
    list.push({ token, logp, probability: Math.exp(logp), isChosen: true, rank: null });
  }
  return { list, rest: Math.max(0, 1 - list.reduce((sum, { probability }) => sum + probability, 0)) };
}

/**
 * [position] the weights with which the chosen head looked back where `position` was predicted: from the token before
 * it, over all tokens up to that one. They add up to 1. Empty at the first token.
 */
export function attentionAt(position: number, length: number, seen: Inspection): Float32Array {
  if (position < 1) return new Float32Array(0);
  const query = position - 1;
  return seen.attention.subarray(query * length, query * length + position);
}

/** The positions that were looked at most, the heaviest first. */
export function heaviest(weights: ArrayLike<number>, most: number): { position: number; weight: number }[] {
  return Array.from(weights, (weight, position) => ({ position, weight }))
    .sort((a, b) => b.weight - a.weight || a.position - b.position)
    .slice(0, most);
}

/** Every token with its numbers, for a file. */
export function tokensTable(
  rollout: InspectedRollout,
  numbers: readonly TokenNumbers[],
  text: (id: number) => string,
): Table {
  return {
    columns: [
      'step',
      'kind',
      'prompt',
      'rollout',
      'position',
      'part',
      'token',
      'text',
      'logp_sampled',
      'logp_now',
      'ratio',
      'ratio_in_loss',
      'advantage',
      'clip',
      'push',
      'entropy',
    ],
    rows: numbers.map((each) => [
      rollout.step,
      rollout.kind,
      rollout.candidate,
      rollout.rollout,
      each.position,
      each.inPrompt ? 'prompt' : 'completion',
      each.token,
      text(each.token),
      each.sampled,
      each.now,
      each.ratio,
      each.used,
      each.inPrompt ? null : rollout.advantage,
      each.clip,
      each.push,
      each.entropy,
    ]),
  };
}

/** The weights of the chosen head where each token was predicted, for a file. */
export function attentionTable(length: number, seen: Inspection, layer: number, head: number): Table {
  const rows: Table['rows'] = Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1).flatMap(
    (position) =>
      Array.from(attentionAt(position, length, seen), (weight, at) => [layer, head, position, at, weight]),
  );
  return { columns: ['layer', 'head', 'predicted_position', 'looks_at_position', 'weight'], rows };
}
