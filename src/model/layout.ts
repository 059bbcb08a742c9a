/**
 * Where tensors lie on the device: end to end in flat arenas no larger than one storage binding.
 *
 * So the gradient norm and the optimiser are one dispatch an arena, whatever the tensors are. Knows no model: the
 * policy's tensors are listed in `parameters.ts`, an adapter's in `adapter-layout.ts`.
 */
import type { ParameterShape } from './config';

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

export interface Arena {
  /** Floats. */
  size: number;
  /** Values before this one are decayed: matrices lie before norm weights. */
  decayEnd: number;
}

/** A tensor by its name outside, as a part of a device tensor. */
export interface NamedPart extends ParameterShape {
  arena: number;
  offset: number;
  size: number;
}

export interface Layout {
  tensors: Map<string, DeviceTensor>;
  parts: NamedPart[];
  arenas: Arena[];
}

/** A device tensor to be placed, with the named tensors that lie end to end in it. */
export interface PlannedTensor {
  name: string;
  rows: number;
  columns: number;
  parts: readonly ParameterShape[];
}

/** The largest arena a device binds whole, in bytes. */
export const bindingLimit = (limits: { maxBufferSize: number; maxStorageBufferBindingSize: number }) =>
  Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);

/** Places matrices, which weight decay acts on, and then vectors, which it does not. Parts keep the order given. */
export function placeTensors(
  matrices: readonly PlannedTensor[],
  vectors: readonly PlannedTensor[],
  maxArenaBytes: number,
): Layout {
  const tensors = new Map<string, DeviceTensor>();
  const parts: NamedPart[] = [];
  const arenas: Arena[] = [{ size: 0, decayEnd: 0 }];
  for (const each of [...matrices, ...vectors]) {
    const size = each.rows * each.columns;
    const padded = Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    if ((arenas[arenas.length - 1].size + padded) * 4 > maxArenaBytes && arenas[arenas.length - 1].size > 0)
      arenas.push({ size: 0, decayEnd: 0 });
    const arena = arenas.length - 1;
    let offset = arenas[arena].size;
    tensors.set(each.name, { name: each.name, rows: each.rows, columns: each.columns, arena, offset });
    arenas[arena].size += padded;
    if (tensors.size <= matrices.length) arenas[arena].decayEnd = arenas[arena].size;
    for (const { name, shape } of each.parts) {
      const partSize = shape.reduce((a, b) => a * b, 1);
      parts.push({ name, shape, arena, offset, size: partSize });
      offset += partSize;
    }
  }
  return { tensors, parts, arenas };
}

/** The matrices of a layout; what lies after the end of decay are norm weights. */
export const matricesOf = ({ tensors, arenas }: Layout): DeviceTensor[] =>
  [...tensors.values()].filter(({ arena, offset }) => offset < arenas[arena].decayEnd);

/** 4-byte words that hold a matrix as halves. */
export const float16Words = ({ rows, columns }: DeviceTensor): number => Math.ceil((rows * columns) / 2);

/** Where a layout's matrices go as halves: one row of words each. */
export function layoutFloat16(layout: Layout, maxArenaBytes: number): Layout {
  const words = matricesOf(layout).map((tensor) => ({
    name: tensor.name,
    rows: 1,
    columns: float16Words(tensor),
    parts: [],
  }));
  return placeTensors(words, [], maxArenaBytes);
}
