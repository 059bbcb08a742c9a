/**
 * SwiGLU (Shazeer 2020, arXiv 2002.05202): silu(gate) * up with silu(x) = x / (1 + exp(-x)), element by element.
 * Float64 reference; any one shape.
 */

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** gate, up -> silu(gate) * up, all of one shape. */
export function swiglu(gate: Float64Array, up: Float64Array): Float64Array {
  return gate.map((g, i) => g * sigmoid(g) * up[i]);
}

/** dOut -> dGate, dUp. silu'(x) = s (1 + x (1 - s)) with s = sigmoid(x). */
export function swigluBackward(
  dOut: Float64Array,
  gate: Float64Array,
  up: Float64Array,
): { dGate: Float64Array; dUp: Float64Array } {
  return {
    dGate: gate.map((g, i) => dOut[i] * up[i] * sigmoid(g) * (1 + g * (1 - sigmoid(g)))),
    dUp: gate.map((g, i) => dOut[i] * g * sigmoid(g)),
  };
}
