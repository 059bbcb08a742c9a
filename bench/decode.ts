/** Batched greedy decoding of the same policy: tokens a second, ours, over halves too, against ONNX Runtime Web and jax-js. */
import type { LlamaConfig } from '../src/model/config';
import type { NamedTensors } from '../src/model/parameters';
import type { RolloutDtype } from '../src/model/plan';
import { Policy } from '../src/model/policy';
import { tune } from '../src/model/tune';
import { initialWeights } from '../src/rl/initialise';
import { interleave, now, ratio } from './measure';
import type { Ours } from './ours';
import { type OrtRuntime, ortDecoder } from './peers/ort';
import type { Peer } from './peers/peer';
import type { DecodeResult } from './report';
import { SIZES } from './shapes';

export interface Decode {
  name: string;
  /** `count` further tokens of each prompt, the likeliest at a time. */
  generate(prompts: readonly (readonly number[])[], count: number): Promise<number[][]>;
  dispose(): void | Promise<void>;
}

const PROMPT = 16;
/** A first run of a peer that takes longer than this leaves no time for rounds. */
const SLOW_SECONDS = 20;

export async function benchDecode(
  ours: Ours,
  peers: readonly Peer[],
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
      const count = quick ? 24 : 64;
      const prompts = Array.from({ length: rows }, (_, r) =>
        Array.from({ length: PROMPT }, (_, t) => (r * 7 + t * 11 + ((r * t) % 5)) % config.vocab_size),
      );
      const decoders = [await ourDecoder(ours, config, weights, rows, count)];
      const expected = await decoders[0].generate(prompts, count);
      const same: Record<string, string> = {};
      /** What takes long is measured once, by the run whose tokens are compared, and ours right after it. */
      const slow: { decoder: Decode; theirs: number; own: number }[] = [];
      const others = [
        {
          name: 'ours float16',
          open: () => ourDecoder(ours, config, weights, rows, count, 'float16'),
        },
        ...peers.flatMap(({ name, decoder }) =>
          decoder ? [{ name, open: () => decoder(config, weights) }] : [],
        ),
        ...runtimes.map((runtime) => ({
          name: runtime.name,
          open: () => ortDecoder(runtime, config, weights),
        })),
      ];
      for (const { name, open } of others)
        try {
          const decoder = await open();
          // Warms up: compiles, and allocates.
          await decoder.generate(prompts, 2);
          const start = now();
          const got = await decoder.generate(prompts, count);
          const theirs = now() - start;
          const equal = got.filter((row, r) => row.every((token, i) => token === expected[r][i])).length;
          same[name] = `${equal} of ${rows} rows`;
          if (theirs < SLOW_SECONDS) decoders.push(decoder);
          else slow.push({ decoder, theirs, own: await once(decoders[0], prompts, count) });
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error);
          unavailable[`${name}, decoding ${label}`] = message;
          note(`${name}, decoding ${label} cannot run here: ${message}`);
        }
      const candidate = (decoder: Decode) => ({
        name: decoder.name,
        async run(units: number) {
          for (let i = 0; i < units; i++) await decoder.generate(prompts, count);
        },
      });
      const timed = await interleave(decoders.map(candidate), {
        rounds: quick ? 3 : 5,
        seconds: 0.3,
        mostUnits: 4,
        mostSeconds: quick ? 45 : 300,
      });
      const rates = Object.fromEntries(
        [...timed].map(([name, { median }]) => [name, (rows * count) / median]),
      );
      const ratios = new Map([...timed].map(([name, { all }]) => [name, ratio(timed.get('ours')!.all, all)]));
      for (const { decoder, theirs, own } of slow) {
        rates[decoder.name] = (rows * count) / theirs;
        ratios.set(decoder.name, theirs / own);
      }
      for (const decoder of [...decoders, ...slow.map((each) => each.decoder)]) await decoder.dispose();
      const over = (name: string) => ratios.get(name) ?? null;
      const result: DecodeResult = {
        label,
        params: size.parameters,
        rows,
        prompt: PROMPT,
        new_tokens: count,
        tokens_per_second: rates,
        same_tokens: same,
        ours_over_ort: over('ort webgpu'),
        ours_over_ort_wasm: over('ort wasm'),
        ours_over_jaxjs: over('jax-js'),
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

/** Seconds that decoding takes once. */
async function once(
  decoder: Decode,
  prompts: readonly (readonly number[])[],
  count: number,
): Promise<number> {
  const start = now();
  await decoder.generate(prompts, count);
  return now() - start;
}

async function ourDecoder(
  { gpu }: Ours,
  config: LlamaConfig,
  weights: NamedTensors,
  rows: number,
  count: number,
  rolloutDtype: RolloutDtype = 'float32',
): Promise<Decode> {
  await tune(gpu, config, { rolloutDtype });
  const policy = await Policy.create(gpu, config, {
    tokens: rows * PROMPT,
    rows,
    batchRows: rows,
    decodeRows: rows,
    cacheLength: PROMPT + count,
    newTokens: count,
    trained: false,
    reference: false,
    rolloutDtype,
  });
  policy.parameters.upload(weights);
  return {
    name: rolloutDtype === 'float16' ? 'ours float16' : 'ours',
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
