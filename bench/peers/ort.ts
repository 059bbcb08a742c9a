/**
 * ONNX Runtime Web decoding the same policy, rows together, one token a call, by the arrangement of the cache that is
 * fastest with its provider: on WebGPU (but for SwiftShader) buffers of fixed size, written in place by its own attention
 * (`ort-graph.ts`), else our export, its cache handed from call to call.
 */
import type * as Ort from 'onnxruntime-web';
import { onnxModel } from '../../src/export/onnx';
import type { LlamaConfig } from '../../src/model/config';
import type { NamedTensors } from '../../src/model/parameters';
import type { Decode } from '../decode';
import { groupedQueryModel } from './ort-graph';

export interface OrtRuntime {
  name: string;
  ort: typeof Ort;
  provider: 'wasm' | 'webgpu';
}

export async function ortDecoder(
  runtime: OrtRuntime,
  config: LlamaConfig,
  weights: NamedTensors,
  /** Whether the adapter is one where a cache that is written in place is faster. */
  writesInPlace: boolean,
): Promise<Decode> {
  const { num_hidden_layers: layers } = config;
  const parts = Array.from({ length: layers }, (_, l) => [`${l}.key`, `${l}.value`]).flat();
  // Measured on 64 rows: in place it is 2.4 times as fast on WebGPU; WebAssembly copies what it is handed either way,
  // and is a fifth slower with it.
  const open = runtime.provider === 'webgpu' && writesInPlace ? fixedCache : growingCache;
  return open(runtime, config, weights, parts);
}

/** The likeliest token after the last of each row; logits [B, T, V]. */
function likeliest({ dims, data }: Ort.Tensor): number[] {
  const [rows, length, vocabulary] = dims;
  const logits = data as Float32Array;
  return Array.from({ length: rows }, (_, r) => {
    const from = ((r + 1) * length - 1) * vocabulary;
    let best = 0;
    for (let v = 1; v < vocabulary; v++) if (logits[from + v] > logits[from + best]) best = v;
    return best;
  });
}

const int64 = (ort: typeof Ort, rows: readonly (readonly number[])[]) =>
  new ort.Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0].length]);

type Open = (
  runtime: OrtRuntime,
  config: LlamaConfig,
  weights: NamedTensors,
  parts: readonly string[],
) => Promise<Decode>;

/** Our export's graph: every call makes keys and values anew that are one token longer. */
const growingCache: Open = async ({ name, ort, provider }, config, weights, parts) => {
  const { num_key_value_heads: heads, head_dim: width } = config;
  const session = await ort.InferenceSession.create(onnxModel(config, weights, { cache: true }), {
    executionProviders: [provider],
    preferredOutputLocation:
      provider === 'webgpu'
        ? Object.fromEntries(parts.map((part) => [`present.${part}`, 'gpu-buffer' as const]))
        : undefined,
  });
  return {
    name,
    async generate(prompts, count) {
      let ids = prompts.map((p) => [...p]);
      let positions = prompts.map((p) => p.map((_, i) => i));
      const mask = prompts.map((p) => p.map(() => 1));
      let past: Record<string, Ort.Tensor> = Object.fromEntries(
        parts.map((part) => [
          `past_key_values.${part}`,
          new ort.Tensor('float32', new Float32Array(0), [prompts.length, heads, 0, width]),
        ]),
      );
      const made = prompts.map((): number[] => []);
      for (let step = 0; step < count; step++) {
        const outputs = await session.run({
          input_ids: int64(ort, ids),
          attention_mask: int64(ort, mask),
          position_ids: int64(ort, positions),
          ...past,
        });
        ids = likeliest(outputs.logits).map((token) => [token]);
        for (const [r, [token]] of ids.entries()) made[r].push(token);
        positions = prompts.map((p) => [p.length + step]);
        for (const row of mask) row.push(1);
        for (const tensor of Object.values(past)) tensor.dispose();
        past = Object.fromEntries(
          parts.map((part) => [`past_key_values.${part}`, outputs[`present.${part}`]]),
        );
      }
      for (const tensor of Object.values(past)) tensor.dispose();
      return made;
    },
    dispose: () => session.release(),
  };
};

/** The runtime's own attention on WebGPU: keys and values of fixed size, which it writes in place. */
const fixedCache: Open = async ({ name, ort, provider }, config, weights, parts) => {
  const { num_key_value_heads: heads, head_dim: width } = config;
  const session = await ort.InferenceSession.create(groupedQueryModel(config, weights), {
    executionProviders: [provider],
  });
  const int32 = (values: readonly number[]) =>
    new ort.Tensor('int32', Int32Array.from(values), [values.length]);
  return {
    name,
    async generate(prompts, count) {
      const length = prompts[0].length;
      const dims = [prompts.length, heads, length + count, width];
      const size = dims.reduce((a, b) => a * b, 1);
      const device = await ort.env.webgpu.device;
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      const buffers = parts.map(() => device.createBuffer({ size: 4 * size, usage }));
      const cache = buffers.map((buffer) => ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims }));
      let ids = prompts.map((p) => [...p]);
      const made = prompts.map((): number[] => []);
      for (let step = 0; step < count; step++) {
        const feeds: Record<string, Ort.Tensor> = {
          input_ids: int64(ort, ids),
          lengths: int32(prompts.map(() => length + step - 1)),
          total: int32([length + step]),
        };
        const fetches: Record<string, Ort.Tensor | null> = { logits: null };
        for (const [i, part] of parts.entries()) {
          feeds[`past_key_values.${part}`] = cache[i];
          fetches[`present.${part}`] = cache[i];
        }
        const outputs = await session.run(feeds, fetches);
        ids = likeliest(outputs.logits).map((token) => [token]);
        for (const [r, [token]] of ids.entries()) made[r].push(token);
      }
      for (const buffer of buffers) buffer.destroy();
      return made;
    },
    dispose: () => session.release(),
  };
};
