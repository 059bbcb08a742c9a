/**
 * A policy on ONNX Runtime: decodes and scores as `model/policy.ts` does on the device, from the exported model with a
 * cache, so that evaluation and predictions run on either by the same code. Random numbers are the same functions of
 * (seed, purpose, step, rollout, position), so answers differ from the device's only where rounding tips a token.
 *
 * Knows no worker and no page; the runtime is handed in, since the page loads it late and tests take Node's.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { onnxModel } from '../../export/onnx';
import type { Row } from '../../model/batch';
import type { LlamaConfig } from '../../model/config';
import type { Decoded, DecodeRow, OnGrown, Randomness, SamplingSettings } from '../../model/decoder';
import type { NamedTensors } from '../../model/parameters';
import type { Policy, Scored, Through } from '../../model/policy';
import { sampleToken } from '../../model/reference/decode';
import { logSoftmaxGather } from '../../model/reference/log-softmax';
import type { Decoding } from '../../rl/rollouts';
import { philox } from '../../run/random';

/** What is used of the package, whichever of its builds it is. */
export interface OrtRuntime {
  InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  Tensor: typeof Tensor;
}

/** Where ONNX Runtime computes. */
export type OrtEngine = 'wasm' | 'webgpu';

/** A policy's weights; `adapted` are those its predictions go through where it has an adapter. */
export interface OrtWeights {
  config: LlamaConfig;
  weights: NamedTensors;
  adapted: NamedTensors | null;
}

/** Rows of one pass: enough to keep the matrices thick, few enough that what a pass holds stays small. */
const DECODE_ROWS = 64;
/** Tokens of the rows that are scored in one pass, about. */
const SCORE_TOKENS = 4096;
/** What is shown while rollouts grow need not be newer than this. */
const GROWN_EVERY_MS = 40;
/** Finished rows are taken out of the batch once so many of it are. */
const LEAVE_SHARE = 0.25;

/** Keys and values of a batch's tokens so far, under their input names. */
type Past = Map<string, Tensor>;

interface LiveRow {
  /** Place among the rows of the call. */
  place: number;
  row: DecodeRow;
}

export class OrtPolicy implements Decoding, Pick<Policy, 'decode' | 'score'> {
  readonly capacity = { decodeRows: DECODE_ROWS };

  private constructor(
    private readonly runtime: OrtRuntime,
    private readonly config: LlamaConfig,
    private readonly sessions: { policy: InferenceSession; adapter: InferenceSession | null },
  ) {}

  /** Builds the graphs and has the runtime compile them. @throws what the runtime throws. */
  static async create(runtime: OrtRuntime, model: OrtWeights, engine: OrtEngine): Promise<OrtPolicy> {
    const { config, weights, adapted } = model;
    const open = (of: NamedTensors) =>
      runtime.InferenceSession.create(onnxModel(config, of, { cache: true }), {
        executionProviders: [engine],
        // Which operators it places where is nobody's mistake.
        logSeverityLevel: 3,
      });
    const policy = await open(weights);
    try {
      return new OrtPolicy(runtime, config, { policy, adapter: adapted && (await open(adapted)) });
    } catch (error) {
      await policy.release();
      throw error;
    }
  }

  /** Frees what the runtime holds of it; nothing may be under way. */
  async release(): Promise<void> {
    await this.sessions.policy.release();
    await this.sessions.adapter?.release();
  }

