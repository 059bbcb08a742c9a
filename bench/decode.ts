/** Batched greedy decoding of the same policy: tokens a second, ours, over halves too, against ONNX Runtime Web and jax-js. */
import type { LlamaConfig } from '../src/model/config';
import type { NamedTensors } from '../src/model/parameters';
import type { RolloutDtype } from '../src/model/plan';
import { Policy } from '../src/model/policy';
import { initialWeights } from '../src/rl/initialise';
import type { BenchContext } from './context';
import { interleave, now, ratio } from './measure';
import { chooseKernels, type Ours } from './ours';
import { type OrtRuntime, ortDecoder } from './peers/ort';
import type { Peer } from './peers/peer';
import type { DecodeResult } from './report';
import { SIZES, type Size } from './shapes';

export interface Decode {
  name: string;
  /** `count` further tokens of each prompt, the likeliest at a time. */
  generate(prompts: readonly (readonly number[])[], count: number): Promise<number[][]>;
  dispose(): void | Promise<void>;
}

const PROMPT = 16;
/** A first run of a peer that takes longer than this leaves no time for rounds. */
const SLOW_SECONDS = { quick: 8, full: 20 };
/** One that is expected to take longer than this is left out. */
const MOST_SECONDS = 120;

interface Work {
  size: Size;
  rows: number;
  /** Tokens made for each row. */
  count: number;
}

/** Larger policies make fewer tokens, so that a driver that plays GPU comes to an end. */
function works(quick: boolean): Work[] {
  const [small, middle, large] = SIZES;
  if (quick) return [{ size: small, rows: 64, count: 24 }];
  return [
    { size: small, rows: 64, count: 64 },
    { size: small, rows: 256, count: 64 },
    { size: middle, rows: 64, count: 32 },
    { size: large, rows: 64, count: 16 },
  ];
}

export async function benchDecode(
  ours: Ours,
  peers: readonly Peer[],
  runtimes: readonly OrtRuntime[],
  { quick, note }: Pick<BenchContext, 'quick' | 'note'>,
  unavailable: Record<string, string>,
  before: readonly DecodeResult[],
  found: (result: DecodeResult) => void,
): Promise<void> {
  for (const work of works(quick)) {
    const { size, rows } = work;
    if (before.some((each) => each.label === size.label && each.rows === rows)) continue;
    const result = await measure(ours, peers, runtimes, work, { quick, note }, unavailable);
    found(result);
    note(
      `decoding ${rows} rows, ${size.label}: ${Object.entries(result.tokens_per_second)
        .map(([name, rate]) => `${name} ${rate.toFixed(0)}`)
        .join(', ')} tokens/s; same tokens: ${JSON.stringify(result.same_tokens)}`,
    );
  }
}

async function measure(
  ours: Ours,
  peers: readonly Peer[],
  runtimes: readonly OrtRuntime[],
  { size, rows, count }: Work,
  { quick, note }: Pick<BenchContext, 'quick' | 'note'>,
  unavailable: Record<string, string>,
): Promise<DecodeResult> {
  const { config, label } = size;
  const weights = initialWeights(config, 1);
  const prompts = Array.from({ length: rows }, (_, r) =>
    Array.from({ length: PROMPT }, (_, t) => (r * 7 + t * 11 + ((r * t) % 5)) % config.vocab_size),
  );
  const decoders = [await ourDecoder(ours, config, weights, rows, count)];
  const expected = await decoders[0].generate(prompts, count);
  const same: Record<string, string> = {};
  const left_out: Record<string, string> = {};
  /** What takes long is measured once, by the run whose tokens are compared, and ours right after it. */
  const slow: { decoder: Decode; theirs: number; own: number }[] = [];
  // There its own attention took 14 s for 256 prompts and a token, where our export's took 2.5 s a token.
  const { architecture, device, description } = ours.gpu.info;
  const writesInPlace = !/swiftshader/i.test(`${architecture} ${device} ${description}`);
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
      open: () => ortDecoder(runtime, config, weights, writesInPlace),
    })),
  ];
  for (const { name, open } of others)
    try {
      const decoder = await open();
      const reason = await tooLong(decoder, prompts, count);
      if (reason) {
        left_out[name] = reason;
        note(`${name} is left out of decoding ${rows} rows, ${label}: ${reason}`);
        await decoder.dispose();
        continue;
      }
      const start = now();
      const got = await decoder.generate(prompts, count);
      const theirs = now() - start;
      const equal = got.filter((row, r) => row.every((token, i) => token === expected[r][i])).length;
      same[name] = `${equal} of ${rows} rows`;
      if (theirs < SLOW_SECONDS[quick ? 'quick' : 'full']) decoders.push(decoder);
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
    mostSeconds: 45,
  });
  const rates = Object.fromEntries([...timed].map(([name, { median }]) => [name, (rows * count) / median]));
  const ratios = new Map([...timed].map(([name, { all }]) => [name, ratio(timed.get('ours')!.all, all)]));
  for (const { decoder, theirs, own } of slow) {
    rates[decoder.name] = (rows * count) / theirs;
    ratios.set(decoder.name, theirs / own);
  }
  for (const decoder of [...decoders, ...slow.map((each) => each.decoder)]) await decoder.dispose();
  const over = (name: string) => ratios.get(name) ?? null;
  return {
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
    left_out,
  };
}

/** Warms a decoder up (it compiles, and allocates), and says why it is left out; null where it is not. */
async function tooLong(
  decoder: Decode,
  prompts: readonly (readonly number[])[],
  count: number,
): Promise<string | null> {
  // Two tokens take at least as long as the prompt and one; each further one no longer than the half of that.
  if (((await once(decoder, prompts, 2)) * count) / 2 <= MOST_SECONDS) return null;
  const two = await once(decoder, prompts, 2);
  const three = await once(decoder, prompts, 3);
  const seconds = two + (count - 2) * Math.max(0, three - two);
  return seconds > MOST_SECONDS
    ? `expected at most ${MOST_SECONDS} s, got ${seconds.toFixed(0)} s estimated from its first tokens`
    : null;
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
  await chooseKernels(gpu, config, rolloutDtype);
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
