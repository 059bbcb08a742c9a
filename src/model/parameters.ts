/**
 * Parameters on the device: flat arenas of weights, gradients and AdamW moments, or of some of these.
 *
 * Matrices that are multiplied with the same input lie together (queries, keys and values; gate and up), which makes
 * them one product. Outside, tensors have Hugging Face's names and shapes. Used for the policy, for the reference of
 * the KL term, for an adapter and what it is merged into, and for a second optimiser's moments.
 */
import type { BufferPool, Gpu } from '../gpu/device';
import type { BufferRange } from '../gpu/kernel';
import { type LlamaConfig, parameterShapes } from './config';
import { type DeviceTensor, type Layout, type PlannedTensor, placeTensors } from './layout';

/** Where every tensor goes. Device tensors: `embedding`, `layers.N.{qkv,o,gate_up,down,norm1,norm2}`, `norm`, `head`. */
export function layoutParameters(config: LlamaConfig, maxArenaBytes: number): Layout {
  const { hidden_size: width, intermediate_size: inner, vocab_size: vocab } = config;
  const queries = config.num_attention_heads * config.head_dim;
  const keys = config.num_key_value_heads * config.head_dim;
  const shapes = parameterShapes(config);
  const shapeOf = new Map(shapes.map((p) => [p.name, p.shape]));
  const matrices: PlannedTensor[] = [];
  const vectors: PlannedTensor[] = [];
  const plan = (list: PlannedTensor[], name: string, rows: number, columns: number, parts: string[]) =>
    list.push({
      name,
      rows,
      columns,
      parts: parts.map((part) => ({ name: `${part}.weight`, shape: shapeOf.get(`${part}.weight`)! })),
    });
  plan(matrices, 'embedding', vocab, width, ['model.embed_tokens']);
  for (let l = 0; l < config.num_hidden_layers; l++) {
    const hf = (names: string[]) => names.map((n) => `model.layers.${l}.${n}`);
    const attention = hf(['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj']);
    plan(matrices, `layers.${l}.qkv`, queries + 2 * keys, width, attention);
    plan(matrices, `layers.${l}.o`, width, queries, hf(['self_attn.o_proj']));
    plan(matrices, `layers.${l}.gate_up`, 2 * inner, width, hf(['mlp.gate_proj', 'mlp.up_proj']));
    plan(matrices, `layers.${l}.down`, width, inner, hf(['mlp.down_proj']));
    plan(vectors, `layers.${l}.norm1`, 1, width, hf(['input_layernorm']));
    plan(vectors, `layers.${l}.norm2`, 1, width, hf(['post_attention_layernorm']));
  }
  if (!config.tie_word_embeddings) plan(matrices, 'head', vocab, width, ['lm_head']);
  plan(vectors, 'norm', 1, width, ['model.norm']);

  const layout = placeTensors(matrices, vectors, maxArenaBytes);
  const order = new Map(shapes.map(({ name }, i) => [name, i]));
  layout.parts.sort((a, b) => order.get(a.name)! - order.get(b.name)!);
  return layout;
}

/** What is kept for each parameter. A policy that is only read (the KL reference) has weights alone. */
export type ParameterKind = 'weights' | 'gradient' | 'mean' | 'square';
export const ALL_KINDS: readonly ParameterKind[] = ['weights', 'gradient', 'mean', 'square'];

/** Tensors by Hugging Face's names. */
export type NamedTensors = Map<string, Float32Array>;

export class Parameters {
  /** Counts the changes of the weights, for what is derived from them. */
  version = 0;
  private readonly buffers: ReadonlyMap<ParameterKind, readonly GPUBuffer[]>;

  constructor(
    private readonly gpu: Gpu,
    readonly layout: Layout,
    /** Of its buffers. */
    readonly label: string,
    /** What is kept; zero at first. */
    kinds: readonly ParameterKind[],
    pool: BufferPool,
  ) {
    this.buffers = new Map(
      kinds.map((kind) => [
        kind,
        layout.arenas.map((arena, i) => pool.storage(`${label}.${kind}${i}`, arena.size)),
      ]),
    );
  }

  /** The arenas of a kind, whole. */
  arenas(kind: ParameterKind): readonly GPUBuffer[] {
    const buffers = this.buffers.get(kind);
    if (!buffers) throw new Error(`internal: these parameters were planned without ${kind}`);
    return buffers;
  }

  /** The binding of one device tensor. */
  range(name: string, kind: ParameterKind = 'weights'): BufferRange {
    const t = this.tensor(name);
    return { buffer: this.arenas(kind)[t.arena], offset: t.offset * 4, size: t.rows * t.columns * 4 };
  }

  /** The weights of a matrix, where a pass reads them. */
  matrix(name: string): BufferRange {
    return this.range(name);
  }

  tensor(name: string): DeviceTensor {
    const t = this.layout.tensors.get(name);
    if (!t) throw new Error(`internal: no tensor named ${name}`);
    return t;
  }

  /**
   * Writes tensors to the device.
   * @throws Error naming a tensor that is missing, unknown, or not of its shape's size.
   */
  upload(tensors: ReadonlyMap<string, Float32Array>, kind: ParameterKind = 'weights'): void {
    const known = new Set(this.layout.parts.map((p) => p.name));
    for (const name of tensors.keys())
      if (!known.has(name)) throw new Error(`parameters: unknown tensor ${name}`);
    for (const part of this.layout.parts) {
      const data = tensors.get(part.name);
      if (!data) throw new Error(`parameters: tensor ${part.name} [${part.shape}] is missing`);
      if (data.length !== part.size)
        throw new Error(
          `parameters: tensor ${part.name}: expected [${part.shape}] = ${part.size} values, got ${data.length}`,
        );
    }
    // One write an arena; a part may start at a place that the queue could not write by itself.
    this.layout.arenas.forEach((arena, i) => {
      const flat = new Float32Array(arena.size);
      for (const part of this.layout.parts)
        if (part.arena === i) flat.set(tensors.get(part.name)!, part.offset);
      this.gpu.device.queue.writeBuffer(this.arenas(kind)[i], 0, flat);
    });
    if (kind === 'weights') this.version++;
  }

  /** Sets every value of a kind to zero. */
  clear(kind: ParameterKind, encoder: GPUCommandEncoder): void {
    for (const buffer of this.arenas(kind)) encoder.clearBuffer(buffer);
  }

  /** Copies tensors back, through a staging buffer of their own: not for a step's hot path. */
  async download(kind: ParameterKind = 'weights'): Promise<NamedTensors> {
    const flats = await Promise.all(
      this.arenas(kind).map(async (buffer) => {
        const staging = this.gpu.device.createBuffer({
          label: 'parameters.download',
          size: buffer.size,
          usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
        });
        const encoder = this.gpu.device.createCommandEncoder();
        encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
        this.gpu.device.queue.submit([encoder.finish()]);
        await staging.mapAsync(GPUMapMode.READ);
        const flat = new Float32Array(staging.getMappedRange().slice(0));
        staging.destroy();
        return flat;
      }),
    );
    return new Map(this.layout.parts.map((p) => [p.name, flats[p.arena].slice(p.offset, p.offset + p.size)]));
  }
}