  /**
   * As `Policy.decode`: at most `capacity.decodeRows` rows, each with its own prompt and limit.
   * @throws what `onGrown` throws, which is how it is stopped.
   */
  async decode(
    rows: readonly DecodeRow[],
    settings: SamplingSettings,
    randomness: Randomness,
    onGrown?: OnGrown,
    { through }: { through?: Through } = {},
  ): Promise<Decoded[]> {
    const session = this.sessionOf(through);
    const ends: readonly number[] = [settings.endOfSequence].flat();
    const out = rows.map((): Decoded => ({ tokens: [], logps: [], entropies: [], truncated: false }));
    const finished = rows.map(({ limit }) => limit === 0);
    let grown = rows.map((): number[] => []);
    let live = rows.flatMap((row, place): LiveRow[] => (finished[place] ? [] : [{ place, row }]));
    if (live.length === 0) return out;
    let { ids, positions, mask } = leftPadded(live.map(({ row }) => row.prompt));
    let past = this.empty(live.length);
    let shown = performance.now();
    for (let step = 0; live.length > 0; step++) {
      const { logits, present } = await this.run(session, ids, mask, positions, past);
      const vocabulary = this.config.vocab_size;
      const length = ids[0].length;
      const next = live.map(({ place, row }, r) => {
        const from = ((r + 1) * length - 1) * vocabulary;
        const last = logits.subarray(from, from + vocabulary);
        if (finished[place]) return ends[0];
        const { token, logp } = this.sample(last, settings, randomness, row.id, step);
        const decoded = out[place];
        decoded.tokens.push(token);
        decoded.logps.push(logp);
        decoded.entropies.push(entropyOf(last, settings.temperature || 1));
        grown[place].push(token);
        finished[place] = ends.includes(token) || step + 1 >= row.limit;
        decoded.truncated = finished[place] && !ends.includes(token);
        return token;
      });
      const stay = live.flatMap(({ place }, r) => (finished[place] ? [] : [r]));
      const over = stay.length === 0;
      if (over || performance.now() - shown >= GROWN_EVERY_MS) {
        await onGrown?.(grown, [...finished]);
        // The runtime computes on this thread: without a breath no message would be heard.
        await breath();
        grown = rows.map(() => []);
        shown = performance.now();
      }
      past = present;
      ids = next.map((id) => [id]);
      positions = live.map(({ place, row }) => [finished[place] ? 0 : row.prompt.length + step]);
      for (const row of mask) row.push(1);
      // Rows that are finished are dragged along until it pays to copy the others.
      if (over || live.length - stay.length >= LEAVE_SHARE * live.length) {
        const kept = <T>(all: readonly T[]): T[] => stay.map((r) => all[r]);
        [live, ids, positions, mask] = [kept(live), kept(ids), kept(positions), kept(mask)];
        past = over ? past : this.rowsOf(past, stay);
      }
    }
    return out;
  }

  /** As `Policy.score`: log-probabilities, entropies and, when asked for, logits of the rows' active tokens. */
  async score(
    rows: readonly Row[],
    options: { temperature?: number; logits?: boolean; through?: Through } = {},
  ): Promise<Scored[]> {
    const session = this.sessionOf(options.through);
    const vocabulary = this.config.vocab_size;
    const scored: Scored[] = [];
    for (let at = 0; at < rows.length; ) {
      let most = 0;
      let end = at;
      for (; end < rows.length; end++) {
        most = Math.max(most, rows[end].tokens.length);
        if (end > at && (end + 1 - at) * most > SCORE_TOKENS) break;
      }
      const part = rows.slice(at, end);
      const { ids, positions, mask } = leftPadded(part.map(({ tokens }) => tokens));
      const { logits } = await this.run(session, ids, mask, positions, this.empty(part.length));
      const length = ids[0].length;
      part.forEach(({ tokens, active }, r) => {
        const gap = length - tokens.length;
        // A token is predicted from the place before it.
        const places = active.map((position) => r * length + gap + position - 1);
        const own = new Float64Array(active.length * vocabulary);
        places.forEach((place, i) => {
          own.set(logits.subarray(place * vocabulary, (place + 1) * vocabulary), i * vocabulary);
        });
        const targets = active.map((position) => tokens[position]);
        const { logp, entropy } = logSoftmaxGather(own, targets, vocabulary, options.temperature ?? 1);
        scored.push({
          logps: Float32Array.from(logp),
          entropies: Float32Array.from(entropy),
          logits: options.logits ? Float32Array.from(own) : undefined,
        });
      });
      at = end;
      await breath();
    }
    return scored;
  }

