/**
 * jax-js on WebGPU: products and the training step, written as its documentation recommends, each under `jit`.
 *
 * Functions own their arguments there: `x.ref` keeps an array that is used again.
 */
import {
  blockUntilReady,
  defaultDevice,
  getWebGPUDevice,
  init,
  jit,
  nn,
  numpy as np,
  valueAndGrad,
} from '@jax-js/jax';
import type { LlamaConfig } from '../../src/model/config';
import type { NamedTensors } from '../../src/model/parameters';
import { shapeOf } from '../shapes';
import { type Arrays, block, rmsNorm } from './jax-block';
import { jaxDecoder } from './jax-decode';
import { OPTIMIZER, type Peer, type Product, type ProductShape, type TrainBatch, type Trainer } from './peer';

/** @throws Error when jax-js finds no WebGPU adapter. */
export async function openJax(version: string): Promise<Peer> {
  const devices = await init('webgpu');
  if (!devices.includes('webgpu')) throw new Error('jax-js: expected a WebGPU device, got none');
  defaultDevice('webgpu');
  return {
    name: 'jax-js',
    version,
    product,
    trainer,
    decoder: jaxDecoder,
    release: () =>
      getWebGPUDevice()
        .queue.onSubmittedWorkDone()
        .then(() => {}),
    close: () => getWebGPUDevice().destroy(),
  };
}

async function product({ m, n, k }: ProductShape, x: Float32Array, w: Float32Array): Promise<Product> {
  const a = np.array(x as Float32Array<ArrayBuffer>).reshape([m, k]);
  const b = np.array(w as Float32Array<ArrayBuffer>).reshape([n, k]);
  await blockUntilReady([a, b]);
  const multiply = jit((p: np.Array, q: np.Array) => np.matmul(p, q.transpose()));
  return {
    name: 'jax-js',
    async run(units) {
      // All are kept until the end: what is disposed of before it was computed is never computed.
      const products = Array.from({ length: units }, () => multiply(a.ref, b.ref));
      await blockUntilReady(products);
      for (const each of products) each.dispose();
    },
    async result() {
      return (await multiply(a.ref, b.ref).data()) as Float32Array;
    },
    dispose() {
      a.dispose();
      b.dispose();
      multiply.dispose();
    },
  };
}

/** GRPO's clipped loss of the batch; consumes what it is given. */
function lossOf(config: LlamaConfig, p: Arrays, batch: Arrays): np.Array {
  const { hidden_size: D } = config;
  const take = (name: string) => p[name].ref;
  let x = np.take(take('model.embed_tokens.weight'), batch.inputs, 0);
  const { cos, sin, mask } = batch;
  for (let l = 0; l < config.num_hidden_layers; l++) x = block(config, p, l, x, { cos, sin, mask });
  const hidden = rmsNorm(x, take('model.norm.weight'), config.rms_norm_eps);
  const head = config.tie_word_embeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  const logits = np.matmul(hidden, take(head).transpose());
  if (logits.shape[2] !== config.vocab_size || hidden.shape[2] !== D) throw new Error('internal: shapes');
  const logp = np.sum(nn.logSoftmax(logits, -1).mul(batch.targets), -1);
  const ratio = np.exp(logp.sub(batch.old));
  const unclipped = ratio.ref.mul(batch.advantages.ref);
  const clipped = np.clip(ratio, 0.8, 1.2).mul(batch.advantages);
  for (const each of [cos, sin, mask]) each.dispose();
  for (const each of Object.values(p)) each.dispose();
  return np.mean(np.minimum(unclipped, clipped)).neg();
}

