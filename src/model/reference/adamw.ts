/**
 * AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) in the order of `torch.optim.AdamW`: decay, moments, bias
 * correction, update. Only matrices are decayed, never norm weights. Float64 reference.
 */

export interface AdamWSettings {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Decay of a matrix; 0 for a vector. */
  weightDecay: number;
}

/** Running means of one parameter's gradient and squared gradient, each of its size. */
export interface AdamWMoments {
  first: Float64Array;
  second: Float64Array;
}

export const zeroMoments = (size: number): AdamWMoments => ({
  first: new Float64Array(size),
  second: new Float64Array(size),
});

/** One update of a parameter and its moments, in place. `step` counts from 1. */
export function adamW(
  weight: Float64Array,
  gradient: Float64Array,
  { first, second }: AdamWMoments,
  step: number,
  { learningRate, beta1, beta2, epsilon, weightDecay }: AdamWSettings,
): void {
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  for (let i = 0; i < weight.length; i++) {
    const g = gradient[i];
    first[i] = beta1 * first[i] + (1 - beta1) * g;
    second[i] = beta2 * second[i] + (1 - beta2) * g * g;
    const decayed = weight[i] * (1 - learningRate * weightDecay);
    const denominator = Math.sqrt(second[i] / correction2) + epsilon;
    weight[i] = decayed - (learningRate * first[i]) / correction1 / denominator;
  }
}