  private sessionOf(through: Through = 'policy'): InferenceSession {
    const session = this.sessions[through];
    if (!session)
      throw new Error('internal: second opinion: expected a policy with an adapter, got one without');
    return session;
  }

  /** The token that the device's sampler would draw from these logits [V]. */
  private sample(
    logits: Float32Array,
    { temperature, top_k, top_p }: SamplingSettings,
    { seed, purpose, step }: Randomness,
    rollout: number,
    position: number,
  ) {
    const block = philox([step, rollout, Math.floor(position / 4), 0], [seed, purpose]);
    // As many bits as a float32 holds, which is what the shader draws.
    const uniform = (block[position % 4] >>> 8) / 2 ** 24;
    const greedy = temperature === 0;
    return sampleToken(logits, uniform, {
      temperature: greedy ? 1 : temperature,
      topK: top_k,
      topP: top_p,
      greedy,
    });
  }

  private async run(
    session: InferenceSession,
    ids: readonly (readonly number[])[],
    mask: readonly (readonly number[])[],
    positions: readonly (readonly number[])[],
    past: Past,
  ): Promise<{ logits: Float32Array; present: Past }> {
    const int64 = (values: readonly (readonly number[])[]): Tensor =>
      new this.runtime.Tensor('int64', BigInt64Array.from(values.flat(), BigInt), [
        values.length,
        values[0].length,
      ]);
    const outputs = await session.run({
      input_ids: int64(ids),
      attention_mask: int64(mask),
      position_ids: int64(positions),
      ...Object.fromEntries(past),
    });
    const present: Past = new Map();
    for (const name of past.keys()) present.set(name, outputs[name.replace('past_key_values', 'present')]);
    return { logits: floatsOf(outputs.logits), present };
  }

  /** The past of `rows` rows that have none yet. */
  private empty(rows: number): Past {
    const { num_hidden_layers: layers, num_key_value_heads: heads, head_dim: width } = this.config;
    const past: Past = new Map();
    for (let layer = 0; layer < layers; layer++)
      for (const part of ['key', 'value'])
        past.set(
          `past_key_values.${layer}.${part}`,
          new this.runtime.Tensor('float32', new Float32Array(0), [rows, heads, 0, width]),
        );
    return past;
  }

  /** The past of some rows of a batch, in the order given. */
  private rowsOf(past: Past, rows: readonly number[]): Past {
    const kept: Past = new Map();
    for (const [name, tensor] of past) {
      const values = floatsOf(tensor);
      const size = values.length / tensor.dims[0];
      const data = new Float32Array(rows.length * size);
      rows.forEach((row, r) => {
        data.set(values.subarray(row * size, (row + 1) * size), r * size);
      });
      kept.set(name, new this.runtime.Tensor('float32', data, [rows.length, ...tensor.dims.slice(1)]));
    }
    return kept;
  }
}

function floatsOf(tensor: Tensor): Float32Array {
  const { data } = tensor;
  if (data instanceof Float32Array) return data;
  throw new Error(`internal: second opinion: expected a tensor of float32, got ${tensor.type}`);
}

/** Rows padded on the left to one length, with their mask and positions; the padding's own values mean nothing. */
export function leftPadded(rows: readonly (readonly number[])[]): {
  ids: number[][];
  mask: number[][];
  positions: number[][];
} {
  const length = Math.max(...rows.map((row) => row.length));
  const padded = (value: (row: readonly number[], at: number) => number) =>
    rows.map((row) => {
      const gap = length - row.length;
      return Array.from({ length }, (_, i) => (i < gap ? 0 : value(row, i - gap)));
    });
  return { ids: padded((row, at) => row[at]), mask: padded(() => 1), positions: padded((_, at) => at) };
}

const entropyOf = (logits: Float32Array, temperature: number): number =>
  logSoftmaxGather(Float64Array.from(logits), [0], logits.length, temperature).entropy[0];

/** Lets messages of other threads in; `setTimeout` would wait longer, and in hidden tabs a second. */
function breath(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
