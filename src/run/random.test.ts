import { expect, test } from 'vitest';
import { Purpose, philox, Stream } from './random';

type Block = [number, number, number, number];

test('Philox gives the published known answers', () => {
  // Random123, tests/kat_vectors, philox4x32 with 10 rounds: counter, key, result.
  expect(philox([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  const ones = 0xffffffff;
  expect(philox([ones, ones, ones, ones], [ones, ones])).toEqual([
    0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd,
  ]);
  expect(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
    0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
  ]);
});

test('Philox equals an implementation in exact integers on a thousand inputs', () => {
  const mask = 0xffffffffn;
  const exact = (counter: Block, key: [number, number]): number[] => {
    let [c0, c1, c2, c3] = counter.map(BigInt);
    let [k0, k1] = key.map(BigInt);
    for (let round = 0; round < 10; round++) {
      const p0 = 0xd2511f53n * c0;
      const p1 = 0xcd9e8d57n * c2;
      [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & mask, (p0 >> 32n) ^ c3 ^ k1, p0 & mask];
      k0 = (k0 + 0x9e3779b9n) & mask;
      k1 = (k1 + 0xbb67ae85n) & mask;
    }
    return [c0, c1, c2, c3].map(Number);
  };
  let block: Block = [1, 2, 3, 4];
  let key: [number, number] = [5, 6];
  for (let i = 0; i < 1000; i++) {
    const next = philox(block, key);
    expect(next).toEqual(exact(block, key));
    key = [block[0], next[3]];
    block = next;
  }
});

test('a stream depends on seed, purpose and both counters, and on nothing else', () => {
  const first = (stream: Stream): number[] => Array.from({ length: 9 }, () => stream.u32());
  const base = first(new Stream(7, Purpose.test, 1, 2));
  expect(first(new Stream(7, Purpose.test, 1, 2))).toEqual(base);
  for (const other of [
    new Stream(8, Purpose.test, 1, 2),
    new Stream(7, Purpose.corpus, 1, 2),
    new Stream(7, Purpose.test, 2, 2),
    new Stream(7, Purpose.test, 1, 3),
  ])
    expect(first(other)).not.toEqual(base);
  expect(base.slice(0, 4)).toEqual(philox([1, 2, 0, 0], [7, Purpose.test]));
  expect(base.slice(4, 8)).toEqual(philox([1, 2, 1, 0], [7, Purpose.test]));
});

test('draws have the distributions they are named for', () => {
  const stream = new Stream(3, Purpose.test);
  const n = 20000;
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < n; i++) counts[stream.integer(2, 7) - 2]++;
  // Five standard errors of a share of 1/6 are 0.013.
  for (const count of counts) expect(Math.abs(count / n - 1 / 6)).toBeLessThan(0.014);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    const value = stream.normal(3, 2);
    sum += value;
    squares += value * value;
  }
  const mean = sum / n;
  expect(Math.abs(mean - 3)).toBeLessThan(0.08);
  expect(Math.abs(Math.sqrt(squares / n - mean * mean) - 2)).toBeLessThan(0.06);
});
