/**
 * TensorFlow.js on WebGPU: products and the training step in its own operations and its own gradients.
 *
 * The embedding is a product with one-hot rows, as its WebGPU backend has no kernel for the gradient of `gather`.
 */

// For their effects: they register the backend, the operations of tensors, and gradients.
import '@tensorflow/tfjs-backend-webgpu';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import type { LlamaConfig } from '../../src/model/config';
import type { NamedTensors } from '../../src/model/parameters';
import { shapeOf } from '../shapes';
import { OPTIMIZER, type Peer, type Product, type ProductShape, type TrainBatch, type Trainer } from './peer';

type Tensors = Record<string, tf.Tensor>;

/** @throws Error when TensorFlow.js cannot start its WebGPU backend. */
export async function openTfjs(): Promise<Peer> {
  if (!(await tf.setBackend('webgpu'))) throw new Error('TensorFlow.js: its WebGPU backend did not start');
  await tf.ready();
  return {
    name: 'tfjs',
    version: tf.version_core,
    product,
    trainer,
    release,
    close: () => backend().device.destroy(),
  };
}

const backend = () => tf.backend() as WebGPUBackend;

/**
 * Everything asked for so far is submitted, and done: one value that the device makes after it is read back. Small
 * tensors are else computed on the processor, which waits for nothing.
 */
async function idle(): Promise<void> {
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  const last = tf.tidy(() => tf.zeros([1]).add(1));
  tf.env().set('WEBGPU_CPU_FORWARD', true);
  await last.data();
  last.dispose();
}

/** It keeps buffers for tensors to come: those of a policy that is gone would stand in the way of the next library. */
async function release(): Promise<void> {
  await idle();
  const { bufferManager } = backend() as unknown as {
    bufferManager: {
      freeBuffers: Map<string, GPUBuffer[]>;
      numFreeBuffers: number;
      numBytesAllocated: number;
    };
  };
  for (const buffers of bufferManager.freeBuffers.values())
    for (const buffer of buffers.splice(0)) {
      bufferManager.numFreeBuffers--;
      bufferManager.numBytesAllocated -= buffer.size;
      buffer.destroy();
    }
  await backend().device.queue.onSubmittedWorkDone();
}

async function product({ m, n, k }: ProductShape, x: Float32Array, w: Float32Array): Promise<Product> {
  const a = tf.tensor2d(x, [m, k]);
  const b = tf.tensor2d(w, [n, k]);
  return {
    name: 'tfjs',
    async run(units) {
      for (let i = 0; i < units; i++) tf.matMul(a, b, false, true).dispose();
      await idle();
    },
    async result() {
      const y = tf.matMul(a, b, false, true);
      const data = (await y.data()) as Float32Array;
      y.dispose();
      return data;
    },
    dispose: () => tf.dispose([a, b]),
  };
}

function rope(x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor): tf.Tensor {
  const [first, second] = tf.split(x, 2, 3);
  return x.mul(cos).add(tf.concat([second.neg(), first], 3).mul(sin));
}

const rmsNorm = (x: tf.Tensor, weight: tf.Tensor, epsilon: number): tf.Tensor =>
  x.mul(x.square().mean(-1, true).add(epsilon).rsqrt()).mul(weight);

/** GRPO's clipped loss of the batch. */
function lossOf(config: LlamaConfig, p: Tensors, batch: Tensors, B: number, T: number): tf.Scalar {
  const { hidden_size: D, num_attention_heads: H, num_key_value_heads: K, head_dim: h } = config;
  // Rows of tokens are kept flat, [B T, columns]: products of two dimensions are what this library does best.
  const linear = (x: tf.Tensor, w: tf.Tensor) => tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D, false, true);
  let x: tf.Tensor = tf.matMul(batch.inputs as tf.Tensor2D, p['model.embed_tokens.weight'] as tf.Tensor2D);
  for (let l = 0; l < config.num_hidden_layers; l++) {
    const w = (name: string) => p[`model.layers.${l}.${name}.weight`];
    const norm1 = rmsNorm(x, w('input_layernorm'), config.rms_norm_eps);
    const heads = (name: string, count: number) =>
      linear(norm1, w(`self_attn.${name}`))
        .reshape([B, T, count, h])
        .transpose([0, 2, 1, 3]);
    const q = rope(heads('q_proj', H), batch.cos, batch.sin);
    let k = rope(heads('k_proj', K), batch.cos, batch.sin);
    let v: tf.Tensor = heads('v_proj', K);
    if (K !== H) {
      const repeat = (t: tf.Tensor) =>
        t
          .expandDims(2)
          .tile([1, 1, H / K, 1, 1])
          .reshape([B, H, T, h]);
      k = repeat(k);
      v = repeat(v);
    }
    const scores = tf
      .matMul(q, k, false, true)
      .mul(1 / Math.sqrt(h))
      .add(batch.mask);
    const attended = tf
      .matMul(tf.softmax(scores), v)
      .transpose([0, 2, 1, 3])
      .reshape([B * T, H * h]);
    const mid = x.add(linear(attended, w('self_attn.o_proj')));
    const norm2 = rmsNorm(mid, w('post_attention_layernorm'), config.rms_norm_eps);
    const gate = linear(norm2, w('mlp.gate_proj'));
    const up = linear(norm2, w('mlp.up_proj'));
    x = mid.add(linear(gate.mul(gate.sigmoid()).mul(up), w('mlp.down_proj')));
  }
  const hidden = rmsNorm(x, p['model.norm.weight'], config.rms_norm_eps);
  const head = config.tie_word_embeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  const logits = linear(hidden, p[head]);
  if (logits.shape[1] !== config.vocab_size || hidden.shape[1] !== D) throw new Error('internal: shapes');
  const logp = tf.logSoftmax(logits).mul(batch.targets).sum(-1).reshape([B, T]);
  const ratio = logp.sub(batch.old).exp();
  const clipped = ratio.clipByValue(0.8, 1.2).mul(batch.advantages);
  return tf.minimum(ratio.mul(batch.advantages), clipped).mean().neg() as tf.Scalar;
}

