import { gzipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { openSource, SourceError } from './source';

const blobOf = (bytes: Uint8Array) => new Blob([bytes as Uint8Array<ArrayBuffer>]);

/** How many bytes come out, read to the end. */
async function lengthOf(file: Blob): Promise<number> {
  let length = 0;
  for await (const piece of (await openSource(file)).stream as unknown as AsyncIterable<Uint8Array>)
    length += piece.length;
  return length;
}

describe('a recording’s bytes', () => {
  test('come as they are, or unpacked where they are gzip', async () => {
    const text = new TextEncoder().encode('{"type":"finished"}\n'.repeat(1000));
    expect(await lengthOf(blobOf(text))).toBe(text.length);
    expect(await lengthOf(blobOf(gzipSync(text)))).toBe(text.length);
  });

  test('of a file that unpacks to hundreds of times its size are refused on the way', async () => {
    const bomb = blobOf(gzipSync(new Uint8Array(80 * 2 ** 20).fill(0x0a)));
    expect(bomb.size).toBeLessThan(200_000);
    const reading = lengthOf(bomb);
    await expect(reading).rejects.toThrow(SourceError);
    await expect(reading).rejects.toThrow(/expected a recording of at most 64 MiB, got 64 MiB or more/);
  });
});
