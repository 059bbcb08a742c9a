/**
 * Hands files to the user. Several files go into one tar archive (POSIX ustar), because browsers ask again
 * for every further download of a click. Used for checkpoints and for kept runs.
 */

export interface NamedBytes {
  name: string;
  bytes: ArrayBuffer;
}

const BLOCK = 512;

/** An uncompressed ustar archive of `files`; names of up to 100 ASCII characters. */
export function tar(files: readonly NamedBytes[]): Uint8Array<ArrayBuffer> {
  const padded = (size: number) => Math.ceil(size / BLOCK) * BLOCK;
  const total = files.reduce((sum, file) => sum + BLOCK + padded(file.bytes.byteLength), 2 * BLOCK);
  const archive = new Uint8Array(total);
  let at = 0;
  for (const { name, bytes } of files) {
    archive.set(header(name, bytes.byteLength), at);
    archive.set(new Uint8Array(bytes), at + BLOCK);
    at += BLOCK + padded(bytes.byteLength);
  }
  return archive;
}

function header(name: string, size: number): Uint8Array {
  if (name.length > 100)
    throw new Error(`tar: expected a name of at most 100 characters, got ${name.length}`);
  const block = new Uint8Array(BLOCK);
  const put = (text: string, at: number) => block.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  put(name, 0);
  put('0000644\0', 100);
  put('0000000\0', 108);
  put('0000000\0', 116);
  put(`${octal(size, 11)}\0`, 124);
  put(`${octal(0, 11)}\0`, 136);
  put('        ', 148);
  put('0', 156);
  put('ustar\0', 257);
  put('00', 263);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  put(`${octal(checksum, 6)}\0 `, 148);
  return block;
}

/** Saves `files` as `NAME.tar`, or under its own name when there is one. */
export function downloadFiles(name: string, files: readonly NamedBytes[]): void {
  if (files.length === 0) return;
  const one = files.length === 1;
  const blob = new Blob([one ? files[0].bytes : tar(files)], { type: 'application/octet-stream' });
  saveBlob(one ? files[0].name : `${name}.tar`, blob);
}

/** Saves `blob` as a download of the name `name`. */
export function saveBlob(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
