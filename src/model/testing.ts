/**
 * What the tests of the engine share: one kernel run on given data, reproducible random data in single precision,
 * comparison with the float64 reference, and small policies. Not for use outside of tests.
 */
import { expect } from 'vitest';
import type { Gpu } from '../gpu/device';
import type { BufferRange, Grid, ShaderFile } from '../gpu/kernel';
import type { ConstantValue } from '../gpu/shader';
import { positionsFrom, type TrainRow } from './batch';
import { type LlamaConfig, parameterShapes, parseLlamaConfig } from './config';
import type { SamplingSettings } from './decoder';
import type { LossSettings } from './loss';
import type { OptimizerSettings } from './optimizer';
import { Policy } from './policy';
import { generator, randomArray } from './reference/testing';
import type { PolicyLossOptions, TrainingBatch } from './reference/training';
import { packUniform, type UniformValue } from './workspace';

/** What output buffers hold before a kernel runs: nothing computes to it, and adding to it is seen. */
export const POISON = 7777.25;

/** Values kept behind the end of every storage buffer: poison where written, NaN where only read. */
const TAIL = 12;

type Data = Float32Array | Uint32Array;

export interface KernelRun {
  constants?: Record<string, ConstantValue>;
  uniforms: Record<string, readonly UniformValue[]>;
  /** Read-only buffers. */
  inputs: Record<string, Data>;
  /** Written buffers: what they hold before, or their size for poison. */
  outputs: Record<string, Data | number>;
  grid: Grid;
}

/**
 * Runs one dispatch and returns the written buffers, each of the size given.
 * Fails when a kernel writes behind the end of a buffer; what it reads there is NaN.
 */
