import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { partsBefore } from '../run/shader-parts';
import { flatGrid } from './kernel';
import { parseBindings, parseEntryPoint, specialise, wholeOf } from './shader';

const CODE = `// A sum.
const SIZE: u32 = 16u;
const SCALE: f32 = 0.5;
const ADDS: bool = false;
const OTHER: u32 = SIZE * 2u;

@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(0) var<uniform> extent: vec2<u32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;

@compute @workgroup_size(8, 8)
fn add_up(@builtin(global_invocation_id) id: vec3<u32>) { y[id.x] = x[id.x]; }
`;

describe('specialise', () => {
  it('fills in whole numbers, floats and switches, and nothing else', () => {
    const text = specialise('sum', CODE, { SIZE: 7, SCALE: 2, ADDS: true });
    expect(text).toBe(
      CODE.replace('SIZE: u32 = 16u', 'SIZE: u32 = 7u')
        .replace('SCALE: f32 = 0.5', 'SCALE: f32 = 2.0')
        .replace('ADDS: bool = false', 'ADDS: bool = true'),
    );
    expect(specialise('sum', CODE, {})).toBe(CODE);
  });

  it('writes floats so that WGSL reads the same number', () => {
    for (const value of [1e-7, 1e21, -3, 0.1, 123456789]) {
      const written = /SCALE: f32 = ([^;]+);/.exec(specialise('sum', CODE, { SCALE: value }))?.[1] ?? '';
      expect(Number(written.replace(/f$/, ''))).toBe(value);
      expect(written).toMatch(/[.ef]/);
    }
  });

  it('moves one float at a time, or four', () => {
    const code = 'const VECTOR: u32 = 1u;\nalias Value = f32;\n';
    expect(specialise('wide', code, { VECTOR: 1 })).toBe(code);
    expect(specialise('wide', code, { VECTOR: 4 })).toBe(
      'const VECTOR: u32 = 4u;\nalias Value = vec4<f32>;\n',
    );
    expect(() => specialise('wide', code, { VECTOR: 2 })).toThrow('wide.VECTOR: expected 1 or 4, got 2');
    expect(() => specialise('wide', 'const VECTOR: u32 = 1u;', { VECTOR: 4 })).toThrow('alias Value = f32;');
  });

  it('names a constant that the file does not have', () => {
    expect(() => specialise('sum', CODE, { SIZE: 1, WIDTH: 2, DEPTH: 3 })).toThrow(
      'shader sum: no constant named WIDTH, DEPTH',
    );
  });

  it('refuses a value that is not of the constant’s type', () => {
    for (const [key, value] of [
      ['SIZE', -1],
      ['SIZE', 1.5],
      ['SIZE', 2 ** 32],
      ['SIZE', true],
      ['SCALE', Number.NaN],
      ['SCALE', Number.POSITIVE_INFINITY],
      ['SCALE', false],
      ['ADDS', 1],
    ] as const) {
      const constants = { [key]: value };
      expect(() => specialise('sum', CODE, constants)).toThrow(`sum.${key}`);
      expect(() => specialise('sum', CODE, constants)).toThrow(String(value));
    }
  });
});

describe('parseBindings and parseEntryPoint', () => {
  it('read names, kinds and the entry point off the declarations, in the order of the numbers', () => {
    expect(parseBindings(CODE)).toEqual([
      { name: 'extent', index: 0, type: 'uniform' },
      { name: 'x', index: 1, type: 'read-only-storage' },
      { name: 'y', index: 2, type: 'storage' },
    ]);
    expect(parseEntryPoint('sum', CODE)).toBe('add_up');
  });

  it('say which file has no entry point', () => {
    expect(() => parseEntryPoint('philox', 'fn philox() {}')).toThrow(
      'shader philox: no @compute entry point',
    );
  });
});

describe('a file behind what it shares with others', () => {
  const prelude = '// Shared.\nenable subgroups;\nfn shared() {}';
  const code = '// A sum.\nenable f16;\nenable subgroups;\nfn sum() {}\n';

  it('has all directives first, each once, and its lines where they were', () => {
    const lines = wholeOf({ name: 'sum', code, prelude }).split('\n');
    expect(lines).toEqual([
      'enable subgroups; enable f16; // Shared.',
      '',
      'fn shared() {}',
      '// A sum.',
      '',
      '',
      'fn sum() {}',
      '',
    ]);
  });

  it('is the file where it shares nothing', () => {
    expect(wholeOf({ name: 'sum', code })).toBe(code);
    expect(wholeOf({ name: 'sum', code: CODE, prelude: '// Shared.' })).toBe(
      ` // Shared.\n${CODE}`.trimStart(),
    );
  });
});

