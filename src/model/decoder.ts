/**
 * Decoding: many rows at once, each with its own prompt and its own limit, over a key/value cache.
 *
 * Prompts go through the packed forward pass once each; the rows of a group share the result. Then tokens are made
 * on the device, several to a submission: sampling, ends and limits are decided there, and finished rows leave the
 * list of live rows. The host reads tokens back a chunk at a time while the next chunk is already under way.
 */
import type { PassExtent } from '../gpu/profile';
import { sampleTokens } from './decode-variants';
import { MOST_CHUNK, Pace } from './pace';
import { Prefill } from './prefill';
import { SHADERS } from './shaders';
import { type Extent, encodeOps, f32, type Op, packUniform, passOver, type Workspace } from './workspace';

export interface SamplingSettings {
  /** 0 takes the likeliest token. */
  temperature: number;
  /** 0: off. */
  top_k: number;
  /** 1: off. */
  top_p: number;
  /** The token that ends a row, or up to `MOST_ENDS` that do. */
  endOfSequence: number | readonly number[];
}

/** As many ends as the sampling kernel looks for. */
export const MOST_ENDS = 4;
/** No token of any vocabulary. */
const NO_TOKEN = 2 ** 32 - 1;

/** Which random numbers rows draw: token i of the rollout `id` is a pure function of these and i. */
export interface Randomness {
  seed: number;
  purpose: number;
  step: number;
}

export interface DecodeRow {
  prompt: readonly number[];
  /** The rollout's number in the step, part of its random key. */
  id: number;
  /** Most tokens it may generate; 0 generates nothing. */
  limit: number;
}

/** T generated tokens of one row. */
export interface Decoded {
  /** [T], with the end of sequence when it was reached. */
  tokens: number[];
  /** [T] */
  logps: number[];
  /** [T] entropy of the distribution each token was drawn from, in nats. */
  entropies: number[];
  /** Stopped by its limit. */
  truncated: boolean;
}

/** What a graph brings to decoding: its weights are in here. */
export interface TokenPasses {
  /** The packed forward pass up to the last layer's keys and values, a list of operations for each layer. */
  prompt: readonly (readonly Op[])[];
  /** One more token of every live row. */
  token: readonly Op[];
  /** Brings a copy of the weights up to date that they read; before every decode. */
  refresh?(): void;
}

/** Called after every chunk with what each row has grown by; may wait, to pause. */
export type OnGrown = (grown: number[][], finished: boolean[]) => void | Promise<void>;

export class Decoder {
  /** The extent of the live rows, which token passes are bound to. */
  readonly live: GPUBuffer;
  private readonly sampling: GPUBuffer;
  private readonly randomness: GPUBuffer;
  private readonly scheduleSize: GPUBuffer;
  private readonly schedule: Op;
  private readonly prefill: Prefill;
  private readonly sample: Op;
  private readonly staging: GPUBuffer[];
  private readonly scoreStaging: GPUBuffer;

