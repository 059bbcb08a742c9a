/**
 * Reads a ZIP archive by its central directory, the only trustworthy list of what is in it (APPNOTE.TXT 6.3.10,
 * sections 4.3.7, 4.3.12 and 4.3.16): places and sizes are checked against the file before anything is unpacked, and
 * each entry comes in pieces, never longer than it said. Stored and deflated entries; no encryption, no ZIP64.
 * Knows nothing of runs; used by `archive.ts`.
 */
import { Inflate } from 'fflate';
import { StorageError } from '../errors';

export interface ZipEntry {
  /** With forward slashes, as it stands in the archive. Not to be used as a path unchecked. */
  name: string;
  /** Unpacked. */
  size: number;
  packed: number;
  method: number;
  crc: number;
  /** Of its local header. */
  offset: number;
}

/** Not an archive, or one that is not taken. */
export class ZipError extends StorageError {
  constructor(message: string) {
    super(`archive: ${message}`);
    this.name = 'ZipError';
  }
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
/** The end record, and the longest comment after it. */
const LONGEST_END = 22 + 0xffff;
const MOST_ENTRIES = 20_000;
const LARGEST_DIRECTORY = 16 * 1024 * 1024;
/** Deflate unpacks to at most 1,032 times as much: a piece gives at most 17 MB at once. */
const PIECE = 16 * 1024;

const bytesOf = async (file: Blob, from: number, to: number) =>
  new DataView(await file.slice(from, to).arrayBuffer());

/** @throws ZipError when the directory is missing, damaged, or describes what cannot be. */
export async function readDirectory(file: Blob): Promise<ZipEntry[]> {
  const tail = await bytesOf(file, Math.max(0, file.size - LONGEST_END), file.size);
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== END) at--;
  if (at < 0)
    throw new ZipError('expected a ZIP archive, got a file without its directory; it may be cut short');
  const count = tail.getUint16(at + 10, true);
  const size = tail.getUint32(at + 12, true);
  const start = tail.getUint32(at + 16, true);
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff)
    throw new ZipError('expected one of at most 4 GiB, got one in the ZIP64 form');
  if (count > MOST_ENTRIES || size > LARGEST_DIRECTORY)
    throw new ZipError(`expected at most ${MOST_ENTRIES} entries, got ${count} in ${size} bytes`);
  if (start + size > file.size)
    throw new ZipError(`expected its directory inside of its ${file.size} bytes, got ${start} + ${size}`);
  return checkPlaces(readEntries(await bytesOf(file, start, start + size), count), start);
}

function readEntries(directory: DataView, count: number): ZipEntry[] {
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > directory.byteLength || directory.getUint32(at, true) !== CENTRAL)
      throw new ZipError(`expected ${count} entries in its directory, got ${i}`);
    const nameLength = directory.getUint16(at + 28, true);
    const end =
      at + 46 + nameLength + directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true);
    if (end > directory.byteLength) throw new ZipError(`entry ${i + 1}: it is cut short`);
    const bytes = new Uint8Array(directory.buffer, directory.byteOffset + at + 46, nameLength);
    const name = new TextDecoder().decode(bytes).replaceAll('\\', '/');
    if (directory.getUint16(at + 8, true) & 1) throw new ZipError(`${name}: expected no encryption`);
    entries.push({
      name,
      method: directory.getUint16(at + 10, true),
      crc: directory.getUint32(at + 16, true),
      packed: directory.getUint32(at + 20, true),
      size: directory.getUint32(at + 24, true),
      offset: directory.getUint32(at + 42, true),
    });
    at = end;
  }
  return entries;
}

/** Entries lie one after the other, before the directory: one that is used twice is how small bombs are made. */
function checkPlaces(entries: ZipEntry[], directory: number): ZipEntry[] {
  let free = 0;
  for (const entry of entries.toSorted((a, b) => a.offset - b.offset)) {
    if (entry.offset < free)
      throw new ZipError(`${entry.name}: expected its own place, got one inside another entry`);
    free = entry.offset + 30 + entry.packed;
    if (free > directory)
      throw new ZipError(`${entry.name}: expected it before the directory, got one that reaches into it`);
  }
  return entries;
}

/**
 * The contents of an entry, in pieces.
 * @throws ZipError when it is damaged, or unpacks to anything but its size and sum.
 */
export async function* unpack(file: Blob, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const { name, size, packed, method } = entry;
  const header = await bytesOf(file, entry.offset, entry.offset + 30);
  if (header.byteLength < 30 || header.getUint32(0, true) !== LOCAL)
    throw new ZipError(`${name}: expected an entry where the directory says, got other bytes`);
  if (method !== 0 && method !== 8)
    throw new ZipError(`${name}: expected it stored or deflated, got method ${method}`);
  const from = entry.offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (from + packed > file.size) throw new ZipError(`${name}: it is cut short`);
  let out: Uint8Array[] = [];
  const inflate = method === 8 ? new Inflate((bytes) => out.push(bytes)) : null;
  let done = 0;
  let crc = 0xffffffff;
  for (let at = 0; at < packed; at += PIECE) {
    const last = at + PIECE >= packed;
    const piece = new Uint8Array(
      await file.slice(from + at, from + Math.min(at + PIECE, packed)).arrayBuffer(),
    );
    if (inflate) {
      try {
        inflate.push(piece, last);
      } catch (error) {
        throw new ZipError(`${name}: expected deflated bytes, got others (${(error as Error).message})`);
      }
    } else out.push(piece);
    for (const bytes of out) {
      done += bytes.length;
      if (done > size) throw new ZipError(`${name}: expected ${size} bytes as the directory says, got more`);
      crc = updateCrc(crc, bytes);
      if (bytes.length > 0) yield bytes;
    }
    out = [];
  }
  if (done !== size) throw new ZipError(`${name}: expected ${size} bytes as the directory says, got ${done}`);
  if ((crc ^ 0xffffffff) >>> 0 !== entry.crc)
    throw new ZipError(`${name}: its contents do not fit its checksum`);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function updateCrc(crc: number, bytes: Uint8Array): number {
  let c = crc;
  for (let i = 0; i < bytes.length; i++) c = CRC_TABLE[(c ^ bytes[i]) & 0xff] ^ (c >>> 8);
  return c;
}