describe('flatGrid', () => {
  it('has an invocation for every element, in rows where one dimension is not enough', () => {
    for (const [count, grid] of [
      [0, [0, 1, 1]],
      [1, [1, 1, 1]],
      [64, [1, 1, 1]],
      [65, [2, 1, 1]],
      [65535 * 64, [65535, 1, 1]],
      [65535 * 64 + 1, [32768, 2, 1]],
    ] as const)
      expect(flatGrid(count)).toEqual(grid);
    const [x, y] = flatGrid(2 ** 31);
    expect(Math.max(x, y)).toBeLessThanOrEqual(65535);
    expect(x * y * 64).toBeGreaterThanOrEqual(2 ** 31);
  });
});

describe('every shader file', () => {
  const files = readdirSync('shaders').map((file) => ({
    name: file.replace('.wgsl', ''),
    code: readFileSync(`shaders/${file}`, 'utf8'),
  }));
  const textOf = (name: string): string => {
    const file = files.find((each) => each.name === name);
    if (!file) throw new Error(`expected a file shaders/${name}.wgsl`);
    return file.code;
  };
  // Put before others: they have no entry point.
  const parts = new Set(files.flatMap(({ code }) => partsBefore(code)));

  it('that is put before others has no entry point, and names none that is put before it', () => {
    expect(parts.size).toBeGreaterThan(0);
    for (const part of parts) {
      expect(textOf(part)).toContain('No entry point');
      expect(() => parseEntryPoint(part, textOf(part))).toThrow('no @compute entry point');
      expect(partsBefore(textOf(part))).toEqual([]);
    }
    // And the others have one.
    for (const { name, code } of files)
      if (!parts.has(name)) expect(parseEntryPoint(name, code), name).toBe(name);
  });

  it('has its functions to itself: none stands word for word in two files', () => {
    const seen = new Map<string, string>();
    for (const { name, code } of files)
      for (const [text] of code.matchAll(/^fn [^{]*\{[\s\S]*?^\}/gm)) {
        if (text.split('\n').length < 3) continue;
        expect(seen.get(text), `in ${name}: ${text}`).toBeUndefined();
        seen.set(text, name);
      }
  });

  for (const { name, code } of files)
    it(`${name} opens with a comment, and keeps to the limits every adapter has`, () => {
      expect(code.startsWith('// ')).toBe(true);
      const whole = wholeOf({ name, code, prelude: partsBefore(code).map(textOf).join('\n') });
      const bindings = parseBindings(whole);
      // Every declared binding is seen, numbered without gaps, at most 8 of them storage buffers.
      expect(bindings.length).toBe(whole.match(/@binding\(/g)?.length ?? 0);
      expect(bindings.map((b) => b.index)).toEqual(bindings.map((_, i) => i));
      expect(bindings.filter((b) => b.type !== 'uniform').length).toBeLessThanOrEqual(8);
      /** A number, a constant's name, or one divided by the other. */
      const constant = (text: string): number =>
        (new RegExp(`const ${text}: u32 = ([^;]+);`).exec(whole)?.[1] ?? text)
          .split('/')
          .map((part) => (/^\d/.test(part.trim()) ? Number.parseInt(part, 10) : constant(part.trim())))
          .reduce((a, b) => a / b);
      for (const [, sizes] of code.matchAll(/@workgroup_size\(([^)]*)\)/g)) {
        const invocations = sizes.split(',').reduce((product, size) => product * constant(size.trim()), 1);
        expect(invocations).toBeLessThanOrEqual(256);
      }
      if (parts.has(name)) return;
      // The entry point has the file's name, so that a trace names the file.
      expect(parseEntryPoint(name, code)).toBe(name);
      expect(code).toMatch(/Grid: /);
      // A binding that is written says how: overwritten, added to, updated.
      for (const { name: binding, type } of bindings) {
        if (type !== 'storage') continue;
        const line = whole.split('\n').findIndex((text) => text.includes(`read_write> ${binding}:`));
        const said = `${whole.split('\n')[line - 1]} ${code.split('@group')[0]}`;
        expect(said, `${name}.${binding}`).toMatch(/written|overw|added|adds|updated|in place|writes/i);
      }
    });
});
