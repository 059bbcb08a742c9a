/**
 * The memory plan: every buffer a policy will take, counted before any of it is taken.
 *
 * A plan that does not fit the adapter is refused with what it would take and which knobs to lower. The buffers are
 * made from the same list, so the plan cannot drift from what is allocated.
 */
import type { MemoryHolder } from '../run/event-parts';
import { type AdapterSpec, layoutAdapter } from './adapter-layout';
import type { LlamaConfig } from './config';
import { bindingLimit, type Layout, layoutFloat16 } from './layout';
import { holderOf } from './memory';
import { layoutParameters } from './parameters';

/** The most a policy is to hold at once. */
export interface Capacity {
  /** Packed tokens of a micro-batch, T; also active tokens, A. */
  tokens: number;
  /** Rows of a micro-batch, R. */
  rows: number;
  /** Rollouts of a whole batch whose statistics are kept. */
  batchRows: number;
  /** Rows decoded at once, B; 0 when the policy never decodes. */
  decodeRows: number;
  /** Positions of a row's cache, S. */
  cacheLength: number;
  /** Most tokens a row may generate. */
  newTokens: number;
  /** Gradients, moments and activations of every layer are kept. */
  trained: boolean;
  /** Activations that are not kept but made again; nothing by default. */
  gradientCheckpointing?: GradientCheckpointing;
  /** A second set of weights is kept as the reference of the KL term. */
  reference: boolean;
  /** A LoRA adapter, with a second set of weights and gradients that it is merged into. */
  adapter?: AdapterSpec;
  /** A second optimiser state over the policy's weights, where they are trained. */
  experts?: boolean;
  /** What weights are stored as where decoding reads them; float32 by default, which is the weights themselves. */
  rolloutDtype?: RolloutDtype;
}

/** Logits are made for this many bytes of tokens at a time. */
const LOGITS_BYTES = 32 * 1024 * 1024;

/** Rows whose logits are held at once, C: those of all rows that are decoded together, at least. */
export function headChunk(config: LlamaConfig, capacity: Capacity): number {
  const most = Math.max(1, Math.floor(LOGITS_BYTES / (4 * config.vocab_size)));
  return Math.max(Math.min(capacity.tokens, most), capacity.decodeRows);
}

/** Slices a weight gradient's rows are parted into: enough invocations for a GPU, few enough to be cheap. */
export function weightSlices(rows: number, columns: number): number {
  const tiles = Math.ceil(rows / 4) * Math.ceil(columns / 4);
  return Math.max(1, Math.min(16, Math.floor(8192 / tiles)));
}

/** Slices of a norm weight's gradient. */
export const NORM_SLICES = 64;

/** Partial sums of squares an arena: enough invocations to read the largest at a GPU's pace. */
export const NORM_PARTIALS = 8192;

/**
 * What the forward pass drops and the backward pass makes again, to save memory; bits stay the same. Named as in
 * transformers and TRL, where it is all or nothing: nothing; each block's gate and up projections; each block but its
 * input.
 */
export type GradientCheckpointing = 'off' | 'mlp' | 'block';

/** Whether every layer keeps its gate and up projections, and the rest of its block, until the backward pass. */
export function keptActivations({ trained, gradientCheckpointing = 'off' }: Capacity): {
  mlp: boolean;
  block: boolean;
} {
  return {
    mlp: trained && gradientCheckpointing === 'off',
    block: trained && gradientCheckpointing !== 'block',
  };
}

/** As verl's `rollout.dtype` and vLLM's `dtype`; of the weights alone: what is computed with them is float32. */
export type RolloutDtype = 'float32' | 'float16';

/** A buffer to be: its name and how many 4-byte values it holds. */
export type BufferPlan = Record<string, number>;

