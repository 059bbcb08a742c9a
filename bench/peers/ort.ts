/**
 * ONNX Runtime Web decoding the same policy from our export with a cache: rows together, one token a call, the cache
 * handed from call to call (on the GPU where it runs there, as its documentation recommends).
 */
import type * as Ort from 'onnxruntime-web';
import { onnxModel } from '../../src/export/onnx';
import type { LlamaConfig } from '../../src/model/config';
import type { NamedTensors } from '../../src/model/parameters';
import type { Decode } from '../decode';

export interface OrtRuntime {
  name: string;
  ort: typeof Ort;
  provider: 'wasm' | 'webgpu';
}

export async function ortDecoder(
  { name, ort, provider }: OrtRuntime,
  config: LlamaConfig,
  weights: NamedTensors,
): Promise<Decode> {
  const { num_hidden_layers: layers, num_key_value_heads: heads, head_dim: width } = config;
  const parts = Array.from({ length: layers }, (_, l) => [`${l}.key`, `${l}.value`]).flat();
  const session = await ort.InferenceSession.create(onnxModel(config, weights, { cache: true }), {
    executionProviders: [provider],
    preferredOutputLocation:
      provider === 'webgpu'
        ? Object.fromEntries(parts.map((part) => [`present.${part}`, 'gpu-buffer' as const]))
        : undefined,
  });
  const int64 = (rows: readonly (readonly number[])[]) =>
    new ort.Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0].length]);
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
          input_ids: int64(ids),
          attention_mask: int64(mask),
          position_ids: int64(positions),
          ...past,
        });
        const [, length, vocabulary] = outputs.logits.dims;
        const logits = outputs.logits.data as Float32Array;
        ids = prompts.map((_, r) => {
          const from = ((r + 1) * length - 1) * vocabulary;
          let best = 0;
          for (let v = 1; v < vocabulary; v++) if (logits[from + v] > logits[from + best]) best = v;
          made[r].push(best);
          return [best];
        });
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
}