async function trainer(config: LlamaConfig, weights: NamedTensors, given: TrainBatch): Promise<Trainer> {
  const names = [...weights.keys()];
  const tensors = (values: (name: string) => Float32Array): Arrays =>
    Object.fromEntries(
      names.map((name) => [
        name,
        np.array(values(name) as Float32Array<ArrayBuffer>).reshape(shapeOf(config, name)),
      ]),
    );
  let p = tensors((name) => weights.get(name)!.slice());
  let mean = tensors((name) => new Float32Array(weights.get(name)!.length));
  let square = tensors((name) => new Float32Array(weights.get(name)!.length));
  const batch = batchArrays(config, given);
  let steps = 0;
  const { beta1, beta2, epsilon, learning_rate, weight_decay, max_grad_norm } = OPTIMIZER;
  const step = jit((p: Arrays, mean: Arrays, square: Arrays, batch: Arrays, correct: np.Array) => {
    const kept = Object.fromEntries(names.map((name) => [name, p[name].ref]));
    const [loss, gradient] = valueAndGrad((q: Arrays) => lossOf(config, q, batch))(p) as [np.Array, Arrays];
    const squares = names.map((name) => np.sum(gradient[name].ref.mul(gradient[name].ref)));
    const norm = np.sqrt(squares.reduce((a, b) => a.add(b)));
    const scale = np.minimum(np.reciprocal(norm.ref.add(1e-6)).mul(max_grad_norm), 1);
    const [c1, c2] = np.split(correct, 2, 0);
    const out: { p: Arrays; mean: Arrays; square: Arrays } = { p: {}, mean: {}, square: {} };
    for (const name of names) {
      const g = gradient[name].mul(scale.ref);
      const m = mean[name].mul(beta1).add(g.ref.mul(1 - beta1));
      const v = square[name].mul(beta2).add(g.ref.mul(g).mul(1 - beta2));
      const decay = kept[name].ndim > 1 ? 1 - learning_rate * weight_decay : 1;
      const denominator = np.sqrt(v.ref.mul(c2.ref)).add(epsilon);
      out.p[name] = kept[name].mul(decay).sub(m.ref.mul(c1.ref).mul(learning_rate).div(denominator));
      out.mean[name] = m;
      out.square[name] = v;
    }
    for (const each of [scale, c1, c2]) each.dispose();
    return { ...out, loss, norm };
  });
  const one = () => {
    steps++;
    const correct = np.array([1 / (1 - beta1 ** steps), 1 / (1 - beta2 ** steps)]);
    const held = Object.fromEntries(Object.entries(batch).map(([name, array]) => [name, array.ref]));
    const next = step(p, mean, square, held, correct) as unknown as {
      p: Arrays;
      mean: Arrays;
      square: Arrays;
      loss: np.Array;
      norm: np.Array;
    };
    ({ p, mean, square } = next);
    return next;
  };
  return {
    name: 'jax-js',
    async run(units) {
      let last = one();
      for (let i = 1; i < units; i++) {
        last.loss.dispose();
        last.norm.dispose();
        last = one();
      }
      await blockUntilReady([p, last.loss]);
      last.loss.dispose();
      last.norm.dispose();
    },
    async step() {
      const { loss, norm } = one();
      return { loss: Number(await loss.jsAsync()), gradientNorm: Number(await norm.jsAsync()) };
    },
    dispose() {
      for (const group of [p, mean, square, batch]) for (const each of Object.values(group)) each.dispose();
      step.dispose();
    },
  };
}

function batchArrays(config: LlamaConfig, { tokens, advantages, oldLogps }: TrainBatch): Arrays {
  const B = tokens.length;
  const T = tokens[0].length - 1;
  const { head_dim: h, vocab_size: V, rope_theta: theta } = config;
  const cos = new Float32Array(T * h);
  const sin = new Float32Array(T * h);
  const mask = new Float32Array(T * T);
  const targets = new Float32Array(B * T * V);
  for (let t = 0; t < T; t++) {
    for (let c = 0; c < h; c++) {
      const angle = t * theta ** ((-2 * (c % (h / 2))) / h);
      cos[t * h + c] = Math.cos(angle);
      sin[t * h + c] = Math.sin(angle);
    }
    for (let j = t + 1; j < T; j++) mask[t * T + j] = -1e9;
  }
  tokens.forEach((row, b) => {
    for (let t = 0; t < T; t++) targets[(b * T + t) * V + row[t + 1]] = 1;
  });
  return {
    inputs: np.array(Int32Array.from(tokens.flatMap((row) => row.slice(0, T)))).reshape([B, T]),
    targets: np.array(targets).reshape([B, T, V]),
    old: np.array(Float32Array.from(oldLogps.flat())).reshape([B, T]),
    advantages: np.array(Float32Array.from(advantages)).reshape([B, 1]),
    cos: np.array(cos).reshape([T, h]),
    sin: np.array(sin).reshape([T, h]),
    mask: np.array(mask).reshape([T, T]),
  };
}
