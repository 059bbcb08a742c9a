/**
 * Rotary position embedding (Su et al. 2021, arXiv 2104.09864) in Hugging Face's pairing: channel i of a head turns
 * with channel i + h/2 ("rotate half"), by the angle position * theta^(-2i/h). Float64 reference.
 * Shapes: N tokens, H heads, h channels a head (even).
 */

/** x [N, H, h], positions [N] -> [N, H, h]. */
export function rope(
  x: Float64Array,
  positions: ArrayLike<number>,
  heads: number,
  headDim: number,
  theta: number,
): Float64Array {
  return rotate(x, positions, heads, headDim, theta, 1);
}

/** dY [N, H, h] -> dX [N, H, h]: a rotation's transpose is the rotation back. */
export function ropeBackward(
  dY: Float64Array,
  positions: ArrayLike<number>,
  heads: number,
  headDim: number,
  theta: number,
): Float64Array {
  return rotate(dY, positions, heads, headDim, theta, -1);
}

function rotate(
  x: Float64Array,
  positions: ArrayLike<number>,
  heads: number,
  headDim: number,
  theta: number,
  direction: 1 | -1,
): Float64Array {
  const half = headDim / 2;
  const y = new Float64Array(x.length);
  for (let t = 0; t < positions.length; t++)
    for (let i = 0; i < half; i++) {
      const angle = positions[t] * theta ** (-(2 * i) / headDim);
      const cos = Math.cos(angle);
      const sin = Math.sin(angle) * direction;
      for (let head = 0; head < heads; head++) {
        const first = (t * heads + head) * headDim + i;
        const second = first + half;
        y[first] = x[first] * cos - x[second] * sin;
        y[second] = x[second] * cos + x[first] * sin;
      }
    }
  return y;
}
