/**
 * Safetensors files that are read a stretch at a time: the header first, and of the data only what is asked for, in
 * pieces. So a model in half precision takes its float32 weights and one piece, never the file beside them.
 * Used by `model-folder.ts`.
 */
import type { ByteSource } from './byte-source';
import { headerLength, type Placed, placeTensors, readElements, SafetensorsError } from './safetensors';
import { quoted } from './safetensors-header';

/** Bytes that are read at once. */
export const PIECE = 4 * 2 ** 20;

/** The dtypes that weights come in; all are computed with as float32. */
const FLOATS = ['F32', 'F16', 'BF16'] as const;

export interface TensorIndex {
  source: ByteSource;
  /** Where the data begins in the file. */
  start: number;
  tensors: ReadonlyMap<string, Placed>;
}

/** Reads a file's header. @throws SafetensorsError for every file that is not exactly sound. */
export async function openSafetensors(source: ByteSource): Promise<TensorIndex> {
  const first = await source.read(0, Math.min(8, source.size));
  const length = headerLength(first, source.size);
  const header = await source.read(8, 8 + length);
  const start = 8 + length;
  const { placed } = placeTensors(header, source.size - start);
  return { source, start, tensors: new Map(placed.map((each) => [each.name, each])) };
}

/**
 * A tensor of weights as float32, [elements].
 * @param onRead called with the bytes of every piece that was read.
 * @throws SafetensorsError when its dtype is none of weights, it is not of `shape`, or it holds what is no number.
 */
export async function readWeights(
  { source, start }: Pick<TensorIndex, 'source' | 'start'>,
  { name, dtype, shape, begin, end, length }: Placed,
  expected: readonly number[],
  onRead?: (bytes: number) => void,
): Promise<Float32Array> {
  const where = `tensor ${quoted(name)}`;
  if (!(FLOATS as readonly string[]).includes(dtype))
    throw new SafetensorsError(where, `expected a dtype of ${FLOATS.join(', ')}, got ${dtype}`);
  if (shape.join() !== expected.join())
    throw new SafetensorsError(where, `expected the shape [${expected}], got [${shape}]`);
  const values = new Float32Array(length);
  let done = 0;
  for (let at = begin; at < end; at += PIECE) {
    const to = Math.min(at + PIECE, end);
    const bytes = await source.read(start + at, start + to);
    if (bytes.length !== to - at)
      throw new SafetensorsError(
        where,
        `expected ${to - at} bytes at ${start + at}, got ${bytes.length}: the file has changed while it was read`,
      );
    const piece = readElements(dtype, bytes) as Float32Array;
    const broken = piece.findIndex((value) => !Number.isFinite(value));
    if (broken !== -1)
      throw new SafetensorsError(
        where,
        `expected finite numbers, got ${piece[broken]} at ${done + broken}: is the file damaged?`,
      );
    values.set(piece, done);
    done += piece.length;
    onRead?.(bytes.length);
  }
  return values;
}
