/**
 * Files that are read a stretch at a time, wherever they lie: a file the user chose, one on the disk, bytes in memory.
 * So a model's weights are never in memory twice. Used by the readers of models; the hosts make them.
 */
import { JsonError } from '../run/json';

export interface ByteSource {
  /** The file's own name, without a folder. */
  readonly name: string;
  /** Where it lies, for messages; its name where that is all there is to say. */
  readonly path?: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes `from` up to `to`; fewer where the file has become shorter since. */
  read(from: number, to: number): Promise<Uint8Array>;
}

/** The file in a message. */
export const told = ({ path, name }: Pick<ByteSource, 'path' | 'name'>): string => path ?? name;

export const memorySource = (name: string, bytes: Uint8Array, path?: string): ByteSource => ({
  name,
  path,
  size: bytes.length,
  read: async (from, to) => bytes.subarray(from, to),
});

export const blobSource = (name: string, blob: Blob): ByteSource => ({
  name,
  size: blob.size,
  read: async (from, to) => new Uint8Array(await blob.slice(from, to).arrayBuffer()),
});

export const textSource = (name: string, text: string): ByteSource =>
  memorySource(name, new TextEncoder().encode(text));

/** All of a file that is to be small. @throws JsonError when it is not. */
export async function readSmall(source: ByteSource, most: number): Promise<Uint8Array> {
  if (source.size > most)
    throw new JsonError(told(source), `expected at most ${most} bytes, got ${source.size}`);
  return source.read(0, source.size);
}
