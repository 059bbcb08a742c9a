/**
 * RMSNorm (Zhang and Sennrich 2019, arXiv 1910.07467): y = x / sqrt(mean(x^2) + eps) * weight, row by row.
 * Float64 reference. Shapes: N rows of D.
 */

/** 1 / sqrt(mean(x^2) + eps) of row n. */
function inverseRms(x: Float64Array, n: number, width: number, eps: number): number {
  let sum = 0;
  for (let d = 0; d < width; d++) sum += x[n * width + d] ** 2;
  return 1 / Math.sqrt(sum / width + eps);
}

/** x [N, D], weight [D] -> [N, D]. */
export function rmsNorm(x: Float64Array, weight: Float64Array, eps: number): Float64Array {
  const width = weight.length;
  const y = new Float64Array(x.length);
  for (let n = 0; n < x.length / width; n++) {
    const r = inverseRms(x, n, width, eps);
    for (let d = 0; d < width; d++) y[n * width + d] = x[n * width + d] * r * weight[d];
  }
  return y;
}

/**
 * dY [N, D] -> dX [N, D], dWeight [D].
 * With r the inverse root mean square and g = dY * weight: dX = r g - x r^3 (g . x) / D.
 */
export function rmsNormBackward(
  dY: Float64Array,
  x: Float64Array,
  weight: Float64Array,
  eps: number,
): { dX: Float64Array; dWeight: Float64Array } {
  const width = weight.length;
  const dX = new Float64Array(x.length);
  const dWeight = new Float64Array(width);
  for (let n = 0; n < x.length / width; n++) {
    const r = inverseRms(x, n, width, eps);
    let dot = 0;
    for (let d = 0; d < width; d++) {
      const i = n * width + d;
      dWeight[d] += dY[i] * x[i] * r;
      dot += dY[i] * weight[d] * x[i];
    }
    for (let d = 0; d < width; d++) {
      const i = n * width + d;
      dX[i] = r * dY[i] * weight[d] - (x[i] * r ** 3 * dot) / width;
    }
  }
  return { dX, dWeight };
}
