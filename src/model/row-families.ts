/** The kernels that go through rows as families to choose from, with what they are tried on. Used by `families.ts`. */
import type { LlamaConfig } from './config';
import { logSoftmaxGather, softmaxKey, softmaxVariants } from './head';
import { NORM_VARIANTS, normKey, rmsNorm, rmsNormBackward } from './norm';
import { type Family, familyOf, type TestBench } from './variants';
import { f32, type Op, packUniform } from './workspace';

/** Most rows, and most values in them: enough that a kernel takes longer than it takes to be submitted. */
const MOST_ROWS = 2048;
const MOST_VALUES = 2 ** 18;
/** Dispatches of a trial, for the same reason. */
const REPEATS = 2;

const repeated = (op: Op): Op[] => new Array<Op>(REPEATS).fill(op);
const rowsOf = (width: number): number => Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_VALUES / width)));

export function rowFamilies({
  hidden_size: width,
  rms_norm_eps: epsilon,
  vocab_size: vocabulary,
}: LlamaConfig): Family[] {
  const size = { width, epsilon };
  const count = rowsOf(width);
  const norms = (bench: TestBench) => ({
    extent: bench.extent(count),
    rows: bench.filled('rows', new Uint32Array(1)),
    x: bench.floats('x', count * width),
    weight: bench.floats('weight', width),
    inverse: bench.floats('inverse', count),
  });
  return [
    familyOf({ operation: 'rms_norm', key: normKey('rms_norm', width) }, NORM_VARIANTS, (bench) => {
      const { extent, ...inputs } = norms(bench);
      const y = bench.empty('y', count * width);
      return (variant) => ({
        ops: repeated(rmsNorm(bench.maker, extent, { ...inputs, y }, size, variant)),
        count,
        outputs: [y, inputs.inverse],
      });
    }),
    familyOf(
      { operation: 'rms_norm_backward', key: normKey('rms_norm_backward', width) },
      NORM_VARIANTS,
      (bench) => {
        const { extent, ...inputs } = norms(bench);
        const dy = bench.floats('dy', count * width);
        const dx = bench.empty('dx', count * width);
        const y = bench.empty('y', count * width);
        return (variant) => ({
          ops: repeated(rmsNormBackward(bench.maker, extent, { ...inputs, dy, dx, y }, size, true, variant)),
          count,
          outputs: [dx, y],
        });
      },
    ),
    familyOf(
      { operation: 'log_softmax_gather', key: softmaxKey(vocabulary) },
      softmaxVariants(vocabulary),
      (bench) => {
        const rows = rowsOf(vocabulary);
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
          ops: repeated(
            logSoftmaxGather(bench.maker, extent, { ...inputs, ...written }, vocabulary, variant),
          ),
          count: rows,
          outputs: Object.values(written),
        });
      },
    ),
  ];
}