  constructor(
    private readonly workspace: Workspace,
    /** The extent that packed forward passes are bound to. */
    tokensExtent: Extent,
  ) {
    const { capacity, pool } = workspace;
    const rows = capacity.decodeRows;
    // Written by a kernel and read as a uniform by the others.
    this.live = workspace.device.createBuffer({
      label: 'decoder.live',
      size: 16,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
    pool.adopt(this.live);
    this.sampling = pool.uniform('sample.settings', new Uint32Array(12));
    this.randomness = pool.uniform('sample.randomness', new Uint32Array(4));
    this.scheduleSize = pool.uniform('schedule_rows.size', new Uint32Array([rows]));
    this.schedule = workspace.op(
      SHADERS.scheduleRows,
      {
        size: this.scheduleSize,
        state: 'state',
        live: this.live,
        live_rows: 'liveRows',
        ids: 'liveIds',
        positions: 'livePositions',
      },
      { grid: () => [1, 1, 1] },
    );
    this.prefill = new Prefill(workspace, tokensExtent);
    this.sample = sampleTokens(workspace, workspace.config, {
      extent: this.live,
      sampling: this.sampling,
      randomness: this.randomness,
      live_rows: 'liveRows',
      logits: 'logits',
      orders: 'orders',
      state: 'state',
      tokens: 'newTokens',
      scores: 'newScores',
    });
    this.staging = [0, 1].map((i) =>
      pool.readback(`decoder.tokens${i}`, Math.min(MOST_CHUNK, capacity.newTokens) * rows * 4),
    );
    this.scoreStaging = pool.readback('decoder.scores', capacity.newTokens * rows * 8);
  }

  /**
   * Generates all rows with the weights of `passes`.
   * @throws Error when there are more rows, longer prompts or higher limits than the plan has room for;
   *   whatever `onGrown` throws, after the device has come to rest.
   */
  async decode(
    passes: TokenPasses,
    rows: readonly DecodeRow[],
    settings: SamplingSettings,
    randomness: Randomness,
    onGrown?: OnGrown,
  ): Promise<Decoded[]> {
    this.check(rows);
    passes.refresh?.();
    const ends = endsOf(settings);
    const longest = Math.max(0, ...rows.map((r) => r.limit));
    this.begin(rows, settings, randomness);
    this.prefill.run(
      passes.prompt,
      rows.map((r) => r.prompt),
    );

    const out: Decoded[] = rows.map(() => ({ tokens: [], logps: [], entropies: [], truncated: false }));
    const finished = rows.map((r) => r.limit === 0);
    const { queue } = this.workspace.device;
    let live = finished.filter((f) => !f).length;
    const pending: { mapped: Promise<void>; staging: GPUBuffer; count: number }[] = [];
    let submitted = 0;
    const pace = new Pace();
    let chunks = 0;
    /** When the device had last done all that was asked of it. */
    let rested = performance.now();
    /** Of each token's pass: how many rows it is for, only the device knows while it is encoded. */
    const extents: PassExtent[] | null = this.workspace.profile && [];
    try {
      while (submitted < longest || pending.length > 0) {
        // Two chunks under way: one being read, one being computed.
        while (submitted < longest && pending.length < 2 && live > 0) {
          const count = pace.next(longest - submitted);
          const staging = this.staging[chunks++ % 2];
          if (pending.length === 0) rested = performance.now();
          queue.submit([
            this.encodeChunk(passes.token, rows.length, live, submitted, count, staging, extents),
          ]);
          pending.push({ mapped: staging.mapAsync(GPUMapMode.READ), staging, count });
          submitted += count;
        }
        const chunk = pending.shift();
        if (!chunk) break;
        await chunk.mapped;
        const mapped = performance.now();
        pace.took(chunk.count, mapped - rested);
        rested = mapped;
        const tokens = new Uint32Array(chunk.staging.getMappedRange());
        const grown = rows.map((row, r) => {
          const added: number[] = [];
          for (let i = 0; i < chunk.count && !finished[r]; i++) {
            const token = tokens[i * rows.length + r];
            added.push(token);
            out[r].tokens.push(token);
            if (ends.includes(token)) finished[r] = true;
            else if (out[r].tokens.length >= row.limit) {
              finished[r] = true;
              out[r].truncated = true;
            }
          }
          return added;
        });
        chunk.staging.unmap();
        live = finished.filter((f) => !f).length;
        await onGrown?.(grown, finished);
      }
    } finally {
      for (const { mapped, staging } of pending) {
        await mapped.catch(() => {});
        if (staging.mapState === 'mapped') staging.unmap();
      }
    }
    await this.readScores(out, rows.length);
    extents?.forEach((extent, i) => {
      Object.assign(extent, tokenExtent(rows, out, i));
    });
    return out;
  }

  private check(rows: readonly DecodeRow[]): void {
    const { capacity, config } = this.workspace;
    const fail = (what: string, most: number, got: number) => {
      throw new Error(`decode: expected at most ${most} ${what}, got ${got}`);
    };
    if (rows.length > capacity.decodeRows) fail('rows', capacity.decodeRows, rows.length);
    rows.forEach(({ prompt, limit }, r) => {
      if (prompt.length === 0) throw new Error(`decode: row ${r}: expected a prompt of at least one token`);
      if (!(Number.isInteger(limit) && limit >= 0))
        throw new Error(`decode: row ${r}: expected a limit of 0 or more tokens, got ${limit}`);
      if (limit > capacity.newTokens) fail('new tokens a row', capacity.newTokens, limit);
      if (prompt.length + limit > capacity.cacheLength)
        fail('tokens of prompt and completion', capacity.cacheLength, prompt.length + limit);
      if (prompt.length - 1 > capacity.tokens)
        throw new Error(
          `decode: row ${r}: expected a prompt of at most ${capacity.tokens + 1} tokens, got ${prompt.length}; raise micro_batch_tokens`,
        );
      for (const id of prompt)
        if (!(Number.isInteger(id) && id >= 0 && id < config.vocab_size))
          throw new Error(`decode: row ${r}: expected tokens below ${config.vocab_size}, got ${id}`);
    });
  }

  private begin(
    rows: readonly DecodeRow[],
    settings: SamplingSettings,
    { seed, purpose, step }: Randomness,
  ): void {
    const { workspace } = this;
    const greedy = settings.temperature === 0;
    const { queue } = workspace.device;
    queue.writeBuffer(
      this.sampling,
      0,
      packUniform([
        workspace.config.vocab_size,
        rows.length,
        greedy ? 1 : 0,
        f32(greedy ? 1 : 1 / settings.temperature),
        settings.top_k,
        f32(settings.top_p),
        ...[0, 0],
        ...Array.from({ length: MOST_ENDS }, (_, i) => endsOf(settings)[i] ?? NO_TOKEN),
      ]),
    );
    queue.writeBuffer(this.randomness, 0, packUniform([seed, purpose, step]));
    queue.writeBuffer(this.scheduleSize, 0, packUniform([rows.length]));
    workspace.write('orders', Uint32Array.from(rows.flatMap((r) => [r.id, r.limit])));
    workspace.write(
      'state',
      Uint32Array.from(
        rows.flatMap(({ prompt, limit }) => [
          prompt[prompt.length - 1],
          prompt.length - 1,
          0,
          limit === 0 ? 1 : 0,
        ]),
      ),
    );
  }

  /** `count` tokens of every live row, then their copy for the host. `live` is an upper bound. */
  private encodeChunk(
    token: readonly Op[],
    rows: number,
    live: number,
    first: number,
    count: number,
    staging: GPUBuffer,
    extents: PassExtent[] | null,
  ): GPUCommandBuffer {
    const encoder = this.workspace.device.createCommandEncoder({ label: 'decoder.chunk' });
    const pass = this.workspace.begin(encoder);
    for (let i = 0; i < count; i++) {
      if (extents) {
        extents.push({});
        passOver(pass, () => extents[first + i]);
      }
      encodeOps(pass, [this.schedule], rows);
      encodeOps(pass, token, live);
      encodeOps(pass, [this.sample], live);
    }
    pass.end();
    encoder.copyBufferToBuffer(
      this.workspace.buffer('newTokens'),
      first * rows * 4,
      staging,
      0,
      count * rows * 4,
    );
    return encoder.finish();
  }

  private async readScores(out: Decoded[], rows: number): Promise<void> {
    const longest = Math.max(0, ...out.map((d) => d.tokens.length));
    if (longest === 0) return;
    const bytes = longest * rows * 8;
    const encoder = this.workspace.device.createCommandEncoder({ label: 'decoder.scores' });
    encoder.copyBufferToBuffer(this.workspace.buffer('newScores'), 0, this.scoreStaging, 0, bytes);
    this.workspace.device.queue.submit([encoder.finish()]);
    await this.scoreStaging.mapAsync(GPUMapMode.READ, 0, bytes);
    const scores = new Float32Array(this.scoreStaging.getMappedRange(0, bytes));
    out.forEach((decoded, r) => {
      for (let i = 0; i < decoded.tokens.length; i++) {
        decoded.logps.push(scores[(i * rows + r) * 2]);
        decoded.entropies.push(scores[(i * rows + r) * 2 + 1]);
      }
    });
    this.scoreStaging.unmap();
  }
}

/** What the pass of the `i`-th generated token ran over: the rows that have such a token, and what they attended to. */
function tokenExtent(rows: readonly DecodeRow[], decoded: readonly Decoded[], i: number) {
  const live = rows.filter((_, r) => decoded[r].tokens.length > i);
  return { live: live.length, attended: live.reduce((sum, { prompt }) => sum + prompt.length + i, 0) };
}

/** @throws Error when there are more than the kernel looks for. */
function endsOf({ endOfSequence }: SamplingSettings): readonly number[] {
  const ends = [endOfSequence].flat() as number[];
  if (ends.length > MOST_ENDS)
    throw new Error(`decode: expected at most ${MOST_ENDS} tokens that end a row, got ${ends.length}`);
  return ends;
}
