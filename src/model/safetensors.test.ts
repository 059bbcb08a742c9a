import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSafetensors, requireTensor, SafetensorsError, writeSafetensors } from './safetensors';

/** A file from a header as text and its data. */
function file(header: string | object, data: ArrayLike<number> = [], length?: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const entry = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });

const sample = () =>
  writeSafetensors(
    [
      ['weights', { shape: [2, 3], data: new Float32Array([1, -2, 3.5, 0, 1e-30, -7]) }],
      ['counter', { shape: [], data: new BigInt64Array([-(2n ** 40n)]) }],
      ['mask', { shape: [3], data: new Uint8Array([1, 0, 255]) }],
      ['ids', { shape: [1, 2], data: new Int32Array([-1, 7]) }],
      ['draws', { shape: [1], data: new Uint32Array([4294967295]) }],
      ['exact', { shape: [2], data: new Float64Array([Math.PI, -0]) }],
      ['none', { shape: [0, 5], data: new Float32Array(0) }],
    ],
    { format: 'pt', 'naïve ☃': 'ja "nein"' },
  );

describe('writing and reading', () => {
  it('gives every tensor back with dtype, shape, data and metadata', () => {
    const { tensors, metadata } = readSafetensors(sample());
    expect(metadata).toEqual({ format: 'pt', 'naïve ☃': 'ja "nein"' });
    expect(tensors.get('weights')).toEqual({
      dtype: 'F32',
      shape: [2, 3],
      data: new Float32Array([1, -2, 3.5, 0, 1e-30, -7]),
    });
    expect(tensors.get('counter')?.data).toEqual(new BigInt64Array([-(2n ** 40n)]));
    expect(tensors.get('mask')?.data).toEqual(new Uint8Array([1, 0, 255]));
    expect(tensors.get('ids')?.data).toEqual(new Int32Array([-1, 7]));
    expect(tensors.get('draws')?.data).toEqual(new Uint32Array([4294967295]));
    expect(tensors.get('exact')?.data).toEqual(new Float64Array([Math.PI, -0]));
    expect(tensors.get('none')).toEqual({ dtype: 'F32', shape: [0, 5], data: new Float32Array(0) });
  });

  it('lays tensors out so that all are views of the file, without a copy', () => {
    const bytes = sample();
    for (const { data } of readSafetensors(bytes).tensors.values()) expect(data.buffer).toBe(bytes.buffer);
  });

  it('reads a file that lies at an odd place of its buffer', () => {
    const bytes = sample();
    const moved = new Uint8Array(bytes.length + 3).subarray(3);
    moved.set(bytes);
    expect(readSafetensors(moved)).toEqual(readSafetensors(bytes));
    expect(readSafetensors(bytes.buffer)).toEqual(readSafetensors(bytes));
  });

  it('gives back any file of random names, shapes and values', () => {
    const name = fc
      .string({ unit: 'grapheme' })
      .filter((n) => !['__metadata__', '__proto__', 'constructor', 'prototype'].includes(n));
    const tensor = fc
      .uint8Array({ maxLength: 20 })
      .chain((data) =>
        fc
          .constantFrom([data.length], [1, data.length], [data.length, 1, 1])
          .map((shape) => ({ shape, data })),
      );
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, tensor), { selector: ([n]) => n, maxLength: 6 }), (list) => {
        const { tensors } = readSafetensors(writeSafetensors(list));
        expect(tensors.size).toBe(list.length);
        for (const [n, { shape, data }] of list) expect(tensors.get(n)).toEqual({ dtype: 'U8', shape, data });
      }),
    );
  });

  it('widens F16: one, smallest subnormal, largest subnormal, largest, minus zero, infinity, not a number', () => {
    const halves = new Uint16Array([0x3c00, 0x0001, 0x03ff, 0x7bff, 0x8000, 0xfc00, 0x7e00, 0x3555]);
    const bytes = file({ h: entry('F16', [8], [0, 16]) }, new Uint8Array(halves.buffer));
    const values = [
      1,
      2 ** -24,
      1023 * 2 ** -24,
      65504,
      -0,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
      0.333251953125,
    ];
    expect(readSafetensors(bytes).tensors.get('h')?.data).toEqual(new Float32Array(values));
  });

  it('widens BF16, the upper half of a float32', () => {
    const bytes = file({ b: entry('BF16', [3], [0, 6]) }, [0x80, 0x3f, 0x49, 0xc0, 0x00, 0x80]);
    expect(readSafetensors(bytes).tensors.get('b')?.data).toEqual(new Float32Array([1, -3.140625, -0]));
  });

  it('refuses to write what would not read back', () => {
    const data = new Float32Array(6);
    expect(() => writeSafetensors([['w', { shape: [2, 2], data }]])).toThrow(
      /"w": expected 4 elements.*got 6/,
    );
    expect(() => writeSafetensors([['w', { shape: [-6], data }]])).toThrow(SafetensorsError);
    expect(() => writeSafetensors([['__proto__', { shape: [6], data }]])).toThrow(SafetensorsError);
    expect(() => writeSafetensors([['__metadata__', { shape: [6], data }]])).toThrow(SafetensorsError);
    expect(() => writeSafetensors([['\ud800', { shape: [6], data }]])).toThrow(SafetensorsError);
    const twice: [string, { shape: number[]; data: Float32Array }] = ['w', { shape: [6], data }];
    expect(() => writeSafetensors([twice, twice])).toThrow(/once/);
  });

  it('hands out a tensor only with the dtype and shape that were asked for', () => {
    const { tensors } = readSafetensors(sample());
    expect(requireTensor(tensors, 'ids', 'I32', [1, 2])).toEqual(new Int32Array([-1, 7]));
    expect(() => requireTensor(tensors, 'ids', 'I32', [2])).toThrow(
      /"ids": expected I32 \[2\], got I32 \[1,2\]/,
    );
    expect(() => requireTensor(tensors, 'ids', 'F32', [1, 2])).toThrow(/got I32/);
    expect(() => requireTensor(tensors, 'absent', 'F32', [1])).toThrow(/no tensor of that name/);
  });
});

