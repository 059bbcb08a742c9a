/**
 * Safetensors files in and out: the format of Hugging Face's checkpoints. Bytes to named arrays and back; not what the
 * names mean (`config.ts` knows a policy's) and not where the bytes come from.
 *
 * Reading trusts nothing: every malformed file ends in a `SafetensorsError`, before anything is allocated by its word.
 * Format: https://github.com/huggingface/safetensors. Little-endian, as is every host that runs this.
 *
 * Used by checkpoints, base models, the self-test's cases.
 */
import { badName, parseHeader, quoted, SafetensorsError } from './safetensors-header';

export { SafetensorsError } from './safetensors-header';

/** The array each dtype is read into. The two half-width floats are widened: nothing here computes in them. */
export interface ArrayOfDtype {
  F64: Float64Array;
  F32: Float32Array;
  F16: Float32Array;
  BF16: Float32Array;
  I64: BigInt64Array;
  I32: Int32Array;
  U32: Uint32Array;
  U8: Uint8Array;
}
export type Dtype = keyof ArrayOfDtype;

/** A tensor that was read; `data` is row-major, [product of shape]. */
export type SafeTensor = { [D in Dtype]: { dtype: D; shape: number[]; data: ArrayOfDtype[D] } }[Dtype];

/** A tensor to write; its dtype follows from its array. */
export interface TensorToWrite {
  shape: readonly number[];
  data: ArrayOfDtype[Dtype];
}

export interface SafetensorsFile {
  tensors: Map<string, SafeTensor>;
  metadata: Record<string, string>;
}

/** Bytes of one element in the file. */
const WIDTH: Readonly<Record<Dtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  U32: 4,
  U8: 1,
};

/** The format's own bound on the header, in bytes. */
export const MAX_HEADER_BYTES = 100_000_000;

/**
 * Reads a safetensors file.
 *
 * Arrays are views of `bytes` where the alignment allows it (files written here always do), so keep `bytes` unchanged
 * while they are in use; F16, BF16 and unaligned tensors are copies.
 * @throws SafetensorsError for every file that is not exactly sound.
 */
export function readSafetensors(bytes: ArrayBuffer | Uint8Array): SafetensorsFile {
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const start = 8 + headerLength(file.subarray(0, 8), file.byteLength);
  const data = file.subarray(start);
  const { placed, metadata } = placeTensors(file.subarray(8, start), data.byteLength);
  const tensors = new Map<string, SafeTensor>();
  for (const entry of placed) tensors.set(entry.name, readTensor(entry, data));
  return { tensors, metadata };
}

/**
 * The length of the header in bytes, from a file's first eight.
 * @throws SafetensorsError when it is more than the format or the file's `bytes` allow.
 */
export function headerLength(first: Uint8Array, bytes: number): number {
  if (first.byteLength < 8)
    throw new SafetensorsError(
      'file',
      `expected at least the 8 bytes of the header's length, got ${first.byteLength}`,
    );
  const view = new DataView(first.buffer, first.byteOffset, 8);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (length > MAX_HEADER_BYTES)
    throw new SafetensorsError(
      'header',
      `expected at most ${MAX_HEADER_BYTES} bytes, got a length of ${length}`,
    );
  if (length > bytes - 8)
    throw new SafetensorsError(
      'header',
      `expected ${length} bytes as its length says, got ${bytes - 8}: the file is cut short or no safetensors file`,
    );
  return length;
}

/** A tensor's place among the bytes after the header, [begin, end). */
export interface Placed {
  name: string;
  dtype: Dtype;
  shape: number[];
  begin: number;
  end: number;
  /** Elements. */
  length: number;
}

/**
 * The tensors of a header, each with its place in the `bytes` of data that follow.
 * @throws SafetensorsError unless they are of known dtypes and cover the data without overlap or holes.
 */
export function placeTensors(
  header: Uint8Array,
  bytes: number,
): { placed: Placed[]; metadata: Record<string, string> } {
  const { entries, metadata } = parseHeader(decodeText(header));
  const placed: Placed[] = [];
  for (const [name, { dtype, shape, offsets }] of entries) {
    const where = `tensor ${quoted(name)}`;
    if (!isDtype(dtype))
      throw new SafetensorsError(
        where,
        `expected a dtype of ${Object.keys(WIDTH).join(', ')}, got ${quoted(dtype)}`,
      );
    const [begin, end] = offsets;
    const length = elements(where, shape);
    if (end < begin || end - begin !== length * WIDTH[dtype])
      throw new SafetensorsError(
        where,
        `expected ${length * WIDTH[dtype]} bytes for ${dtype} [${shape}], got data_offsets [${begin}, ${end}]`,
      );
    if (end > bytes)
      throw new SafetensorsError(
        where,
        `expected data_offsets within the ${bytes} bytes of data, got [${begin}, ${end}]: is the file cut short?`,
      );
    placed.push({ name, dtype, shape, begin, end, length });
  }
  checkCoverage(placed, bytes);
  return { placed, metadata };
}

/** The elements of a tensor whose bytes these are, [length]. */
export function readElements(dtype: Dtype, bytes: Uint8Array): ArrayOfDtype[Dtype] {
  const length = bytes.byteLength / WIDTH[dtype];
  return readTensor({ name: '', dtype, shape: [length], begin: 0, end: bytes.byteLength, length }, bytes)
    .data;
}

