import { expect, test } from 'vitest';
import { tar } from './download';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test('an archive holds each file behind a header with its name, size and checksum', () => {
  const archive = tar([
    { name: 'config.json', bytes: new TextEncoder().encode('{"a":1}').buffer },
    { name: 'empty', bytes: new ArrayBuffer(0) },
  ]);
  // Header, one block of content, header of the empty file, two blocks of zeros at the end.
  expect(archive.length).toBe(5 * 512);
  expect(text(archive.subarray(0, 11))).toBe('config.json');
  expect(Number.parseInt(text(archive.subarray(124, 135)), 8)).toBe(7);
  expect(text(archive.subarray(512, 519))).toBe('{"a":1}');
  expect(text(archive.subarray(1024, 1029))).toBe('empty');
  const header = archive.slice(0, 512);
  const told = Number.parseInt(text(header.subarray(148, 154)), 8);
  header.fill(32, 148, 156);
  expect(told).toBe(header.reduce((sum, byte) => sum + byte, 0));
});

test('a name too long for the format is refused', () => {
  expect(() => tar([{ name: 'x'.repeat(101), bytes: new ArrayBuffer(0) }])).toThrow(
    /at most 100 characters, got 101/,
  );
});
