/**
 * The policy's parameters on the device: flat arenas of weights, gradients and AdamW moments.
 *
 * Tensors lie end to end in arenas no larger than one storage binding, so that the gradient norm and the optimiser
 * are one dispatch an arena. Matrices that are multiplied with the same input lie together (queries, keys and
 * values; gate and up), which makes them one product. Outside, tensors have Hugging Face's names and shapes.
 */
import type { BufferPool, Gpu } from '../gpu/device';
import type { BufferRange } from '../gpu/kernel';
import { type LlamaConfig, type ParameterShape, parameterShapes } from './config';

/** Tensors start at multiples of this many floats: WebGPU wants bindings aligned to 256 bytes. */
const ALIGNMENT = 64;

/** A tensor as the kernels see it: [rows, columns] in an arena, from `offset` floats on. */
export interface DeviceTensor {
  name: string;
  rows: number;
  columns: number;
  arena: number;
  offset: number;
}

interface Arena {
  /** Floats. */
  size: number;
  /** Values before this one are decayed: matrices lie before norm weights. */
  decayEnd: number;
}

/** A Hugging Face tensor as a part of a device tensor. */
interface NamedPart extends ParameterShape {
  arena: number;
  offset: number;
  size: number;
}

export interface ParameterLayout {
  tensors: Map<string, DeviceTensor>;
  parts: NamedPart[];
  arenas: Arena[];
}

/** Where every tensor goes. Device tensors: `embedding`, `layers.N.{qkv,o,gate_up,down,norm1,norm2}`, `norm`, `head`. */
export function layoutParameters(config: LlamaConfig, maxArenaBytes: number): ParameterLayout {
  const { hidden_size: width, intermediate_size: inner, vocab_size: vocab } = config;
  const queries = config.num_attention_heads * config.head_dim;
  const keys = config.num_key_value_heads * config.head_dim;
  const shapes = new Map(parameterShapes(config).map((p) => [p.name, p.shape]));
  const planned: { name: string; rows: number; columns: number; parts: string[] }[] = [
    { name: 'embedding', rows: vocab, columns: width, parts: ['model.embed_tokens.weight'] },
  ];
  const vectors: typeof planned = [];
  for (let l = 0; l < config.num_hidden_layers; l++) {
    const hf = (names: string[]) => names.map((n) => `model.layers.${l}.${n}.weight`);
    planned.push(
      {
        name: `layers.${l}.qkv`,
        rows: queries + 2 * keys,
        columns: width,
        parts: hf(['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj']),
      },
      { name: `layers.${l}.o`, rows: width, columns: queries, parts: hf(['self_attn.o_proj']) },
      {
        name: `layers.${l}.gate_up`,
        rows: 2 * inner,
        columns: width,
        parts: hf(['mlp.gate_proj', 'mlp.up_proj']),
      },
      { name: `layers.${l}.down`, rows: width, columns: inner, parts: hf(['mlp.down_proj']) },
    );
    vectors.push(
      { name: `layers.${l}.norm1`, rows: 1, columns: width, parts: hf(['input_layernorm']) },
      { name: `layers.${l}.norm2`, rows: 1, columns: width, parts: hf(['post_attention_layernorm']) },
    );
  }
  if (!config.tie_word_embeddings)
    planned.push({ name: 'head', rows: vocab, columns: width, parts: ['lm_head.weight'] });
  vectors.push({ name: 'norm', rows: 1, columns: width, parts: ['model.norm.weight'] });

  const tensors = new Map<string, DeviceTensor>();
  const parts: NamedPart[] = [];
  const arenas: Arena[] = [{ size: 0, decayEnd: 0 }];
  for (const each of [...planned, ...vectors]) {
    const size = each.rows * each.columns;
    const padded = Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    if ((arenas[arenas.length - 1].size + padded) * 4 > maxArenaBytes && arenas[arenas.length - 1].size > 0)
      arenas.push({ size: 0, decayEnd: 0 });
    const arena = arenas.length - 1;
    let offset = arenas[arena].size;
    tensors.set(each.name, { name: each.name, rows: each.rows, columns: each.columns, arena, offset });
    arenas[arena].size += padded;
    if (each.rows > 1 || !each.name.includes('norm')) arenas[arena].decayEnd = arenas[arena].size;
    for (const name of each.parts) {
      const shape = shapes.get(name)!;
      const partSize = shape.reduce((a, b) => a * b, 1);
      parts.push({ name, shape, arena, offset, size: partSize });
      offset += partSize;
    }
  }
  const order = new Map([...shapes.keys()].map((name, i) => [name, i]));
  parts.sort((a, b) => order.get(a.name)! - order.get(b.name)!);
  return { tensors, parts, arenas };
}

/** What is kept for each parameter. A policy that is only read (the KL reference) has weights alone. */
export type ParameterKind = 'weights' | 'gradient' | 'mean' | 'square';

/** Tensors by Hugging Face's names. */
export type NamedTensors = Map<string, Float32Array>;

export class Parameters {
  readonly layout: ParameterLayout;
  private readonly buffers: Record<ParameterKind, GPUBuffer[]>;

  constructor(
    private readonly gpu: Gpu,
    readonly config: LlamaConfig,
    label: string,
    trained: boolean,
    pool: BufferPool,
  ) {
    const { maxBufferSize, maxStorageBufferBindingSize } = gpu.device.limits;
    this.layout = layoutParameters(config, Math.min(maxBufferSize, maxStorageBufferBindingSize));
    const make = (kind: ParameterKind) =>
      this.layout.arenas.map((arena, i) => pool.storage(`${label}.${kind}${i}`, arena.size));
    this.buffers = {
      weights: make('weights'),
      gradient: trained ? make('gradient') : [],
      mean: trained ? make('mean') : [],
      square: trained ? make('square') : [],
    };
  }

  /** The arenas of a kind, whole. */
  arenas(kind: ParameterKind): readonly GPUBuffer[] {
    return this.buffers[kind];
  }

  /** The binding of one device tensor. */
  range(name: string, kind: ParameterKind = 'weights'): BufferRange {
    const t = this.tensor(name);
    return { buffer: this.buffers[kind][t.arena], offset: t.offset * 4, size: t.rows * t.columns * 4 };
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
      this.gpu.device.queue.writeBuffer(this.buffers[kind][i], 0, flat);
    });
  }

  /** Sets every value of a kind to zero. */
  clear(kind: ParameterKind, encoder: GPUCommandEncoder): void {
    for (const buffer of this.buffers[kind]) encoder.clearBuffer(buffer);
  }

  /** Copies tensors back, through a staging buffer of their own: not for a step's hot path. */
  async download(kind: ParameterKind = 'weights'): Promise<NamedTensors> {
    const flats = await Promise.all(
      this.buffers[kind].map(async (buffer) => {
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
