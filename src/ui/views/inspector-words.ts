/**
 * What the inspector says in words and formulas: which bound of the clip holds and what follows, with the numbers of
 * the chosen token filled in. Pure.
 */
import { formatFixed, formatNumber } from '../../run/format';
import type { Manifest } from '../../run/manifest';
import { type Clip, type InspectedRollout, isClipped, type LossRules, type TokenNumbers } from './inspector';

const low = ({ epsilon }: LossRules) => formatNumber(1 - epsilon);
const high = ({ epsilon_high }: LossRules) => formatNumber(1 + epsilon_high);

/** In a few words, for the token's name and a table. */
export const CLIP_WORDS: Readonly<Record<Clip, string>> = {
  inside: 'inside the bounds',
  'clipped-low': 'clipped at the lower bound',
  'clipped-high': 'clipped at the upper bound',
  'low-open': 'below the lower bound, not clipped',
  'high-open': 'above the upper bound, not clipped',
  'no-advantage': 'no advantage',
};

/** Which bound holds and whether a gradient flows, in a sentence or two. */
export function clipSentence(
  rollout: InspectedRollout,
  { used, clip, inPrompt }: TokenNumbers,
  rules: LossRules,
): string {
  if (inPrompt) return 'Part of the prompt: given, not sampled, so the loss does not see it.';
  if (rollout.outside) return `Not in the loss: ${rollout.outside}.`;
  if (used === null || clip === null) return '';
  const whose = rules.importance_sampling_level === 'sequence' ? 'The rollout’s ratio' : 'The ratio';
  const ratio = `${whose} ${formatFixed(used, 3)}`;
  const kl = rules.beta > 0 ? ' Only the KL term still pulls on it.' : '';
  switch (clip) {
    case 'no-advantage':
      return `The advantage is 0: whatever the ratio, nothing is gained or lost, and no gradient flows.${kl}`;
    case 'inside':
      return `${ratio} is between ${low(rules)} and ${high(rules)}: no bound holds, and the gradient flows.`;
    case 'clipped-low':
      return `${ratio} is below ${low(rules)} and the advantage is negative: the lower bound holds. It has been made unlikely enough; no gradient flows.${kl}`;
    case 'clipped-high':
      return `${ratio} is above ${high(rules)} and the advantage is positive: the upper bound holds. It has been made likely enough; no gradient flows.${kl}`;
    case 'low-open':
      return `${ratio} is below ${low(rules)}, but the advantage is positive: the minimum takes the unclipped term, and the gradient flows to bring it back.`;
    case 'high-open':
      return `${ratio} is above ${high(rules)}, but the advantage is negative: the minimum takes the unclipped term, and the gradient flows to bring it back.`;
  }
}

/** Why the ratio of the run's own updates was another. */
export function updatesSentence({
  num_iterations: numIterations,
  rollout_dtype,
}: Pick<Manifest, 'num_iterations' | 'rollout_dtype'>): string {
  if (rollout_dtype !== 'float32')
    return `This run takes ${numIterations === 1 ? 'one update' : `${numIterations} updates`} a batch, with ratios to the policy that sampled, whose weights are rounded to ${rollout_dtype}. The ratio here is what the next update on this rollout would meet.`;
  return numIterations === 1
    ? 'This run takes one update a batch, and its ratio is 1 by definition, so nothing was clipped in it. The ratio here is what another update on this rollout would meet.'
    : `This run takes ${numIterations} updates a batch; the first has a ratio of 1 by definition. The ratio here is what the next update on this rollout would meet.`;
}

const tex = (value: number, decimals = 3): string => {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace('-', '') : text;
};
const inBrackets = (value: number, decimals = 3): string =>
  tex(value, decimals).startsWith('-') ? `(${tex(value, decimals)})` : tex(value, decimals);

/** The ratio and the clipped surrogate of a token with its numbers; empty where they are not known. */
export function tokenFormulas(
  rollout: InspectedRollout,
  { sampled, now, ratio, used, clip }: TokenNumbers,
  rules: LossRules,
): { name: string; tex: string }[] {
  if (sampled === null || now === null || ratio === null || used === null) return [];
  const own = {
    name: 'ratio',
    tex: `r = e^{\\ell_{now} - \\ell_{sampled}} = e^{${tex(now)} - ${inBrackets(sampled)}} = ${tex(ratio)}`,
  };
  const whole =
    rules.importance_sampling_level === 'sequence'
      ? [
          {
            name: 'sequence-ratio',
            tex: `s = \\exp\\Big(\\tfrac{1}{${rollout.tokens.length}}\\textstyle\\sum_t (\\ell_{now} - \\ell_{sampled})\\Big) = ${tex(used)}`,
          },
        ]
      : [];
  if (clip === null) return [own, ...whole];
  const symbol = whole.length > 0 ? 's' : 'r';
  const { advantage } = rollout;
  const bounds = [1 - rules.epsilon, 1 + rules.epsilon_high];
  const limited = Math.min(Math.max(used, bounds[0]), bounds[1]);
  const [open, held] = [used * advantage, limited * advantage];
  const sizes = `A = ${tex(advantage)}`;
  const objective = {
    name: 'surrogate',
    tex: `${sizes},\\quad \\min\\big(${symbol}A,\\ \\mathrm{clip}(${symbol},\\, ${formatNumber(bounds[0])},\\, ${formatNumber(bounds[1])})\\,A\\big) = \\min(${tex(open)},\\ ${tex(held)}) = ${tex(Math.min(open, held))}`,
  };
  return [own, ...whole, objective];
}

/** Of all tokens of a completion: how many are clipped, at which bound. */
export function clippedSentence(numbers: readonly TokenNumbers[]): string {
  const clips = numbers.flatMap(({ clip }) => (clip === null ? [] : [clip]));
  if (clips.length === 0) return '';
  const count = clips.filter(isClipped).length;
  if (count === 0) return `No token of ${clips.length} is clipped.`;
  const lower = clips.filter((clip) => clip === 'clipped-low').length;
  const at = lower === count ? 'lower' : lower === 0 ? 'upper' : 'lower or upper';
  return `${count} of ${clips.length} tokens clipped at the ${at} bound.`;
}
