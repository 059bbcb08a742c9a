/**
 * Global gradient norm and the clip by it, as `torch.nn.utils.clip_grad_norm_` does it: the factor is
 * min(1, max_norm / (norm + 1e-6)) and always applied. Float64 reference.
 */

/** Euclidean norm over all elements of all gradients. */
export function globalNorm(gradients: ReadonlyMap<string, Float64Array>): number {
  let sum = 0;
  for (const g of gradients.values()) for (const x of g) sum += x * x;
  return Math.sqrt(sum);
}

/** The factor that gradients of norm `norm` are multiplied by. */
export const clipFactor = (norm: number, maxNorm: number) => Math.min(1, maxNorm / (norm + 1e-6));

/** Gradients scaled down to at most `maxNorm`, and their norm before. */
export function clipGradients(
  gradients: ReadonlyMap<string, Float64Array>,
  maxNorm: number,
): { clipped: Map<string, Float64Array>; norm: number } {
  const norm = globalNorm(gradients);
  const factor = clipFactor(norm, maxNorm);
  return { clipped: new Map([...gradients].map(([name, g]) => [name, g.map((x) => x * factor)])), norm };
}