export async function runKernel(
  gpu: Gpu,
  file: ShaderFile,
  run: KernelRun,
): Promise<Record<string, Float32Array>> {
  const { device } = gpu;
  const bound: Record<string, BufferRange> = {};
  const made: GPUBuffer[] = [];
  const buffer = (label: string, bytes: ArrayBuffer, usage: number) => {
    const each = device.createBuffer({ label, size: Math.ceil(bytes.byteLength / 16) * 16, usage });
    device.queue.writeBuffer(each, 0, bytes);
    made.push(each);
    bound[label] = each;
    return each;
  };
  const { STORAGE, UNIFORM, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
  for (const [name, values] of Object.entries(run.uniforms))
    buffer(name, packUniform(values), UNIFORM | COPY_DST);
  for (const [name, data] of Object.entries(run.inputs))
    buffer(name, withTail(data, Number.NaN), STORAGE | COPY_DST);
  const outputs = Object.entries(run.outputs).map(([name, before]) => {
    const data = typeof before === 'number' ? new Float32Array(before).fill(POISON) : before;
    const bytes = withTail(data, POISON);
    const source = buffer(name, bytes, STORAGE | COPY_DST | COPY_SRC);
    const staging = device.createBuffer({ label: name, size: bytes.byteLength, usage: MAP_READ | COPY_DST });
    made.push(staging);
    return { name, source, staging, size: data.length, bytes: bytes.byteLength };
  });
  device.pushErrorScope('validation');
  const kernel = gpu.kernels.bind(file, bound, run.constants);
  await gpu.kernels.ready();
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  kernel.encode(pass, run.grid);
  pass.end();
  for (const { source, staging, bytes } of outputs) encoder.copyBufferToBuffer(source, 0, staging, 0, bytes);
  device.queue.submit([encoder.finish()]);
  const refused = await device.popErrorScope();
  if (refused) throw new Error(`${file.name}: ${refused.message}`);
  const results: Record<string, Float32Array> = {};
  for (const { name, staging, size } of outputs) {
    await staging.mapAsync(GPUMapMode.READ);
    const all = new Float32Array(staging.getMappedRange().slice(0));
    for (let i = size; i < all.length; i++)
      if (all[i] !== POISON) throw new Error(`${file.name}: ${name} of ${size} values was written at ${i}`);
    results[name] = all.slice(0, size);
  }
  for (const each of made) each.destroy();
  return results;
}

function withTail(data: Data, filler: number): ArrayBuffer {
  // Whole 16-byte units, for kernels that read four values at a time.
  const all = new Float32Array(Math.ceil((data.length + TAIL) / 4) * 4).fill(filler);
  all.set(new Float32Array(data.buffer, data.byteOffset, data.length));
  return all.buffer;
}

/** A result's values as unsigned integers. */
export const unsigned = (result: Float32Array) => new Uint32Array(result.buffer, 0, result.length);

/** Random single-precision values, with the same in double precision for the reference. */
export function random32(random: () => number, size: number, scale = 1, centre = 0) {
  const f32 = Float32Array.from(randomArray(random, size, scale, centre));
  return { f32, f64: Float64Array.from(f32) };
}

/** Every |got - want| <= absolute + relative |want|; names the first element that is not. */
export function expectClose(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  what: string,
  { absolute = 3e-6, relative = 3e-5 } = {},
): void {
  expect(got.length, `${what}: length`).toBe(want.length);
  for (let i = 0; i < want.length; i++)
    if (!(Math.abs(got[i] - want[i]) <= absolute + relative * Math.abs(want[i])))
      expect.fail(`${what}[${i}]: expected ${want[i]} within ${absolute} + ${relative} of it, got ${got[i]}`);
}

/** [positions, P]: P / 2 cosines, then P / 2 sines. */
export function angleTable(positions: number, head: number, theta: number): Float32Array {
  return Float32Array.from({ length: positions * head }, (_, i) => {
    const angle = Math.floor(i / head) * theta ** ((-2 * (i % (head / 2))) / head);
    return i % head < head / 2 ? Math.cos(angle) : Math.sin(angle);
  });
}

/** A small configuration: width 6, one layer, two heads of 4 over one key head, inner width 9, 13 tokens. */
export function tinyConfig(changes: Partial<LlamaConfig> = {}): LlamaConfig {
  return parseLlamaConfig({
    hidden_size: 6,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 4,
    intermediate_size: 9,
    vocab_size: 13,
    rope_theta: 10000,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: true,
    ...changes,
  });
}

/** Settings of AdamW that move weights visibly in one step. */
export const adamw = (changes: Partial<OptimizerSettings> = {}): OptimizerSettings => ({
  learning_rate: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weight_decay: 0.1,
  max_grad_norm: 1,
  ...changes,
});

/** Random weights under Hugging Face's names, single and double precision. Norm weights lie around 1. */
export function randomWeights(config: LlamaConfig, seed: number, scale = 0.4) {
  const random = generator(seed);
  const f32 = new Map<string, Float32Array>();
  const f64 = new Map<string, Float64Array>();
  for (const { name, shape } of parameterShapes(config)) {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = random32(random, size, scale, shape.length === 1 ? 1 : 0);
    f32.set(name, values.f32);
    f64.set(name, values.f64);
  }
  return { f32, f64 };
}

/** A trained policy with these weights; capacity as small as its uses here need. */
export async function makePolicy(
  gpu: Gpu,
  config: LlamaConfig,
  weights: ReadonlyMap<string, Float32Array>,
  capacity: Partial<Policy['capacity']> = {},
): Promise<Policy> {
  const policy = await Policy.create(gpu, config, {
    tokens: 128,
    rows: 8,
    batchRows: 8,
    decodeRows: 0,
    cacheLength: 0,
    newTokens: 0,
    trained: true,
    reference: false,
    ...capacity,
  });
  policy.parameters.upload(weights);
  return policy;
}

/** A random batch, for the reference and for the engine. */
export interface BothBatches {
  reference: TrainingBatch;
  rows: TrainRow[];
  activeTokens: number;
}

/**
 * Rows of the given lengths with random tokens, masks with holes, advantages, and log-probabilities around those of
 * a uniform policy, so that some ratios are clipped. Row `idleRow` has no active token, the others a share `density`.
 */
export function randomBatch(
  config: LlamaConfig,
  lengths: readonly number[],
  seed: number,
  weightOf: (length: number, activeTokens: number) => number,
  { idleRow = -1, density = 0.7 } = {},
): BothBatches {
  const random = generator(seed);
  const ids = lengths.map((n) => Array.from({ length: n }, () => Math.floor(random() * config.vocab_size)));
  const mask = lengths.map((n, r) =>
    Array.from({ length: n - 1 }, (_, j) => (r !== idleRow && (j === n - 2 || random() < density) ? 1 : 0)),
  );
  const around = (n: number) =>
    Float32Array.from({ length: Math.max(0, n - 1) }, () => -Math.log(config.vocab_size) + random() - 0.5);
  const oldLogps = lengths.map(around);
  const refLogps = lengths.map(around);
  const advantages = Float32Array.from(lengths, () => 3 * random() - 1.5);
  const actives = mask.map((m) => positionsFrom(1, m.length + 1).filter((p) => m[p - 1]));
  const activeTokens = actives.reduce((sum, a) => sum + a.length, 0);
  const rows = ids.map((tokens, r) => ({
    tokens,
    active: actives[r],
    advantage: advantages[r],
    weight: weightOf(actives[r].length, activeTokens),
    oldLogps: actives[r].map((p) => oldLogps[r][p - 1]),
    referenceLogps: actives[r].map((p) => refLogps[r][p - 1]),
  }));
  return { reference: { ids, mask, oldLogps, refLogps, advantages }, rows, activeTokens };
}

/** GRPO as the reference wants it told. */
export const REFERENCE_LOSS: PolicyLossOptions = {
  lossType: 'grpo',
  epsilon: 0.2,
  epsilonHigh: 0.28,
  beta: 0.04,
  importanceSamplingLevel: 'token',
  maxCompletionLength: 40,
};

/** The same as the engine wants it told. */
export const GRPO: LossSettings = {
  kind: 'token',
  old: 'given',
  epsilon: 0.2,
  epsilon_high: 0.28,
  beta: 0.04,
  temperature: 1,
};

/** Sampling from the policy itself. */
export const sampling = (endOfSequence = 0): SamplingSettings => ({
  temperature: 1,
  top_k: 0,
  top_p: 1,
  endOfSequence,
});