/**
 * Writes a safetensors file: widest elements first and then by name, the header padded with spaces to 8 bytes, so that
 * every tensor can be viewed in place. Give the metadata `{format: 'pt'}` to a checkpoint that others shall open.
 * @throws SafetensorsError when a shape does not match its data or a name cannot be used.
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, TensorToWrite]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].map(([name, tensor]) => ({
    name,
    ...tensor,
    dtype: dtypeOf(name, tensor.data),
  }));
  sorted.sort((a, b) => WIDTH[b.dtype] - WIDTH[a.dtype] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const members: string[] = [];
  const member = (key: string, value: unknown) => {
    const bad = badName(key);
    if (bad) throw new SafetensorsError('writing', `${bad}, got ${quoted(key)}`);
    members.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  };
  if (Object.keys(metadata).length) {
    for (const [key, text] of Object.entries(metadata))
      if (typeof text !== 'string' || badName(key) || badName(text)?.includes('Unicode'))
        throw new SafetensorsError('__metadata__', `expected text under a plain name, got ${quoted(key)}`);
    member('__metadata__', metadata);
  }
  const seen = new Set(['__metadata__']);
  let at = 0;
  for (const { name, dtype, shape, data } of sorted) {
    const where = `tensor ${quoted(name)}`;
    if (seen.has(name))
      throw new SafetensorsError(where, "expected each name once and none of the format's own");
    seen.add(name);
    if (elements(where, shape) !== data.length)
      throw new SafetensorsError(
        where,
        `expected ${elements(where, shape)} elements for [${shape}], got ${data.length}`,
      );
    member(name, { dtype, shape, data_offsets: [at, at + data.byteLength] });
    at += data.byteLength;
  }
  const text = new TextEncoder().encode(`{${members.join(',')}}`);
  const padded = Math.ceil(text.byteLength / 8) * 8;
  const file = new Uint8Array(8 + padded + at);
  new DataView(file.buffer).setUint32(0, padded, true);
  file.set(text, 8);
  file.fill(0x20, 8 + text.byteLength, 8 + padded);
  at = 8 + padded;
  for (const { data } of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/**
 * The tensor `name` of the given dtype and shape, as most readers need it.
 * @throws SafetensorsError when it is missing or another one.
 */
export function requireTensor<D extends Dtype>(
  tensors: ReadonlyMap<string, SafeTensor>,
  name: string,
  dtype: D,
  shape: readonly number[],
): ArrayOfDtype[D] {
  const where = `tensor ${quoted(name)}`;
  const tensor = tensors.get(name);
  if (!tensor) throw new SafetensorsError(where, `expected ${dtype} [${shape}], got no tensor of that name`);
  if (tensor.dtype !== dtype || tensor.shape.join() !== shape.join())
    throw new SafetensorsError(where, `expected ${dtype} [${shape}], got ${tensor.dtype} [${tensor.shape}]`);
  return tensor.data as ArrayOfDtype[D];
}

const isDtype = (name: string): name is Dtype => Object.hasOwn(WIDTH, name);

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SafetensorsError('header', 'expected UTF-8 text, got other bytes');
  }
}

/** Product of a shape; every partial product must be exact, so that no overflow can pass for a match. */
function elements(where: string, shape: readonly number[]): number {
  let product = 1;
  for (const size of shape) {
    product *= size;
    if (!Number.isSafeInteger(size) || size < 0 || !Number.isSafeInteger(product * 8))
      throw new SafetensorsError(
        where,
        `expected a shape of sizes whose bytes can be counted, got [${shape}]`,
      );
  }
  return product;
}

/** The format allows neither overlap nor holes: the tensors cover the data from its first byte to its last. */
function checkCoverage(placed: readonly Placed[], bytes: number): void {
  let covered = 0;
  let before = 'the start';
  for (const { name, begin, end } of [...placed].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered)
      throw new SafetensorsError(
        `tensor ${quoted(name)}`,
        `expected to begin at byte ${covered}, after ${before}, got ${begin}: ${begin < covered ? 'they overlap' : 'a hole'}`,
      );
    covered = end;
    before = quoted(name);
  }
  if (covered !== bytes)
    throw new SafetensorsError('data', `expected ${covered} bytes, up to the end of ${before}, got ${bytes}`);
}

function readTensor({ dtype, shape, begin, end, length }: Placed, data: Uint8Array): SafeTensor {
  // A view must start at a multiple of its element's width in the underlying buffer; otherwise the bytes are copied.
  const aligned = (data.byteOffset + begin) % WIDTH[dtype] === 0;
  const raw = aligned ? data.subarray(begin, end) : data.slice(begin, end);
  const place = [raw.buffer, raw.byteOffset, length] as const;
  switch (dtype) {
    case 'F64':
      return { dtype, shape, data: new Float64Array(...place) };
    case 'F32':
      return { dtype, shape, data: new Float32Array(...place) };
    case 'F16':
      return { dtype, shape, data: widen(new Uint16Array(...place), float16Bits) };
    case 'BF16':
      // bfloat16 is the upper half of a float32.
      return { dtype, shape, data: widen(new Uint16Array(...place), (half) => half << 16) };
    case 'I64':
      return { dtype, shape, data: new BigInt64Array(...place) };
    case 'I32':
      return { dtype, shape, data: new Int32Array(...place) };
    case 'U32':
      return { dtype, shape, data: new Uint32Array(...place) };
    case 'U8':
      return { dtype, shape, data: new Uint8Array(...place) };
  }
}

function widen(halves: Uint16Array, bits: (half: number) => number): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = bits(halves[i]);
  return new Float32Array(words.buffer);
}

/** The bits of the float32 equal to an IEEE 754 binary16. */
function float16Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half, fraction * 2^-24, is a normal float32: move its leading one to the implicit place.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

function dtypeOf(name: string, data: TensorToWrite['data']): Dtype {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  if (data instanceof Int32Array) return 'I32';
  if (data instanceof Uint32Array) return 'U32';
  if (data instanceof BigInt64Array) return 'I64';
  if (data instanceof Uint8Array) return 'U8';
  throw new SafetensorsError(`tensor ${quoted(name)}`, 'expected an array of a dtype the format has');
}
