/** Batched greedy decoding of the same policy: tokens a second, ours against ONNX Runtime Web. */
import type { LlamaConfig } from '../src/model/config';
import type { NamedTensors } from '../src/model/parameters';
import { Policy } from '../src/model/policy';
import { tune } from '../src/model/tune';
import { initialWeights } from '../src/rl/initialise';
import { interleave, ratio } from './measure';
import type { Ours } from './ours';
import { type OrtRuntime, ortDecoder } from './peers/ort';
import type { DecodeResult } from './report';
import { SIZES } from './shapes';

export interface Decode {
  name: string;
  /** `count` further tokens of each prompt, the likeliest at a time. */
  generate(prompts: readonly (readonly number[])[], count: number): Promise<number[][]>;
  dispose(): void | Promise<void>;
}

const PROMPT = 16;

export async function benchDecode(
  ours: Ours,
  runtimes: readonly OrtRuntime[],
  quick: boolean,
  note: (text: string) => void,
  unavailable: Record<string, string>,
): Promise<DecodeResult[]> {
  const results: DecodeResult[] = [];
  for (const size of quick ? SIZES.slice(0, 1) : SIZES.slice(0, 3)) {
    const { config, label } = size;
    const weights = initialWeights(config, 1);
    for (const rows of quick ? [256] : [64, 256]) {
      const count = quick ? 32 : 64;
      const prompts = Array.from({ length: rows }, (_, r) =>
        Array.from({ length: PROMPT }, (_, t) => (r * 7 + t * 11 + ((r * t) % 5)) % config.vocab_size),
      );
      const decoders = [await ourDecoder(ours, config, weights, rows, count)];
      const expected = await decoders[0].generate(prompts, count);
      const same: Record<string, string> = {};
      for (const runtime of runtimes)
        try {
          const decoder = await ortDecoder(runtime, config, weights);
          const got = await decoder.generate(prompts, count);
          const equal = got.filter((row, r) => row.every((token, i) => token === expected[r][i])).length;
          same[runtime.name] = `${equal} of ${rows} rows`;
          decoders.push(decoder);
        } catch (error) {
          unavailable[`${runtime.name}, decoding ${label}`] =
            error instanceof Error ? error.message : String(error);
          note(
            `${runtime.name}, decoding ${label} cannot run here: ${error instanceof Error ? error.message : error}`,
          );
        }
      const timed = await interleave(
        decoders.map((decoder) => ({
          name: decoder.name,
          async run(units: number) {
            for (let i = 0; i < units; i++) await decoder.generate(prompts, count);
          },
        })),
        { rounds: quick ? 3 : 5, seconds: 0.3, mostUnits: 4, mostSeconds: quick ? 45 : 300 },
      );
      for (const decoder of decoders) await decoder.dispose();
      const over = (name: string) => {
        const theirs = timed.get(name);
        return theirs ? ratio(timed.get('ours')!.all, theirs.all) : null;
      };
      const result: DecodeResult = {
        label,
        params: size.parameters,
        rows,
        prompt: PROMPT,
        new_tokens: count,
        tokens_per_second: Object.fromEntries(
          [...timed].map(([name, { median }]) => [name, (rows * count) / median]),
        ),
        same_tokens: same,
        ours_over_ort: over('ort webgpu'),
        ours_over_ort_wasm: over('ort wasm'),
      };
      results.push(result);
      note(
        `decoding ${rows} rows, ${label}: ${Object.entries(result.tokens_per_second)
          .map(([name, rate]) => `${name} ${rate.toFixed(0)}`)
          .join(', ')} tokens/s; same tokens: ${JSON.stringify(same)}`,
      );
    }
  }
  return results;
}

async function ourDecoder(
  { gpu }: Ours,
  config: LlamaConfig,
  weights: NamedTensors,
  rows: number,
  count: number,
): Promise<Decode> {
  await tune(gpu, config);
  const policy = await Policy.create(gpu, config, {
    tokens: rows * PROMPT,
    rows,
    batchRows: rows,
    decodeRows: rows,
    cacheLength: PROMPT + count,
    newTokens: count,
    trained: false,
    reference: false,
  });
  policy.parameters.upload(weights);
  return {
    name: 'ours',
    async generate(prompts, most) {
      const decoded = await policy.decode(
        prompts.map((prompt, id) => ({ prompt, id, limit: most })),
        // No token ends a row, so that everybody makes the same number.
        { temperature: 0, top_k: 0, top_p: 1, endOfSequence: 0xffffffff },
        { seed: 1, purpose: 1, step: 0 },
      );
      return decoded.map(({ tokens }) => tokens);
    },
    dispose: () => policy.destroy(),
  };
}
