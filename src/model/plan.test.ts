import { describe, expect, it } from 'vitest';
import { layoutAdapter } from './adapter-layout';
import { parameterCount, parameterShapes } from './config';
import { layoutParameters } from './parameters';
import { type Capacity, headChunk, MemoryPlanError, planMemory, planWorkspace, weightSlices } from './plan';
import { tinyConfig } from './testing';
import { FULL } from './testing-adapter';
import { f32, packUniform, perElement } from './workspace';

const CAPACITY: Capacity = {
  tokens: 100,
  rows: 8,
  batchRows: 20,
  decodeRows: 4,
  cacheLength: 64,
  newTokens: 40,
  trained: true,
  reference: false,
};
const WIDE = { maxBufferSize: 2 ** 30, maxStorageBufferBindingSize: 2 ** 30 };

const refusal = (act: () => unknown): MemoryPlanError => {
  try {
    act();
  } catch (error) {
    if (error instanceof MemoryPlanError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('layoutParameters', () => {
  const config = tinyConfig({ num_hidden_layers: 3, tie_word_embeddings: false, num_attention_heads: 4 });

  for (const limit of [2 ** 30, 2048, 1000, 1])
    it(`gives every tensor its own aligned place in arenas of ${limit} bytes`, () => {
      const { tensors, parts, arenas } = layoutParameters(config, limit);
      expect(parts.map(({ name, shape }) => ({ name, shape }))).toEqual(parameterShapes(config));
      expect(parts.reduce((sum, p) => sum + p.size, 0)).toBe(parameterCount(config));
      const used = arenas.map(({ size }) => new Uint8Array(size));
      for (const { arena, offset, size } of parts)
        for (let i = offset; i < offset + size; i++) expect(used[arena][i]++).toBe(0);
      for (const { name, rows, columns, arena, offset } of tensors.values()) {
        // WebGPU binds at multiples of 256 bytes.
        expect((offset * 4) % 256).toBe(0);
        expect(offset + rows * columns).toBeLessThanOrEqual(arenas[arena].size);
        // Only norm weights lie past the end of decay.
        expect(offset < arenas[arena].decayEnd, name).toBe(!name.includes('norm'));
      }
      // An arena is over the limit only where a single tensor is.
      arenas.forEach((arena, i) => {
        const own = [...tensors.values()].filter((t) => t.arena === i);
        if (own.length > 1) expect(arena.size * 4).toBeLessThanOrEqual(limit);
        expect(own.length).toBeGreaterThan(0);
      });
      if (limit === 2 ** 30) expect(arenas.length).toBe(1);
      if (limit === 1) expect(arenas.length).toBe(tensors.size);
    });

  it('has no head of its own when it is tied', () => {
    expect(layoutParameters(tinyConfig(), 2 ** 30).tensors.has('head')).toBe(false);
  });
});

describe('planWorkspace', () => {
  it('has what the capacity needs and no more', () => {
    const config = tinyConfig({ num_hidden_layers: 2 });
    const names = (changes: Partial<Capacity>) =>
      Object.keys(planWorkspace(config, { ...CAPACITY, ...changes }));
    expect(names({})).toEqual(expect.arrayContaining(['x0', 'x2', 'qkv1', 'dx', 'cache1', 'newTokens']));
    expect(names({ trained: false })).not.toContain('dx');
    expect(names({ trained: false })).not.toContain('qkv1');
    expect(names({ decodeRows: 0 }).filter((n) => n.startsWith('cache'))).toEqual([]);
  });

  it('has room for every row that is decoded, even where that is more than a micro-batch has tokens', () => {
    const config = tinyConfig({ num_hidden_layers: 2 });
    for (const trained of [true, false]) {
      const plan = planWorkspace(config, { ...CAPACITY, tokens: 3, decodeRows: 50, trained });
      for (const [name, columns] of [
        ['x0', 6],
        ['x1', 6],
        ['normed', 6],
        ['inverse1.0', 1],
        ['qkv0', 16],
        ['attention0', 8],
        ['mid0', 6],
        ['inverse2.0', 1],
        ['gateUp0', 18],
        ['act', 9],
        ['hidden', 6],
        ['hiddenInverse', 1],
        ['logits', 13],
      ] as const)
        expect(plan[name], name).toBeGreaterThanOrEqual(50 * columns);
    }
  });

  it('keeps of each layer what gradient checkpointing leaves, and never norms and gated activations', () => {
    const config = tinyConfig({ num_hidden_layers: 3 });
    const buffers = (gradientCheckpointing?: Capacity['gradientCheckpointing']) =>
      planWorkspace(config, { ...CAPACITY, gradientCheckpointing });
    const held = (plan: Record<string, number>, name: RegExp) =>
      Object.keys(plan).filter((each) => name.test(each)).length;
    for (const [mode, blocks, mlps] of [
      [undefined, 3, 3],
      ['off', 3, 3],
      ['mlp', 3, 1],
      ['block', 1, 1],
    ] as const) {
      const plan = buffers(mode);
      expect(held(plan, /^x\d/)).toBe(4);
      expect(held(plan, /^(qkv|attention|logsumexp|mid)\d/)).toBe(4 * blocks);
      expect(held(plan, /^inverse[12]\.\d/)).toBe(2 * blocks);
      expect(held(plan, /^gateUp\d/)).toBe(mlps);
      expect(held(plan, /^(normed|act)/)).toBe(2);
    }
    const sum = (plan: Record<string, number>) => Object.values(plan).reduce((a, b) => a + b, 0);
    // Two layers' gate and up, of 9 columns each for 100 tokens; of blocks also 16 of qkv, 8 and 2 of attention, 6 and 2.
    expect(sum(buffers('off')) - sum(buffers('mlp'))).toBe(2 * 100 * 18);
    expect(sum(buffers('mlp')) - sum(buffers('block'))).toBe(2 * 100 * (16 + 8 + 2 + 6 + 2));
  });

  it('keeps logits small by going through a large vocabulary in chunks, but never less than the decoded rows', () => {
    const config = tinyConfig({ vocab_size: 32000 });
    expect(headChunk(config, { ...CAPACITY, tokens: 1000 })).toBe(262);
    expect(headChunk(config, { ...CAPACITY, tokens: 100 })).toBe(100);
    expect(headChunk(config, { ...CAPACITY, tokens: 1000, decodeRows: 500 })).toBe(500);
    expect(planWorkspace(config, { ...CAPACITY, tokens: 1000, decodeRows: 500 }).logits).toBe(500 * 32000);
  });

  it('has slices for the matrices that need them, and none the size of a large one that does not', () => {
    expect(weightSlices(13, 6)).toBe(16);
    expect(weightSlices(32000, 64)).toBe(1);
    const config = tinyConfig({ vocab_size: 32000, hidden_size: 64 });
    const { slices } = planWorkspace(config, CAPACITY);
    expect(slices).toBeLessThan(32000 * 64);
    expect(slices).toBeGreaterThanOrEqual(16 * 2 * 9 * 64);
  });
});

describe('planMemory', () => {
  it('adds up parameters with gradient and moments, activations and caches', () => {
    const config = tinyConfig({ num_hidden_layers: 2 });
    const plan = planMemory(config, CAPACITY, WIDE);
    expect(plan.bytes).toBe(plan.parameterBytes + plan.activationBytes + plan.cacheBytes);
    expect(plan.cacheBytes).toBe(2 * 4 * 64 * 2 * 4 * 4);
    const read = planMemory(config, { ...CAPACITY, trained: false }, WIDE);
    expect(plan.parameterBytes).toBe(4 * read.parameterBytes);
    const both = planMemory(config, { ...CAPACITY, reference: true }, WIDE);
    expect(both.parameterBytes).toBe(5 * read.parameterBytes);
  });

  it('adds a merged copy with its gradient for an adapter, and two moments for a second optimiser', () => {
    const config = tinyConfig({ num_hidden_layers: 2 });
    const bytes = (changes: Partial<Capacity>) =>
      planMemory(config, { ...CAPACITY, ...changes }, WIDE).parameterBytes;
    const one = bytes({ trained: false });
    expect(bytes({ experts: true })).toBe(6 * one);
    // There is nothing to optimise.
    expect(bytes({ experts: true, trained: false })).toBe(one);
    const adapter = layoutAdapter(config, FULL, 2 ** 30).arenas[0].size * 4;
    expect(bytes({ adapter: FULL })).toBe(6 * one + 4 * adapter);
    expect(bytes({ adapter: FULL, experts: true })).toBe(8 * one + 4 * adapter);
    expect(bytes({ adapter: FULL, trained: false })).toBe(2 * one + adapter);
  });

  it('adds a copy of the matrices in half the bytes where rollouts read one, and one more with an adapter', () => {
    // Each matrix begins at a multiple of 64 words, as its binding must.
    const config = tinyConfig({ num_hidden_layers: 2 });
    const layout = layoutParameters(config, 2 ** 30);
    const words = [...layout.tensors.values()]
      .filter(({ name }) => !name.includes('norm'))
      .reduce((sum, { rows, columns }) => sum + 64 * Math.ceil(Math.ceil((rows * columns) / 2) / 64), 0);
    const bytes = (changes: Partial<Capacity>) => planMemory(config, { ...CAPACITY, ...changes }, WIDE);
    const half = { rolloutDtype: 'float16' } as const;
    const [plain, copied] = [bytes({}), bytes(half)];
    expect(copied.parameterBytes - plain.parameterBytes).toBe(4 * words);
    expect(copied.bytes - plain.bytes).toBe(4 * words);
    expect(copied.byHolder.weights! - plain.byHolder.weights!).toBe(4 * words);
    expect(bytes({ ...half, adapter: FULL }).bytes - bytes({ adapter: FULL }).bytes).toBe(2 * 4 * words);
    // Without decoding nobody reads it.
    expect(bytes({ ...half, decodeRows: 0 }).bytes).toBe(bytes({ decodeRows: 0 }).bytes);
  });

  it('refuses an adapter that cannot be or that is too large, and says what to lower', () => {
    const plan = (rank: number) =>
      planMemory(
        tinyConfig(),
        { ...CAPACITY, adapter: { ...FULL, rank } },
        { ...WIDE, maxBufferSize: 2 ** 20 },
      );
    expect(() => plan(0)).toThrow('adapter.rank: expected an integer of at least 1, got 0');
    const error = refusal(() => plan(100000));
    expect(error.message).toMatch(/^memory: buffer adapter\d+: expected at most 1\.0 MiB/);
    expect(error.remedy).toMatch(/rank/);
  });

  for (const [name, config, changes, buffer, remedy] of [
    ['caches', tinyConfig(), { decodeRows: 5000 }, 'cache0', /prompts_per_step, num_generations/],
    ['micro-batches', tinyConfig(), { tokens: 100000, decodeRows: 0 }, 'gateUp0', /micro_batch_tokens/],
    [
      'models',
      tinyConfig({ vocab_size: 500000 }),
      { tokens: 1, decodeRows: 0 },
      'parameters0',
      /smaller one/,
    ],
    [
      'rows to decode',
      tinyConfig({ vocab_size: 50000 }),
      { tokens: 1, cacheLength: 41, decodeRows: 50 },
      'logits',
      /num_generations/,
    ],
  ] as const)
    it(`refuses too large ${name} with what they take and what to lower`, () => {
      const limit = 4 * 2 ** 20;
      const error = refusal(() =>
        planMemory(config, { ...CAPACITY, ...changes }, { ...WIDE, maxStorageBufferBindingSize: limit }),
      );
      expect(error.message).toMatch(
        new RegExp(
          `^memory: buffer ${buffer}: expected at most 4\\.0 MiB .*, got [\\d.]+ MiB; the whole would take [\\d.]+ MiB$`,
        ),
      );
      const [, got, whole] = /got ([\d.]+) MiB.*take ([\d.]+) MiB/.exec(error.message) ?? [];
      expect(Number(got)).toBeGreaterThan(4);
      expect(Number(whole)).toBeGreaterThanOrEqual(Number(got));
      expect(error.remedy).toMatch(remedy);
    });
});

describe('uniforms and grids', () => {
  it('packs integers and floats as WGSL lays out a struct', () => {
    const bytes = packUniform([1, f32(0.5), 2 ** 32 - 1]);
    expect([...new Uint32Array(bytes)]).toEqual([1, 0x3f000000, 0xffffffff]);
  });

  it('has an invocation for each of count x each elements', () => {
    expect(perElement(10)(13)).toEqual([3, 1, 1]);
    expect(perElement(10)(0)).toEqual([0, 1, 1]);
  });
});