describe('malformed files', () => {
  const one = entry('U8', [4], [0, 4]);
  const data = [1, 2, 3, 4];
  const cases: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(0), /file: expected at least the 8 bytes .* got 0/],
    ['seven bytes', new Uint8Array(7), /got 7/],
    ['a header beyond the file', file({ a: one }, data, 1000), /header: expected 1000 bytes/],
    ['a header over 100 MB', file({ a: one }, data, 100_000_001), /at most 100000000/],
    ['a header length above 2^53', file({ a: one }, data, Number.MAX_SAFE_INTEGER), /at most 100000000/],
    ['an empty header', file(''), /header: expected an object/],
    ['text that is no JSON', file('safe!'), /header: expected an object/],
    ['a list', file('[]'), /header: expected an object/],
    ['space before the object', file(' {}'), /first byte/],
    ['an unclosed object', file('{'), /got the end/],
    ['bytes that are no UTF-8', file('{"', [0xff], 3), /UTF-8/],
    ['text after the object', file('{}x'), /white space after/],
    ['a key without quotes', file('{a:1}'), /header key: expected a string/],
    ['a control character in a name', file('{"a\n":1}'), /closing quote/],
    ['a wrong escape', file('{"\\x":1}'), /escapes/],
    ['an unpaired surrogate', file('{"\\ud800":1}'), /Unicode/],
    ['a missing colon', file('{"a" 1}'), /colon/],
    ['a comma at the end', file('{"__metadata__":{},}'), /string/],
    [
      'a duplicate tensor',
      file(`{"a":${JSON.stringify(one)},"\\u0061":${JSON.stringify(one)}}`, data),
      /"a" twice/,
    ],
    [
      'a hundred thousand tensors and one',
      file(
        `{${Array.from({ length: 100_001 }, (_, i) => `"t${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`)}}`,
      ),
      /header: expected at most 100000 tensors/,
    ],
    ['a duplicate field', file('{"a":{"dtype":"U8","dtype":"U8"}}'), /"dtype" twice/],
    ['a duplicate metadata key', file('{"__metadata__":{"a":"","a":""}}'), /__metadata__: .*"a" twice/],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }), /__metadata__ "a": expected a string/],
    ['metadata that is a list', file({ __metadata__: [] }), /__metadata__: expected an object/],
    ['polluting metadata', file('{"__metadata__":{"__proto__":"x"}}'), /__proto__/],
    ['a tensor named __proto__', file(`{"__proto__":${JSON.stringify(one)}}`, data), /__proto__/],
    ['a tensor named constructor', file({ constructor: one }, data), /constructor/],
    ['a tensor that is a number', file({ a: 3 }), /tensor "a": expected an object/],
    ['deep nesting', file(`{"a":${'['.repeat(100_000)}`), /tensor "a": expected an object/],
    ['an unknown field', file({ a: { ...one, strides: [1] } }, data), /"strides"/],
    ['no dtype', file({ a: { shape: [4], data_offsets: [0, 4] } }, data), /a dtype, got none/],
    ['no shape', file({ a: { dtype: 'U8', data_offsets: [0, 4] } }, data), /a shape, got none/],
    ['no offsets', file({ a: { dtype: 'U8', shape: [4] } }, data), /two data_offsets, got none/],
    [
      'an unknown dtype',
      file({ a: entry('Q4', [4], [0, 4]) }, data),
      /tensor "a": expected a dtype of .*"Q4"/,
    ],
    ['a dtype every object has', file({ a: entry('toString', [4], [0, 4]) }, data), /a dtype of/],
    ['a dtype that is no text', file({ a: entry(4, [4], [0, 4]) }, data), /dtype: expected a string/],
    ['a negative size', file({ a: entry('U8', [-4], [0, 4]) }, data), /shape: expected a whole number/],
    ['minus zero', file('{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}'), /whole number/],
    ['a fractional size', file({ a: entry('U8', [4.5], [0, 4]) }, data), /whole number/],
    [
      'a size in exponents',
      file('{"a":{"dtype":"U8","shape":[4e0],"data_offsets":[0,4]}}', data),
      /whole number/,
    ],
    [
      'an unsafe size',
      file('{"a":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,4]}}', data),
      /up to/,
    ],
    ['a very long number', file(`{"a":{"dtype":"U8","shape":[${'9'.repeat(500)}]}}`), /number/],
    ['sizes whose product overflows', file({ a: entry('U8', [2 ** 40, 2 ** 40, 0], [0, 0]) }), /counted/],
    ['a shape that is text', file({ a: entry('U8', '4', [0, 4]) }, data), /shape: expected a list/],
    ['a nested shape', file({ a: entry('U8', [[4]], [0, 4]) }, data), /whole number/],
    ['too many axes', file({ a: entry('U8', Array(33).fill(1), [0, 1]) }, [1]), /at most 32/],
    ['one offset', file({ a: entry('U8', [4], [0]) }, data), /two data_offsets, got 1/],
    ['three offsets', file({ a: entry('U8', [4], [0, 2, 4]) }, data), /at most 2/],
    [
      'a negative offset',
      file({ a: entry('U8', [4], [-4, 0]) }, data),
      /data_offsets: expected a whole number/,
    ],
    ['offsets in reverse', file({ a: entry('U8', [4], [4, 0]) }, data), /4 bytes for U8 \[4\]/],
    [
      'offsets of another size',
      file({ a: entry('F32', [4], [0, 4]) }, data),
      /16 bytes for F32 \[4\].*\[0, 4\]/,
    ],
    ['a huge claim', file({ a: entry('F32', [2 ** 40], [0, 2 ** 42]) }, data), /within the 4 bytes/],
    ['data cut short', file({ a: one }, [1, 2, 3]), /within the 3 bytes/],
    ['overlap', file({ a: one, b: entry('U8', [4], [2, 6]) }, [...data, 5, 6]), /"b": .*overlap/],
    ['the same bytes twice', file({ a: one, b: one }, data), /overlap/],
    ['a hole', file({ a: one, b: entry('U8', [1], [5, 6]) }, [...data, 5, 6]), /"b": .*hole/],
    ['a hole at the start', file({ a: entry('U8', [3], [1, 4]) }, data), /after the start.*hole/],
    ['trailing bytes', file({ a: one }, [...data, 5]), /data: expected 4 bytes.*got 5/],
    ['data without a tensor', file({}, [1]), /data: expected 0 bytes/],
  ];
  it.each(cases)('refuses %s', (_name, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(SafetensorsError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it('leaves every object as it was when a file tries to reach its prototype', () => {
    expect(() => readSafetensors(file('{"__metadata__":{"__proto__":"x"}}'))).toThrow(SafetensorsError);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  it('refuses the file cut at every byte', () => {
    const bytes = sample();
    for (let end = 0; end < bytes.length; end++)
      expect(() => readSafetensors(bytes.slice(0, end)), `cut at ${end}`).toThrow(SafetensorsError);
  });

  /** Reads, or refuses in the one right way; what is read never holds more than twice the file. */
  function readOrRefuse(bytes: Uint8Array): void {
    try {
      let held = 0;
      for (const { data } of readSafetensors(bytes).tensors.values()) held += data.byteLength;
      expect(held).toBeLessThanOrEqual(2 * bytes.length);
    } catch (error) {
      if (!(error instanceof SafetensorsError)) throw error;
    }
  }

  it('reads or refuses the file with any bit flipped', () => {
    const bytes = sample();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      readOrRefuse(flipped);
    }
  });

  it('reads or refuses the file with any few bytes overwritten and any end', () => {
    const bytes = sample();
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), fc.nat(bytes.length), (changes, end) => {
        const broken = bytes.slice();
        for (const [at, value] of changes) broken[at] = value;
        readOrRefuse(broken.subarray(0, end));
        readOrRefuse(broken);
      }),
      { numRuns: 500 },
    );
  });

  it('reads or refuses any text as a header', () => {
    const scrap = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      '"a"',
      '"b"',
      '"dtype"',
      '"shape"',
      '"data_offsets"',
      '"U8"',
      '"F16"',
      '"__metadata__"',
      '0',
      '1',
      '4',
      '-',
      '1e9',
      'null',
      ' ',
      '☃',
    );
    fc.assert(
      fc.property(fc.array(scrap, { maxLength: 40 }), fc.uint8Array({ maxLength: 9 }), (scraps, data) => {
        readOrRefuse(file(`{${scraps.join('')}`, data));
        readOrRefuse(file(`{"a":{"dtype":"U8","shape":[1],${scraps.join('')}`, data));
      }),
      { numRuns: 500 },
    );
  });
});
