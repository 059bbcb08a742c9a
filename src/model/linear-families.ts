/** The linear layers of a policy as families to choose kernels for, with what they are tried on. Used by `families.ts`. */
import type { Gpu } from '../gpu/device';
import type { LlamaConfig } from './config';
import { linearBackwardInput, linearForward, weightProduct } from './linear';
import { PRODUCTS, type Product, productKey, variantsOf } from './linear-variants';
import { type RolloutDtype, weightSlices } from './plan';
import type { Family, TestBench } from './variants';

/** Rows that products are measured with: enough to fill an adapter, few enough to be quick. */
const ROWS = 256;
/** Of a vocabulary, so many tokens are as good as all. */
const MOST_OUTPUTS = 4096;

/** The distinct linear layers of a policy, by the products it is made of. */
export function linearFamilies(gpu: Gpu, config: LlamaConfig, products = PRODUCTS): Family[] {
  const { hidden_size: D, intermediate_size: F, head_dim: h } = config;
  const queries = config.num_attention_heads * h;
  const layers: readonly (readonly [number, number])[] = [
    [D, queries + 2 * config.num_key_value_heads * h],
    [queries, D],
    [D, 2 * F],
    [F, D],
    [D, config.vocab_size],
  ];
  const families = new Map<string, Family>();
  for (const product of products)
    for (const [inputs, outputs] of layers) {
      const family = linearFamily(gpu, product, inputs, outputs);
      families.set(family.key, family);
    }
  return [...families.values()];
}

/** One product of one layer; for whoever wants to know of it alone. */
export function linearFamily(gpu: Gpu, product: Product, inputs: number, outputs: number): Family {
  const variants = variantsOf(gpu, product, inputs, outputs);
  const size = { inputs, outputs: outputs % 4 === 0 ? Math.min(outputs, MOST_OUTPUTS) : outputs };
  return {
    key: productKey(product, inputs, outputs),
    // Alike enough for one to go by the other.
    operation: product === 'forward_float16' ? 'forward' : product,
    kin: 'linear',
    variants: variants.map(({ name }) => name),
    prepare(bench) {
      const bind = BIND[product](bench, size);
      return (name) => bind(variants.find((variant) => variant.name === name)!);
    },
  };
}

type Size = { inputs: number; outputs: number };
type Bind = (variant: ReturnType<typeof variantsOf>[number]) => ReturnType<ReturnType<Family['prepare']>>;

const bindForward =
  (dtype: RolloutDtype) =>
  (bench: TestBench, size: Size): Bind => {
    const x = bench.floats('x', ROWS * size.inputs);
    const w = bench.weights('w', size.inputs * size.outputs, dtype);
    const y = bench.empty('y', ROWS * size.outputs);
    const extent = bench.extent(ROWS);
    return (variant) => ({
      ops: [linearForward(bench.maker, extent, { x, w, y, ...size }, variant)],
      count: ROWS,
      outputs: [y],
    });
  };

const BIND: Record<Product, (bench: TestBench, size: Size) => Bind> = {
  forward: bindForward('float32'),
  forward_float16: bindForward('float16'),
  backward_input(bench, size) {
    const dy = bench.floats('dy', ROWS * size.outputs);
    const w = bench.floats('w', size.inputs * size.outputs);
    const dx = bench.empty('dx', ROWS * size.inputs);
    const extent = bench.extent(ROWS);
    return (variant) => ({
      ops: [linearBackwardInput(bench.maker, extent, { dy, w, dx, ...size }, variant)],
      count: ROWS,
      outputs: [dx],
    });
  },
  backward_weight(bench, size) {
    const dy = bench.floats('dy', ROWS * size.outputs);
    const x = bench.floats('x', ROWS * size.inputs);
    const slices = weightSlices(size.outputs, size.inputs);
    const dw = bench.empty('dw', slices * size.inputs * size.outputs);
    const extent = bench.extent(ROWS);
    return (variant) => ({
      ops: [weightProduct(bench.maker, extent, { dy, x, dw, ...size }, slices, variant)],
      count: ROWS,
      outputs: [dw],
    });
  },
};
