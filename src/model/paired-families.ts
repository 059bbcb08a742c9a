/**
 * The projections that can be gone on with in one kernel as families to choose from, with what they are tried on. They
 * are measured after the products alone, which one of their variants is made of. Used by `families.ts`.
 */
import type { Gpu } from '../gpu/device';
import type { LlamaConfig } from './config';
import {
  gatedProjection,
  gateKey,
  headsKey,
  headsProjection,
  type PairVariant,
  pairVariants,
} from './paired';
import { SHADERS } from './shaders';
import type { Family, TestBench, Trial } from './variants';
import { perTile } from './workspace';

/** Rows as in training, and as many as are decoded at once. */
const ROWS = 256;
const POSITIONS = 64;

export function pairedFamilies(gpu: Gpu, config: LlamaConfig): Family[] {
  const { hidden_size: inputs, intermediate_size: inner, head_dim: head } = config;
  const { num_attention_heads: heads, num_key_value_heads: kvHeads } = config;
  const qkvColumns = (heads + 2 * kvHeads) * head;
  const keyColumns = 2 * kvHeads * head;
  const gate = family(
    'gate_up',
    gateKey(inputs, inner),
    pairVariants(gpu, inputs, 2 * inner, inner),
    (bench) => {
      const extent = bench.extent(ROWS);
      const x = bench.floats('x', ROWS * inputs);
      const w = bench.floats('w', 2 * inner * inputs);
      const gateUp = bench.empty('gateUp', ROWS * 2 * inner);
      const act = bench.empty('act', ROWS * inner);
      const size = { inputs, inner, keep: true };
      return (variant) => ({
        ops: gatedProjection(bench.maker, extent, { x, w, gateUp, act }, size, variant),
        count: ROWS,
        outputs: [gateUp, act],
      });
    },
  );
  const projection = (cached: boolean) =>
    family(
      cached ? 'heads_cache' : 'heads',
      headsKey(config, cached),
      pairVariants(gpu, inputs, qkvColumns, head / 2),
      (bench) => {
        const extent = bench.extent(ROWS);
        const names = {
          x: bench.floats('x', ROWS * inputs),
          w: bench.floats('w', qkvColumns * inputs),
          qkv: bench.empty('qkv', ROWS * qkvColumns),
          positions: bench.filled(
            'positions',
            Uint32Array.from({ length: ROWS }, (_, i) => (i * 7) % POSITIONS),
          ),
          angles: bench.floats('angles', POSITIONS * head),
          unused: bench.empty('unused', 4),
        };
        if (!cached)
          return (variant) => ({
            ops: headsProjection(bench.maker, extent, names, config, variant),
            count: ROWS,
            outputs: [names.qkv],
          });
        // One position for each row of the cache.
        const cache = {
          cache: bench.empty('cache', ROWS * keyColumns),
          rows: bench.filled(
            'rows',
            Uint32Array.from({ length: ROWS }, (_, i) => i),
          ),
          length: 1,
        };
        names.positions = bench.filled('first', new Uint32Array(ROWS));
        // What is left in the columns of keys and values does not count: the queries are looked up.
        const queries = bench.empty('queries', ROWS * heads * head);
        const ids = Uint32Array.from(
          { length: ROWS * heads },
          (_, i) => Math.floor(i / heads) * (heads + 2 * kvHeads) + (i % heads),
        );
        const lookUp = bench.maker.op(
          SHADERS.embedding,
          {
            extent: bench.extent(ids.length),
            ids: bench.filled('ids', ids),
            table: names.qkv,
            x: queries,
          },
          { shape: [head], grid: () => perTile(head)(ids.length) },
        );
        return (variant) => ({
          ops: [...headsProjection(bench.maker, extent, { ...names, cache }, config, variant), lookUp],
          count: ROWS,
          outputs: [cache.cache, queries],
        });
      },
    );
  return [gate, projection(false), projection(true)];
}

function family(
  operation: string,
  key: string,
  variants: readonly PairVariant[],
  prepare: (bench: TestBench) => (variant: PairVariant) => Trial,
): Family {
  return {
    key,
    operation,
    variants: variants.map(({ name }) => name),
    prepare(bench) {
      const bind = prepare(bench);
      return (name) => bind(variants.find((variant) => variant.name === name)!);
    },
  };
}
