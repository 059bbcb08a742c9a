/**
 * Causal attention with grouped-query heads (Ainslie et al. 2023, arXiv 2305.13245) over packed rows: token t attends
 * to its own row's tokens up to itself. Query head j reads key/value head floor(j / (H / K)). Float64 reference.
 * Shapes: N tokens, H query heads, K key/value heads, h channels a head.
 */
import type { Span } from './rows';

export interface AttentionShape {
  /** H */
  heads: number;
  /** K, a divisor of H */
  keyHeads: number;
  /** h */
  headDim: number;
}

/** q [N, H, h], k and v [N, K, h], spans [N] -> [N, H, h]. Scores are scaled by 1 / sqrt(h). */
export function attention(
  q: Float64Array,
  k: Float64Array,
  v: Float64Array,
  spans: readonly Span[],
  shape: AttentionShape,
): Float64Array {
  const out = new Float64Array(q.length);
  forEachQuery(q, k, spans, shape, (query, keyOf, probabilities) => {
    probabilities.forEach((p, j) => {
      for (let d = 0; d < shape.headDim; d++) out[query + d] += p * v[keyOf(j) + d];
    });
  });
  return out;
}

/**
 * dOut [N, H, h] -> dQ [N, H, h], dK and dV [N, K, h]. With p the probabilities of a query and dp = dOut . v:
 * dScore = p (dp - sum(p dp)); keys and values sum over the query heads that share them.
 */
export function attentionBackward(
  dOut: Float64Array,
  q: Float64Array,
  k: Float64Array,
  v: Float64Array,
  spans: readonly Span[],
  shape: AttentionShape,
): { dQ: Float64Array; dK: Float64Array; dV: Float64Array } {
  const dQ = new Float64Array(q.length);
  const dK = new Float64Array(k.length);
  const dV = new Float64Array(v.length);
  const scale = 1 / Math.sqrt(shape.headDim);
  forEachQuery(q, k, spans, shape, (query, keyOf, probabilities) => {
    const dP = probabilities.map((_, j) => {
      let sum = 0;
      for (let d = 0; d < shape.headDim; d++) sum += dOut[query + d] * v[keyOf(j) + d];
      return sum;
    });
    const mean = probabilities.reduce((sum, p, j) => sum + p * dP[j], 0);
    probabilities.forEach((p, j) => {
      const dScore = p * (dP[j] - mean) * scale;
      for (let d = 0; d < shape.headDim; d++) {
        dQ[query + d] += dScore * k[keyOf(j) + d];
        dK[keyOf(j) + d] += dScore * q[query + d];
        dV[keyOf(j) + d] += p * dOut[query + d];
      }
    });
  });
  return { dQ, dK, dV };
}

/**
 * The probabilities of one query head: q [N, H, h], k [N, K, h], spans [N] -> [N, N], 0 for what a token does not see.
 */
export function attentionWeights(
  q: Float64Array,
  k: Float64Array,
  spans: readonly Span[],
  shape: AttentionShape,
  head: number,
): Float64Array {
  const count = spans.length;
  const width = shape.heads * shape.headDim;
  const weights = new Float64Array(count * count);
  forEachQuery(q, k, spans, shape, (query, _, probabilities) => {
    if ((query % width) / shape.headDim !== head) return;
    const t = Math.floor(query / width);
    weights.set(probabilities, t * count + spans[t].start);
  });
  return weights;
}

/**
 * Calls `visit` for each token and query head with the offset of its query, the offset of its j-th visible key (and
 * value) and the probabilities over these keys.
 */
function forEachQuery(
  q: Float64Array,
  k: Float64Array,
  spans: readonly Span[],
  { heads, keyHeads, headDim }: AttentionShape,
  visit: (query: number, keyOf: (j: number) => number, probabilities: Float64Array) => void,
): void {
  const share = heads / keyHeads;
  const scale = 1 / Math.sqrt(headDim);
  spans.forEach(({ start }, t) => {
    for (let head = 0; head < heads; head++) {
      const query = (t * heads + head) * headDim;
      const keyHead = Math.floor(head / share);
      const keyOf = (j: number) => ((start + j) * keyHeads + keyHead) * headDim;
      const scores = new Float64Array(t - start + 1).map((_, j) => {
        let dot = 0;
        for (let d = 0; d < headDim; d++) dot += q[query + d] * k[keyOf(j) + d];
        return dot * scale;
      });
      visit(query, keyOf, softmax(scores));
    }
  });
}

function softmax(scores: Float64Array): Float64Array {
  const highest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const weights = scores.map((s) => Math.exp(s - highest));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}
