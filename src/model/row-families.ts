/** The kernels that go through rows as families to choose from, with what they are tried on. Used by `families.ts`. */
import type { LlamaConfig } from './config';
import { logSoftmaxGather, SOFTMAX_VARIANTS, softmaxKey } from './head';
import { NORM_VARIANTS, normKey, type RowVariant, rmsNorm, rmsNormBackward } from './norm';
import type { Family, TestBench } from './variants';
import { f32, packUniform } from './workspace';

/** Rows that norms are measured with; of logits, as many as make so many values. */
const ROWS = 256;
const LOGITS = 2 ** 20;

export function rowFamilies({
  hidden_size: width,
  rms_norm_eps: epsilon,
  vocab_size: vocabulary,
}: LlamaConfig): Family[] {
  const size = { width, epsilon };
  const norms = (bench: TestBench) => ({
    extent: bench.extent(ROWS),
    rows: bench.filled('rows', new Uint32Array(1)),
    x: bench.floats('x', ROWS * width),
    weight: bench.floats('weight', width),
    inverse: bench.floats('inverse', ROWS),
  });
  return [
    family('rms_norm', normKey('rms_norm', width), NORM_VARIANTS, (bench) => {
      const { extent, ...inputs } = norms(bench);
      const y = bench.empty('y', ROWS * width);
      return (variant) => ({
        ops: [rmsNorm(bench.maker, extent, { ...inputs, y }, size, variant)],
        count: ROWS,
        outputs: [y, inputs.inverse],
      });
    }),
    family('rms_norm_backward', normKey('rms_norm_backward', width), NORM_VARIANTS, (bench) => {
      const { extent, ...inputs } = norms(bench);
      const dy = bench.floats('dy', ROWS * width);
      const dx = bench.empty('dx', ROWS * width);
      const y = bench.empty('y', ROWS * width);
      return (variant) => ({
        ops: [rmsNormBackward(bench.maker, extent, { ...inputs, dy, dx, y }, size, true, variant)],
        count: ROWS,
        outputs: [dx, y],
      });
    }),
    family('log_softmax_gather', softmaxKey(vocabulary), SOFTMAX_VARIANTS, (bench) => {
      const rows = Math.max(1, Math.min(ROWS, Math.floor(LOGITS / vocabulary)));
      const extent = bench.extent(rows);
      const inputs = {
        shape: bench.pool.uniform('tune.shape', packUniform([vocabulary, f32(1)])),
        logits: bench.floats('logits', rows * vocabulary),
        targets: bench.filled('targets', new Uint32Array(rows)),
      };
      const written = {
        logp: bench.empty('logp', rows),
        entropy: bench.empty('entropy', rows),
        normaliser: bench.empty('normaliser', rows),
      };
      return (variant) => ({
        ops: [logSoftmaxGather(bench.maker, extent, { ...inputs, ...written }, vocabulary, variant)],
        count: rows,
        outputs: Object.values(written),
      });
    }),
  ];
}

function family(
  operation: string,
  key: string,
  variants: readonly RowVariant[],
  prepare: (bench: TestBench) => (variant: RowVariant) => ReturnType<ReturnType<Family['prepare']>>,
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