/** Every storage buffer of the workspace by name, in 4-byte values. Letters as in `batch.ts` and `config.ts`. */
export function planWorkspace(config: LlamaConfig, capacity: Capacity): BufferPlan {
  const { hidden_size: D, intermediate_size: F, vocab_size: V, num_hidden_layers: L } = config;
  const H = config.num_attention_heads;
  const KP = config.num_key_value_heads * config.head_dim;
  const HP = H * config.head_dim;
  const { tokens: T, rows: R, decodeRows: B } = capacity;
  const C = headChunk(config, capacity);
  const positions = Math.max(T, capacity.cacheLength);
  const plan: BufferPlan = {
    ids: T,
    positions: T,
    spans: 2 * T,
    angles: positions * config.head_dim,
    sources: T,
    targets: T,
    rowOfActive: T,
    ranges: 2 * R,
    rowValues: 2 * R,
    logp: T,
    entropy: T,
    normaliser: T,
    hidden: C * D,
    hiddenInverse: C,
    logits: C * V,
  };
  // Without a backward pass one layer's activations serve all: layers take turns in two residual buffers.
  const layers = capacity.trained ? L : 1;
  const kept = keptActivations(capacity);
  // Decoding works in the first layer's, and takes turns in x0 and x1: they hold every row that is decoded, too.
  const most = Math.max(T, B);
  for (let l = 0; l <= layers; l++) plan[`x${l}`] = (l < 2 ? most : T) * D;
  for (let l = 0; l < (kept.block ? L : 1); l++) {
    const N = l === 0 ? most : T;
    Object.assign(plan, {
      [`inverse1.${l}`]: N,
      [`qkv${l}`]: N * (HP + 2 * KP),
      [`attention${l}`]: N * HP,
      [`logsumexp${l}`]: T * H,
      [`mid${l}`]: N * D,
      [`inverse2.${l}`]: N,
    });
  }
  for (let l = 0; l < (kept.mlp ? L : 1); l++) plan[`gateUp${l}`] = (l === 0 ? most : T) * 2 * F;
  // What the backward pass makes again of these is not kept.
  Object.assign(plan, { normed: most * D, act: most * F });
  if (capacity.trained) {
    const scratch = [
      [HP + 2 * KP, D],
      [D, HP],
      [2 * F, D],
      [D, F],
      [V, D],
      // A single slice is added to the gradient at once.
    ].map(([n, k]) => (weightSlices(n, k) > 1 ? weightSlices(n, k) * n * k : 0));
    Object.assign(plan, {
      order: T,
      segments: 4 * Math.min(T, V),
      oldLogp: T,
      referenceLogp: T,
      logRatio: R,
      coefficient: T,
      detail: 4 * T,
      statistics: 8 * capacity.batchRows,
      dx: T * D,
      dnorm: Math.max(T, C) * D,
      dqkv: T * (HP + 2 * KP),
      dattention: T * HP,
      delta: T * H,
      dgateUp: T * 2 * F,
      dact: T * F,
      slices: Math.max(...scratch, NORM_SLICES * D),
    });
  }
  if (B > 0) {
    Object.assign(plan, {
      state: 4 * B,
      orders: 2 * B,
      prompts: 2 * B,
      liveRows: B,
      liveIds: B,
      livePositions: B,
      newTokens: capacity.newTokens * B,
      newScores: 2 * capacity.newTokens * B,
    });
    for (let l = 0; l < L; l++) plan[`cache${l}`] = B * capacity.cacheLength * 2 * KP;
  }
  return plan;
}

export interface MemoryPlan {
  /** Bytes of everything. */
  bytes: number;
  parameterBytes: number;
  activationBytes: number;
  cacheBytes: number;
  /** The same bytes by what holds them. */
  byHolder: Partial<Record<MemoryHolder, number>>;
  /** The largest single buffer. */
  largest: { name: string; bytes: number };
}

/** The adapter cannot hold what a manifest asks for. */
export class MemoryPlanError extends Error {
  constructor(
    message: string,
    readonly remedy: string,
  ) {
    super(message);
    this.name = 'MemoryPlanError';
  }
}

/**
 * Adds up what a policy would take.
 * @throws MemoryPlanError when a buffer would be larger than the adapter binds; Error for an impossible `adapter`.
 */
