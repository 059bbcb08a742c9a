/**
 * A linear map without bias, y = x wᵀ, and the two products of its backward pass. Float64 reference.
 * Shapes: N rows, I inputs, O outputs; the weight is [O, I] as in PyTorch.
 */

/** x [N, I], w [O, I] -> y [N, O]. */
export function linear(x: Float64Array, w: Float64Array, inputs: number, outputs: number): Float64Array {
  const rows = x.length / inputs;
  const y = new Float64Array(rows * outputs);
  for (let n = 0; n < rows; n++)
    for (let o = 0; o < outputs; o++) {
      let sum = 0;
      for (let i = 0; i < inputs; i++) sum += x[n * inputs + i] * w[o * inputs + i];
      y[n * outputs + o] = sum;
    }
  return y;
}

/** dY [N, O], w [O, I] -> dX = dY w [N, I]. */
export function linearBackwardInput(
  dY: Float64Array,
  w: Float64Array,
  inputs: number,
  outputs: number,
): Float64Array {
  const rows = dY.length / outputs;
  const dX = new Float64Array(rows * inputs);
  for (let n = 0; n < rows; n++)
    for (let o = 0; o < outputs; o++) {
      const g = dY[n * outputs + o];
      for (let i = 0; i < inputs; i++) dX[n * inputs + i] += g * w[o * inputs + i];
    }
  return dX;
}

/** dY [N, O], x [N, I] -> dW = dYᵀ x [O, I]. */
export function linearBackwardWeight(
  dY: Float64Array,
  x: Float64Array,
  inputs: number,
  outputs: number,
): Float64Array {
  const rows = dY.length / outputs;
  const dW = new Float64Array(outputs * inputs);
  for (let n = 0; n < rows; n++)
    for (let o = 0; o < outputs; o++) {
      const g = dY[n * outputs + o];
      for (let i = 0; i < inputs; i++) dW[o * inputs + i] += g * x[n * inputs + i];
    }
  return dW;
}
