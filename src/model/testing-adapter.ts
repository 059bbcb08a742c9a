/**
 * What the tests of adapters share: random adapters, and the float64 reference of merging and of its gradient.
 * Not for use outside of tests.
 */
import {
  type AdapterSpec,
  adaptedLinears,
  adaptedNorms,
  nameOfA,
  nameOfB,
  nameOfOffset,
} from './adapter-layout';
import type { LlamaConfig } from './config';
import type { Weights } from './reference/policy';
import { generator } from './reference/testing';
import { random32 } from './testing';

/** Every linear layer and norm, at a rank that is no divisor of anything. */
export const FULL: AdapterSpec = {
  rank: 3,
  alpha: 6,
  targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
  norms: true,
};

/** An adapter with every value random, in single and double precision. */
export function randomAdapter(config: LlamaConfig, spec: AdapterSpec, seed: number, scale = 0.3) {
  const random = generator(seed);
  const f32 = new Map<string, Float32Array>();
  const f64 = new Map<string, Float64Array>();
  const add = (name: string, size: number) => {
    const values = random32(random, size, scale);
    f32.set(name, values.f32);
    f64.set(name, values.f64);
  };
  for (const { module, inputs, outputs } of adaptedLinears(config, spec)) {
    add(nameOfA(module), spec.rank * inputs);
    add(nameOfB(module), outputs * spec.rank);
  }
  for (const { module, width } of adaptedNorms(config, spec)) add(nameOfOffset(module), width);
  return { f32, f64 };
}

/** a [rows, inner] b [inner, columns] */
export function product(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number) {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++)
      for (let j = 0; j < columns; j++) out[i * columns + j] += a[i * inner + k] * b[k * columns + j];
  return out;
}

/** [rows, columns] -> [columns, rows] */
export const transposed = (a: Float64Array, rows: number, columns: number) =>
  new Float64Array(a.length).map((_, i) => a[(i % rows) * columns + Math.floor(i / rows)]);

const get = (tensors: ReadonlyMap<string, Float64Array>, name: string) => {
  const values = tensors.get(name);
  if (!values) throw new Error(`no tensor ${name}`);
  return values;
};

/** The weights that rows of the adapter go through: W + alpha / rank B A, norm + offset. */
export function mergedWeights(
  config: LlamaConfig,
  spec: AdapterSpec,
  base: Weights,
  adapter: ReadonlyMap<string, Float64Array>,
): Weights {
  const merged: Weights = new Map(base);
  for (const { module, inputs, outputs } of adaptedLinears(config, spec)) {
    const name = `${module}.weight`;
    const update = product(
      get(adapter, nameOfB(module)),
      get(adapter, nameOfA(module)),
      outputs,
      spec.rank,
      inputs,
    );
    merged.set(
      name,
      get(base, name).map((w, i) => w + (spec.alpha / spec.rank) * update[i]),
    );
  }
  for (const { module } of adaptedNorms(config, spec)) {
    const offset = get(adapter, nameOfOffset(module));
    merged.set(
      `${module}.weight`,
      get(base, `${module}.weight`).map((w, i) => w + offset[i]),
    );
  }
  return merged;
}

/** The adapter's gradient, from that of the merged weights. */
export function adapterGradients(
  config: LlamaConfig,
  spec: AdapterSpec,
  adapter: ReadonlyMap<string, Float64Array>,
  gradients: Weights,
): Map<string, Float64Array> {
  const { rank, alpha } = spec;
  const result = new Map<string, Float64Array>();
  for (const { module, inputs, outputs } of adaptedLinears(config, spec)) {
    const dw = get(gradients, `${module}.weight`).map((g) => (g * alpha) / rank);
    const a = get(adapter, nameOfA(module));
    const b = get(adapter, nameOfB(module));
    result.set(nameOfA(module), product(transposed(b, outputs, rank), dw, rank, outputs, inputs));
    result.set(nameOfB(module), product(dw, transposed(a, rank, inputs), outputs, inputs, rank));
  }
  for (const { module } of adaptedNorms(config, spec))
    result.set(nameOfOffset(module), get(gradients, `${module}.weight`));
  return result;
}
