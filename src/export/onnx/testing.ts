/** Runs exported models by ONNX Runtime Web, for tests: rows in, logits out; greedy decoding with the cache. */
import * as ort from 'onnxruntime-web';
import type { LlamaConfig } from '../../model/config';

ort.env.wasm.numThreads = 1;
// What the runtime has to say about operators it moves between devices is nobody's mistake.
ort.env.logLevel = 'error';

export const openModel = (bytes: Uint8Array): Promise<ort.InferenceSession> =>
  ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });

const int64 = (rows: readonly (readonly number[])[]): ort.Tensor =>
  new ort.Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0].length]);

/** Rows padded on the left to one length, with their mask and positions. */
export function leftPadded(rows: readonly (readonly number[])[], pad: number) {
  const length = Math.max(...rows.map((row) => row.length));
  const gaps = rows.map((row) => length - row.length);
  return {
    gaps,
    ids: rows.map((row, r) => [...new Array<number>(gaps[r]).fill(pad), ...row]),
    mask: rows.map((row, r) => [...new Array<number>(gaps[r]).fill(0), ...row.map(() => 1)]),
    positions: rows.map((row, r) => [...new Array<number>(gaps[r]).fill(0), ...row.map((_, at) => at)]),
  };
}

/** Logits of rows of different lengths in one padded batch: [length, V] a row, as the reference gives them. */
export async function batchLogits(
  session: ort.InferenceSession,
  rows: readonly (readonly number[])[],
  pad = 0,
): Promise<Float64Array[]> {
  const { gaps, ids, mask, positions } = leftPadded(rows, pad);
  const { logits } = await session.run({
    input_ids: int64(ids),
    attention_mask: int64(mask),
    position_ids: int64(positions),
  });
  const [, length, vocabulary] = logits.dims;
  const all = logits.data as Float32Array;
  return rows.map((_, r) =>
    Float64Array.from(all.subarray((r * length + gaps[r]) * vocabulary, (r + 1) * length * vocabulary)),
  );
}

/** The likeliest continuation of each prompt, the end token included, read and extended in one batch with the cache. */
export async function greedyWithCache(
  session: ort.InferenceSession,
  config: LlamaConfig,
  prompts: readonly (readonly number[])[],
  most: number,
  end: number,
): Promise<number[][]> {
  const { num_hidden_layers: layers, num_key_value_heads: keyHeads, head_dim: width } = config;
  const first = leftPadded(prompts, 0);
  let { ids, positions } = first;
  const mask = first.mask.map((row) => [...row]);
  let past: Record<string, ort.Tensor> = {};
  for (let layer = 0; layer < layers; layer++)
    for (const part of ['key', 'value'])
      past[`past_key_values.${layer}.${part}`] = new ort.Tensor('float32', new Float32Array(0), [
        prompts.length,
        keyHeads,
        0,
        width,
      ]);
  const completions = prompts.map((): number[] => []);
  for (let step = 0; step < most; step++) {
    const outputs = await session.run({
      input_ids: int64(ids),
      attention_mask: int64(mask),
      position_ids: int64(positions),
      ...past,
    });
    const { logits } = outputs;
    const [, length, vocabulary] = logits.dims;
    const next = prompts.map((_, r) => {
      const last = (logits.data as Float32Array).subarray(
        ((r + 1) * length - 1) * vocabulary,
        (r + 1) * length * vocabulary,
      );
      return last.indexOf(last.reduce((a, b) => Math.max(a, b)));
    });
    completions.forEach((row, r) => {
      if (row.at(-1) !== end) row.push(next[r]);
    });
    if (completions.every((row) => row.at(-1) === end)) break;
    ids = next.map((id) => [id]);
    positions = prompts.map((prompt) => [prompt.length + step]);
    for (const row of mask) row.push(1);
    past = Object.fromEntries(
      Object.keys(past).map((name) => [name, outputs[name.replace('past_key_values', 'present')]]),
    );
  }
  return completions;
}
