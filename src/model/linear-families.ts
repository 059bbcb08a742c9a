/** The linear layers of a policy as families to choose kernels for, with what they are tried on. Used by `families.ts`. */
import type { Gpu } from '../gpu/device';
import type { LlamaConfig } from './config';
import { linearBackwardInput, linearForward, weightProduct } from './linear';
import {
  FEW_ROWS,
  fewRowsKey,
  fewRowsVariants,
  forwardProduct,
  PRODUCTS,
  type Product,
  productKey,
  type Variant,
  variantsOf,
} from './linear-variants';
import { type RolloutDtype, weightSlices } from './plan';
import { type Family, familyOf, type TestBench, type Trial } from './variants';
import type { Op } from './workspace';

/** Rows that products are measured with: enough to fill an adapter, few enough to be quick. */
const MANY_ROWS = 256;
/** Of a vocabulary, so many tokens are as good as all. */
const MOST_OUTPUTS = 4096;

/** The distinct linear layers of a policy, by the products it is made of. */
export const linearFamilies = (gpu: Gpu, config: LlamaConfig, products = PRODUCTS): Family[] =>
  distinct(
    products.flatMap((product) =>
      layersOf(config).map(([inputs, outputs]) => linearFamily(gpu, product, inputs, outputs)),
    ),
  );

/** Those that decoding goes through, over few rows. */
export const fewRowsFamilies = (gpu: Gpu, config: LlamaConfig, dtype: RolloutDtype): Family[] =>
  distinct(
    layersOf(config).map(([inputs, outputs]) => fewRowsFamily(gpu, forwardProduct(dtype), inputs, outputs)),
  );

/** (inputs, outputs) of each. */
function layersOf(config: LlamaConfig): readonly (readonly [number, number])[] {
  const { hidden_size: D, intermediate_size: F, head_dim: h } = config;
  const queries = config.num_attention_heads * h;
  return [
    [D, queries + 2 * config.num_key_value_heads * h],
    [queries, D],
    [D, 2 * F],
    [F, D],
    [D, config.vocab_size],
  ];
}

const distinct = (families: readonly Family[]): Family[] => [
  ...new Map(families.map((family) => [family.key, family])).values(),
];

/** One product of one layer; for whoever wants to know of it alone. */
export const linearFamily = (gpu: Gpu, product: Product, inputs: number, outputs: number): Family =>
  familyOf(
    {
      key: productKey(product, inputs, outputs),
      // Alike enough for one to go by the other.
      operation: product === 'forward_float16' ? 'forward' : product,
      kin: 'linear',
    },
    variantsOf(gpu, product, inputs, outputs),
    (bench) => BIND[product](bench, triedOn(inputs, outputs, MANY_ROWS)),
  );

/** The same over few rows, where what is far behind otherwise may be ahead. */
const fewRowsFamily = (gpu: Gpu, product: Product, inputs: number, outputs: number): Family =>
  familyOf(
    { key: fewRowsKey(product, inputs, outputs), operation: 'forward of few rows' },
    fewRowsVariants(gpu, product, inputs, outputs),
    (bench) => BIND[product](bench, triedOn(inputs, outputs, FEW_ROWS)),
  );

type Size = { inputs: number; outputs: number; rows: number };

const triedOn = (inputs: number, outputs: number, rows: number): Size => ({
  inputs,
  outputs: outputs % 4 === 0 ? Math.min(outputs, MOST_OUTPUTS) : outputs,
  rows,
});

type Bind = (variant: Variant) => Trial;

const bindForward =
  (dtype: RolloutDtype) =>
  (bench: TestBench, { rows, ...size }: Size): Bind => {
    const x = bench.floats('x', rows * size.inputs);
    const w = bench.weights('w', size.inputs * size.outputs, dtype);
    const y = bench.empty('y', rows * size.outputs);
    const extent = bench.extent(rows);
    return (variant) => {
      const op = linearForward(bench.maker, extent, { x, w, y, ...size }, variant);
      // Few rows as often as makes many: once takes less than submitting it does.
      return { ops: new Array<Op>(MANY_ROWS / rows).fill(op), count: rows, outputs: [y] };
    };
  };

const BIND: Record<Product, (bench: TestBench, size: Size) => Bind> = {
  forward: bindForward('float32'),
  forward_float16: bindForward('float16'),
  backward_input(bench, { rows, ...size }) {
    const dy = bench.floats('dy', rows * size.outputs);
    const w = bench.floats('w', size.inputs * size.outputs);
    const dx = bench.empty('dx', rows * size.inputs);
    const extent = bench.extent(rows);
    return (variant) => ({
      ops: [linearBackwardInput(bench.maker, extent, { dy, w, dx, ...size }, variant)],
      count: rows,
      outputs: [dx],
    });
  },
  backward_weight(bench, { rows, ...size }) {
    const dy = bench.floats('dy', rows * size.outputs);
    const x = bench.floats('x', rows * size.inputs);
    const slices = weightSlices(size.outputs, size.inputs);
    const dw = bench.empty('dw', slices * size.inputs * size.outputs);
    const extent = bench.extent(rows);
    return (variant) => ({
      ops: [weightProduct(bench.maker, extent, { dy, x, dw, ...size }, slices, variant)],
      count: rows,
      outputs: [dw],
    });
  },
};
