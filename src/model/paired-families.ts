/**
 * The projections that can be gone on with in one kernel as families to choose from, with what they are tried on. They
 * are measured after the products alone, which one of their variants is made of. Used by `families.ts`.
 */
import type { Gpu } from '../gpu/device';
import type { LlamaConfig } from './config';
import { gatedProjection, gateKey, headColumns, headsKey, headsProjection, pairVariants } from './paired';
import type { RolloutDtype } from './plan';
import { type Family, familyOf } from './variants';

/** Rows they are tried on. */
const ROWS = 256;
const POSITIONS = 64;

export function pairedFamilies(gpu: Gpu, config: LlamaConfig, dtype: RolloutDtype): Family[] {
  const { hidden_size: inputs, intermediate_size: inner, head_dim: head } = config;
  const qkvColumns = headColumns(config);
  const gate = familyOf(
    { operation: 'gate_up', key: gateKey(inputs, inner, dtype) },
    pairVariants(gpu, inputs, 2 * inner, inner, dtype),
    (bench) => {
      const extent = bench.extent(ROWS);
      const x = bench.floats('x', ROWS * inputs);
      const w = bench.weights('w', 2 * inner * inputs, dtype);
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
  const projection = familyOf(
    { operation: 'heads', key: headsKey(config, dtype) },
    pairVariants(gpu, inputs, qkvColumns, head / 2, dtype),
    (bench) => {
      const extent = bench.extent(ROWS);
      const positions = Uint32Array.from({ length: ROWS }, (_, i) => (i * 7) % POSITIONS);
      const names = {
        x: bench.floats('x', ROWS * inputs),
        w: bench.weights('w', qkvColumns * inputs, dtype),
        qkv: bench.empty('qkv', ROWS * qkvColumns),
        positions: bench.filled('positions', positions),
        angles: bench.floats('angles', POSITIONS * head),
        unused: bench.empty('unused', 4),
      };
      return (variant) => ({
        ops: headsProjection(bench.maker, extent, names, config, variant),
        count: ROWS,
        outputs: [names.qkv],
      });
    },
  );
  return [gate, projection];
}
