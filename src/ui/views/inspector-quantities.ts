/**
 * The quantities that tokens can be coloured by: what each is, where it is computed, and its scale. Scales are fixed,
 * so that a shade means the same on every rollout and every head. Pure.
 */
import { formatFixed, formatNumber, formatPercent } from '../../run/format';
import type { TokenNumbers } from './inspector';

export type QuantityKey = 'sampled' | 'now' | 'ratio' | 'push' | 'entropy' | 'attention';

export interface Quantity {
  key: QuantityKey;
  label: string;
  definition: string;
  formula: string;
  /** Where in the source it is computed. */
  source: string;
  /** It takes a policy; the stream alone does not have it. */
  needsPolicy: boolean;
  /** -1 to 1 where zero is in the middle, else 0 to 1. */
  diverging: boolean;
  amount(value: number): number;
  text(value: number): string;
  /** Amounts of the legend with what they stand for. */
  legend: readonly { amount: number; label: string }[];
}

const clamp = (x: number, least: number) => Math.min(1, Math.max(least, x));
/** Nats, from which on the shade is full: a probability of 5%. */
const FULL_SURPRISE = 3;
/** The ratio at which the shade is full, and its inverse. */
const FULL_RATIO = 1.5;
const FULL_PUSH = 2;
const FULL_ENTROPY = 2;

const LOGP = {
  diverging: false,
  amount: (logp: number) => clamp(-logp / FULL_SURPRISE, 0),
  text: (logp: number) => `${formatFixed(logp, 3)} (${formatPercent(Math.exp(logp))})`,
  legend: [
    { amount: 0, label: '0' },
    { amount: 0.5, label: '−1.5' },
    { amount: 1, label: '−3 or less' },
  ],
};

export const QUANTITIES: Readonly<Record<QuantityKey, Quantity>> = {
  sampled: {
    ...LOGP,
    key: 'sampled',
    label: 'Log-probability when sampled',
    definition:
      'How likely the policy that wrote the token thought it, at the temperature of the run. The darker, the more surprising.',
    formula: 'log softmax(logits / temperature)[token]',
    source: 'shaders/sample.wgsl, and the field logps of the event stream',
    needsPolicy: false,
  },
  now: {
    ...LOGP,
    key: 'now',
    label: 'Log-probability now',
    definition: 'How likely the policy of now thinks the same token after the same text.',
    formula: 'log softmax(logits / temperature)[token]',
    source: 'shaders/log_softmax_gather.wgsl, by src/model/inspect.ts',
    needsPolicy: true,
  },
  ratio: {
    key: 'ratio',
    label: 'Ratio, now to sampled',
    definition:
      'How many times as likely the token is now as when it was sampled. Above 1 training has made it likelier.',
    formula: 'exp(log-probability now − when sampled)',
    source: 'src/ui/views/inspector.ts, as shaders/token_loss.wgsl has it',
    needsPolicy: true,
    diverging: true,
    amount: (ratio) => clamp(Math.log(ratio) / Math.log(FULL_RATIO), -1),
    text: (ratio) => formatNumber(ratio),
    legend: [
      { amount: -1, label: `1/${FULL_RATIO} or less` },
      { amount: 0, label: '1' },
      { amount: 1, label: `${FULL_RATIO} or more` },
    ],
  },
  push: {
    key: 'push',
    label: 'Push of the gradient',
    definition:
      'Ratio times advantage: how hard the surrogate pushes the token’s log-probability, up above zero and down below. 0 where a bound of the clip holds.',
    formula: 'ratio * advantage where the gradient flows, else 0',
    source: 'src/ui/views/inspector.ts, as shaders/token_loss.wgsl has it',
    needsPolicy: true,
    diverging: true,
    amount: (push) => clamp(push / FULL_PUSH, -1),
    text: (push) => formatFixed(push, 3),
    legend: [
      { amount: -1, label: `−${FULL_PUSH} or less` },
      { amount: 0, label: '0' },
      { amount: 1, label: `+${FULL_PUSH} or more` },
    ],
  },
  entropy: {
    key: 'entropy',
    label: 'Entropy now',
    definition: 'How undecided the policy of now is at this place, over all tokens. 0 when only one will do.',
    formula: '-sum over tokens of p log p, in nats',
    source: 'shaders/log_softmax_gather.wgsl, by src/model/inspect.ts',
    needsPolicy: true,
    diverging: false,
    amount: (entropy) => clamp(entropy / FULL_ENTROPY, 0),
    text: (entropy) => `${formatNumber(entropy, 3)} nats`,
    legend: [
      { amount: 0, label: '0' },
      { amount: 0.5, label: '1' },
      { amount: 1, label: `${FULL_ENTROPY} nats or more` },
    ],
  },
  attention: {
    key: 'attention',
    label: 'Attention',
    definition:
      'How much the chosen head takes from each token where the chosen one was predicted: it looks back from the token before it. The weights add up to 1. Shades go by the square root, so that small weights are seen.',
    formula: 'softmax(query . key / sqrt(head width)) over the tokens up to the query',
    source: 'shaders/attention_weights.wgsl, by src/model/inspect.ts',
    needsPolicy: true,
    diverging: false,
    amount: (weight) => Math.sqrt(clamp(weight, 0)),
    text: (weight) => formatPercent(weight),
    legend: [
      { amount: 0, label: '0' },
      { amount: 0.5, label: '25%' },
      { amount: 1, label: '100%' },
    ],
  },
};

/** Of every token, in the order of the row; null where it has none. @param attention of the chosen token */
export function valuesOf(
  key: QuantityKey,
  numbers: readonly TokenNumbers[],
  attention: ArrayLike<number>,
): (number | null)[] {
  return numbers.map((each, position) => (key === 'attention' ? (attention[position] ?? null) : each[key]));
}
