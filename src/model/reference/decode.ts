/**
 * One step of decoding: a token from its logits and one uniform number. Float64 reference of the sampler.
 *
 * The order is temperature, top-k, top-p (over what top-k left, as in transformers). Both filters are thresholds on
 * the logit, so tokens that tie at the threshold are all kept and no order among equals has to be agreed on.
 */

export interface SamplingOptions {
  /** Divides the logits; above 0. */
  temperature: number;
  /** Keep the logits that are at least the k-th largest; 0 keeps all. */
  topK: number;
  /** Keep the smallest set of likeliest tokens whose probabilities reach p, with all ties of the last; 1 keeps all. */
  topP: number;
  /** Take the largest logit, the lowest id among equals; the uniform number is not read. */
  greedy?: boolean;
}

export interface Sample {
  token: number;
  /** Log-probability under the full distribution softmax(logits / temperature), filters not applied. */
  logp: number;
}

/** logits [V], u in [0, 1) -> token, by the inverse of the cumulative distribution in the order of ids. */
export function sampleToken(logits: ArrayLike<number>, u: number, options: SamplingOptions): Sample {
  const z = Float64Array.from(logits, (logit) => logit / options.temperature);
  const highest = z.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const weights = z.map((value) => Math.exp(value - highest));
  const lse = highest + Math.log(weights.reduce((a, b) => a + b, 0));
  const token = options.greedy
    ? z.indexOf(highest)
    : inverseCdf(z, weights, samplingThreshold(z, options), u);
  return { token, logp: z[token] - lse };
}

/** The lowest scaled logit that may be sampled; z [V] is logits / temperature. */
export function samplingThreshold(z: Float64Array, { topK, topP }: SamplingOptions): number {
  const sorted = z.slice().sort().reverse();
  const kth = topK > 0 && topK < z.length ? sorted[topK - 1] : sorted[z.length - 1];
  if (topP >= 1) return kth;
  const kept = sorted.filter((value) => value >= kth);
  const weights = kept.map((value) => Math.exp(value - sorted[0]));
  const total = weights.reduce((a, b) => a + b, 0);
  let cumulative = 0;
  for (let i = 0; i < kept.length; i++) {
    cumulative += weights[i];
    if (cumulative >= topP * total) return kept[i];
  }
  return kth;
}

/** The first kept token whose cumulative weight exceeds u times the total. */
function inverseCdf(z: Float64Array, weights: Float64Array, threshold: number, u: number): number {
  const total = weights.reduce((sum, weight, id) => (z[id] >= threshold ? sum + weight : sum), 0);
  let cumulative = 0;
  let last = 0;
  for (let id = 0; id < z.length; id++) {
    if (z[id] < threshold) continue;
    cumulative += weights[id];
    // A weight that underflows to 0 is never drawn, not even by u = 0.
    if (cumulative > u * total) return id;
    if (weights[id] > 0) last = id;
  }
  return last;
}