export function planMemory(
  config: LlamaConfig,
  capacity: Capacity,
  limits: { maxBufferSize: number; maxStorageBufferBindingSize: number },
): MemoryPlan {
  const limit = bindingLimit(limits);
  const layout = layoutParameters(config, limit);
  const workspace = Object.entries(planWorkspace(config, capacity)).map(([name, values]) => ({
    name,
    bytes: values * 4,
  }));
  const { trained, reference, adapter, experts } = capacity;
  const arenasOf = (name: string, { arenas }: Layout) =>
    arenas.map((a, i) => ({ name: `${name}${i}`, bytes: a.size * 4 }));
  const arenas = arenasOf('parameters', layout);
  const adapterLayout = adapter && layoutAdapter(config, adapter, limit);
  const adapterArenas = adapterLayout ? arenasOf('adapter', adapterLayout) : [];
  const halves =
    capacity.rolloutDtype === 'float16' && capacity.decodeRows > 0
      ? arenasOf('halves', layoutFloat16(layout, limit))
      : [];
  const copies =
    (trained ? 4 : 1) +
    (reference ? 1 : 0) +
    // Merged weights and their gradient; the second optimiser's two moments.
    (adapter ? (trained ? 2 : 1) : 0) +
    (trained && experts ? 2 : 0);
  const optimizers = trained
    ? [layout, ...(experts ? [layout] : []), ...(adapterLayout ? [adapterLayout] : [])]
    : [];
  const optimizerBytes = optimizers.reduce(
    (total, each) => total + 4 * (2 * NORM_PARTIALS * each.arenas.length + 4),
    0,
  );
  const sum = (list: { bytes: number }[]) => list.reduce((total, each) => total + each.bytes, 0);
  const cacheBytes = sum(workspace.filter((b) => b.name.startsWith('cache')));
  // Of the policy's weights, and of those with the adapter merged in.
  const halfBytes = sum(halves) * (adapter ? 2 : 1);
  const parameterBytes = sum(arenas) * copies + sum(adapterArenas) * (trained ? 4 : 1) + halfBytes;
  const activationBytes = sum(workspace) - cacheBytes + optimizerBytes;
  const byHolder: MemoryPlan['byHolder'] = {};
  const holds = (holder: MemoryHolder, bytes: number) => {
    if (bytes > 0) byHolder[holder] = (byHolder[holder] ?? 0) + bytes;
  };
  const merged = adapter ? 1 : 0;
  holds('weights', sum(arenas) * (1 + (reference ? 1 : 0) + merged) + sum(adapterArenas) + halfBytes);
  if (trained) {
    holds('gradients', sum(arenas) * (1 + merged) + sum(adapterArenas));
    holds('optimizer', 2 * (sum(arenas) * (experts ? 2 : 1) + sum(adapterArenas)) + optimizerBytes);
  }
  for (const { name, bytes } of workspace) holds(holderOf(`workspace.${name}`), bytes);
  const largest = [...workspace, ...arenas, ...adapterArenas].reduce((a, b) => (b.bytes > a.bytes ? b : a));
  const plan = {
    bytes: parameterBytes + activationBytes + cacheBytes,
    parameterBytes,
    activationBytes,
    cacheBytes,
    byHolder,
    largest,
  };
  // Logits are held for at least the rows that are decoded together.
  const byRows = headChunk(config, capacity) === capacity.decodeRows;
  if (largest.bytes > limit)
    throw new MemoryPlanError(
      `memory: buffer ${largest.name}: expected at most ${mebibytes(limit)} (what this adapter binds), got ${mebibytes(largest.bytes)}; the whole would take ${mebibytes(plan.bytes)}`,
      largest.name.startsWith('cache') || (largest.name === 'logits' && byRows)
        ? 'Lower prompts_per_step, num_generations or max_completion_length.'
        : largest.name.startsWith('parameters')
          ? 'The model itself is too large for this adapter; choose a smaller one.'
          : largest.name.startsWith('adapter')
            ? 'Lower the adapter’s rank.'
            : 'Lower micro_batch_tokens (not below the longest row), or choose a smaller model.',
    );
  return plan;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
