/**
 * Log-probability of the next token and entropy of its distribution, from logits divided by the temperature: what the
 * loss needs of the head, without storing probabilities. Float64 reference. Shapes: N tokens, V vocabulary.
 */
import { NO_TARGET } from './rows';

/** Each [N]; all 0 where the target is `NO_TARGET`. */
export interface GatheredLogps {
  /** log softmax(logits / temperature)[target] */
  logp: Float64Array;
  /** Entropy of softmax(logits / temperature), in nats. */
  entropy: Float64Array;
  /** log sum exp(logits / temperature) */
  lse: Float64Array;
}

/** logits [N, V], targets [N] -> log-probabilities, entropies and log-sum-exps [N]. */
export function logSoftmaxGather(
  logits: Float64Array,
  targets: ArrayLike<number>,
  vocabulary: number,
  temperature = 1,
): GatheredLogps {
  const count = targets.length;
  const out = {
    logp: new Float64Array(count),
    entropy: new Float64Array(count),
    lse: new Float64Array(count),
  };
  for (let t = 0; t < count; t++) {
    if (targets[t] === NO_TARGET) continue;
    const z = logits.subarray(t * vocabulary, (t + 1) * vocabulary).map((logit) => logit / temperature);
    const highest = z.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const lse = highest + Math.log(z.reduce((sum, value) => sum + Math.exp(value - highest), 0));
    out.lse[t] = lse;
    out.logp[t] = z[targets[t]] - lse;
    out.entropy[t] = z.reduce((sum, value) => sum - Math.exp(value - lse) * (value - lse), 0);
  }
  return out;
}

/** dLogp [N] -> dLogits [N, V] = dLogp (onehot(target) - softmax) / temperature. */
export function logSoftmaxGatherBackward(
  dLogp: Float64Array,
  logits: Float64Array,
  targets: ArrayLike<number>,
  lse: Float64Array,
  vocabulary: number,
  temperature = 1,
): Float64Array {
  const dLogits = new Float64Array(logits.length);
  for (let t = 0; t < targets.length; t++) {
    if (targets[t] === NO_TARGET) continue;
    const scaled = dLogp[t] / temperature;
    for (let i = t * vocabulary; i < (t + 1) * vocabulary; i++)
      dLogits[i] = -scaled * Math.exp(logits[i] / temperature - lse[t]);
    dLogits[t * vocabulary + targets[t]] += scaled;
  }
  return dLogits;
}
