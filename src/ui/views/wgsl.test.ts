import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeWgsl, tokensOfLine } from './wgsl';

const FOLDER = join(import.meta.dirname, '../../../shaders');
const FILES = readdirSync(FOLDER).map((name) => ({ name, code: readFileSync(join(FOLDER, name), 'utf8') }));
const textOf = (part: string) => FILES.find(({ name }) => name === `${part}.wgsl`)?.code;
const PARTS = new Set(FILES.flatMap(({ code }) => describeWgsl(code, textOf).parts));

const kinds = (line: string) =>
  tokensOfLine(line)
    .filter(({ kind }) => kind !== 'plain')
    .map(({ kind, text }) => [kind, text]);

describe('a WGSL file in tokens', () => {
  test.each(FILES)('$name is the file again when they are joined', ({ code }) => {
    const again = code.split('\n').map((line) =>
      tokensOfLine(line)
        .map(({ text }) => text)
        .join(''),
    );
    expect(again.join('\n')).toBe(code);
  });

  test('tells comments, attributes, keywords, types, numbers, functions and constants apart', () => {
    expect(kinds('@group(0) var<storage, read> x: array<vec4<f32>>; // [N] fn')).toEqual([
      ['attribute', '@group'],
      ['number', '0'],
      ['keyword', 'var'],
      ['keyword', 'storage'],
      ['keyword', 'read'],
      ['type', 'array'],
      ['type', 'vec4'],
      ['type', 'f32'],
      ['comment', '// [N] fn'],
    ]);
    expect(kinds('let y = min(HEAD_DIM, 0x7fu) * -3.4e38 + x1.y;')).toEqual([
      ['keyword', 'let'],
      ['function', 'min'],
      ['constant', 'HEAD_DIM'],
      ['number', '0x7fu'],
      ['number', '3.4e38'],
    ]);
  });
});

describe('what a WGSL file says of itself', () => {
  test.each(FILES)('$name has a head, and a note or a name for every binding', ({ name, code }) => {
    const file = describeWgsl(code, textOf);
    expect(file.head[0].length).toBeGreaterThan(20);
    expect(file.bindings.map(({ index }) => index)).toEqual(file.bindings.map((_, i) => i));
    // What is put before others has no entry point of its own.
    if (PARTS.has(name.replace('.wgsl', ''))) expect(file).toMatchObject({ entry: null, workgroup: null });
    else expect([file.entry, file.workgroup, file.bindings.length > 0]).not.toContain(null);
  });

  test('is read off its declarations', () => {
    const file = describeWgsl(textOf('linear_forward')!, textOf);
    expect(file.head[0]).toBe('y = x wᵀ (+ residual): the linear layer forward, at any size.');
    expect(file).toMatchObject({
      entry: 'linear_forward',
      workgroup: '8, 8',
      constants: [{ name: 'RESIDUAL', type: 'bool', value: 'false' }],
    });
    expect(file.bindings[4]).toEqual({
      index: 4,
      name: 'residual',
      access: 'read',
      type: 'array<f32>',
      note: '[M, N], read where RESIDUAL',
    });
  });

  test('has the bindings and constants of what is put before it, and the head of itself', () => {
    const file = describeWgsl(textOf('attention_subgroup')!, textOf);
    expect(file.head[0]).toMatch(/^Attention with keys and values handed round/);
    expect(file.parts).toEqual(['attention_sixteen', 'attention_sums']);
    expect(file.bindings.map(({ name }) => name)).toEqual([
      'extent',
      'shape',
      'spans',
      'qkv',
      'out',
      'logsumexp',
    ]);
    expect(file.constants[0]).toEqual({ name: 'LANES', type: 'u32', value: '8u' });
    expect(describeWgsl('// Before it: `gone.wgsl`.', () => undefined).parts).toEqual(['gone']);
  });
});