async function trainer(config: LlamaConfig, weights: NamedTensors, given: TrainBatch): Promise<Trainer> {
  const B = given.tokens.length;
  const T = given.tokens[0].length - 1;
  const names = [...weights.keys()];
  const { beta1, beta2, epsilon, learning_rate, weight_decay, max_grad_norm } = OPTIMIZER;
  const state = names.map((name) => {
    const shape = shapeOf(config, name);
    return {
      name,
      decay: shape.length > 1 ? 1 - learning_rate * weight_decay : 1,
      weight: tf.variable(tf.tensor(weights.get(name)!, shape)),
      mean: tf.variable(tf.zeros(shape)),
      square: tf.variable(tf.zeros(shape)),
    };
  });
  const p: Tensors = Object.fromEntries(state.map(({ name, weight }) => [name, weight]));
  const batch = batchTensors(config, given);
  let steps = 0;
  const one = () =>
    tf.tidy(() => {
      steps++;
      const { value, grads } = tf.variableGrads(
        () => lossOf(config, p, batch, B, T),
        state.map(({ weight }) => weight),
      );
      // One by one: `addN` of that many binds more buffers than an adapter allows.
      const squares = state.map(({ weight }) => grads[weight.name].square().sum());
      const norm = squares.reduce((sum, each) => sum.add(each)).sqrt();
      const scale = tf.minimum(tf.div(max_grad_norm, norm.add(1e-6)), 1);
      for (const { decay, weight, mean, square } of state) {
        const g = grads[weight.name].mul(scale);
        mean.assign(mean.mul(beta1).add(g.mul(1 - beta1)));
        square.assign(square.mul(beta2).add(g.square().mul(1 - beta2)));
        const denominator = square
          .div(1 - beta2 ** steps)
          .sqrt()
          .add(epsilon);
        weight.assign(weight.mul(decay).sub(mean.mul(learning_rate / (1 - beta1 ** steps)).div(denominator)));
      }
      return { value, norm };
    });
  return {
    name: 'tfjs',
    async run(units) {
      for (let i = 0; i < units; i++) tf.dispose(one());
      await idle();
    },
    async step() {
      const { value, norm } = one();
      const loss = (await value.data())[0];
      const gradientNorm = (await norm.data())[0];
      tf.dispose([value, norm]);
      return { loss, gradientNorm };
    },
    dispose() {
      for (const { weight, mean, square } of state) tf.dispose([weight, mean, square]);
      tf.dispose(batch);
    },
  };
}

function batchTensors(config: LlamaConfig, { tokens, advantages, oldLogps }: TrainBatch): Tensors {
  const B = tokens.length;
  const T = tokens[0].length - 1;
  const { head_dim: h, vocab_size: V, rope_theta: theta } = config;
  const angle = (t: number, c: number) => t * theta ** ((-2 * (c % (h / 2))) / h);
  const table = (value: (angle: number) => number) =>
    tf.tensor(
      Float32Array.from({ length: T * h }, (_, i) => value(angle(Math.floor(i / h), i % h))),
      [T, h],
    );
  const oneHot = (shift: number) => {
    const rows = new Float32Array(B * T * V);
    tokens.forEach((row, b) => {
      for (let t = 0; t < T; t++) rows[(b * T + t) * V + row[t + shift]] = 1;
    });
    return tf.tensor(rows, [B * T, V]);
  };
  return {
    inputs: oneHot(0),
    targets: oneHot(1),
    old: tf.tensor(Float32Array.from(oldLogps.flat()), [B, T]),
    advantages: tf.tensor(Float32Array.from(advantages), [B, 1]),
    cos: table(Math.cos),
    sin: table(Math.sin),
    mask: tf.tensor(
      Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e9 : 0)),
      [T, T],
    ),
  };
}
