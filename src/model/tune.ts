/**
 * Chooses kernels by measurement: each linear product of a policy by each variant that the adapter has, in turns.
 *
 * A variant may only win when its result equals, bit for bit, that of the one that always works. The choices go into
 * `gpu.choices`, which policies made afterwards follow, and can be kept as text for the next time. Used by the session
 * before a policy is made; without it everything works, slower.
 */
import { BufferPool, type Gpu } from '../gpu/device';
import type { LlamaConfig } from './config';
import { linearBackwardInput, linearForward, weightProduct } from './linear';
import { PRODUCTS, type Product, productKey, type Variant, variantsOf } from './linear-variants';
import { weightSlices } from './plan';
import { type Op, OpMaker } from './workspace';

/** Rows that products are measured with: enough to fill an adapter, few enough to be quick. */
const ROWS = 256;
/** Turns every variant gets. */
const TURNS = 3;
/** No further product is begun after this long; what was not measured goes by the others of its kind. */
const MOST_MS = 2500;

interface Shape {
  product: Product;
  inputs: number;
  outputs: number;
}

/** The distinct linear layers of a policy. */
function shapesOf(config: LlamaConfig): Shape[] {
  const { hidden_size: D, intermediate_size: F, head_dim: h } = config;
  const queries = config.num_attention_heads * h;
  const layers: readonly (readonly [number, number])[] = [
    [D, queries + 2 * config.num_key_value_heads * h],
    [queries, D],
    [D, 2 * F],
    [F, D],
    [D, config.vocab_size],
  ];
  const shapes = new Map<string, Shape>();
  for (const [inputs, outputs] of layers)
    for (const product of PRODUCTS)
      shapes.set(productKey(product, inputs, outputs), { product, inputs, outputs });
  return [...shapes.values()];
}

/**
 * Measures what is not in `gpu.choices` yet.
 * @returns whether anything was measured, so that it is worth keeping.
 * @throws DeviceError when the device refuses a kernel.
 */
export async function tuneLinear(
  gpu: Gpu,
  config: LlamaConfig,
  onProgress?: (done: number, total: number) => void,
): Promise<boolean> {
  const open = shapesOf(config).filter(
    ({ product, inputs, outputs }) =>
      !gpu.choices.has(productKey(product, inputs, outputs)) &&
      variantsOf(gpu, product, inputs, outputs).length > 1,
  );
  if (open.length === 0) return false;
  const start = performance.now();
  const won = new Map<Product, Map<string, number>>(PRODUCTS.map((product) => [product, new Map()]));
  for (const [i, shape] of open.entries()) {
    onProgress?.(i, open.length);
    const wins = won.get(shape.product)!;
    const late = performance.now() - start > MOST_MS;
    const usual = [...wins].sort((a, b) => b[1] - a[1])[0]?.[0];
    const chosen = late && usual ? usual : await fastest(gpu, shape);
    wins.set(chosen, (wins.get(chosen) ?? 0) + 1);
    gpu.choices.set(productKey(shape.product, shape.inputs, shape.outputs), chosen);
  }
  onProgress?.(open.length, open.length);
  return true;
}

/** The choices as text, and back: text of another kind is ignored, as choices can be measured again. */
export const choicesText = (gpu: Gpu): string => JSON.stringify([...gpu.choices]);

export function adoptChoices(gpu: Gpu, text: string): void {
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    return;
  }
  if (!Array.isArray(entries)) return;
  for (const entry of entries)
    if (Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'string')
      gpu.choices.set(entry[0], entry[1]);
}

async function fastest(gpu: Gpu, shape: Shape): Promise<string> {
  const pool = new BufferPool(gpu.device);
  try {
    const candidates = bindAll(gpu, pool, shape);
    await gpu.kernels.ready();
    const first = await result(gpu, candidates[0]);
    const equal = [candidates[0]];
    for (const candidate of candidates.slice(1)) {
      const got = await result(gpu, candidate);
      if (got.every((bits, i) => bits === first[i])) equal.push(candidate);
    }
    const times = equal.map(() => Number.POSITIVE_INFINITY);
    // The best of several turns: what else the machine does only ever adds.
    for (let turn = 0; turn < TURNS; turn++)
      for (const [c, candidate] of equal.entries()) {
        const begun = performance.now();
        candidate.maker.submit('tune', (pass) => candidate.op.kernel.encode(pass, candidate.op.grid(ROWS)));
        await gpu.device.queue.onSubmittedWorkDone();
        times[c] = Math.min(times[c], performance.now() - begun);
      }
    return equal[times.indexOf(Math.min(...times))].variant.name;
  } finally {
    pool.destroy();
  }
}

interface Candidate {
  variant: Variant;
  op: Op;
  maker: OpMaker;
  out: GPUBuffer;
}

/** Every variant over the same inputs, each with an output of its own. */
function bindAll(gpu: Gpu, pool: BufferPool, { product, inputs, outputs }: Shape): Candidate[] {
  const maker = new OpMaker(gpu, pool);
  const filled = (label: string, values: number) => {
    const buffer = pool.storage(`tune.${label}`, values);
    gpu.device.queue.writeBuffer(buffer, 0, unequal(values));
    return buffer;
  };
  const extent = maker.extent('tune');
  extent.write(ROWS);
  const w = filled('w', inputs * outputs);
  const x = filled('x', ROWS * inputs);
  const dy = filled('dy', ROWS * outputs);
  const slices = weightSlices(outputs, inputs);
  const size = { inputs, outputs };
  const values =
    product === 'forward'
      ? ROWS * outputs
      : product === 'backward_input'
        ? ROWS * inputs
        : slices * inputs * outputs;
  return variantsOf(gpu, product, inputs, outputs).map((variant) => {
    const out = pool.storage(`tune.${variant.name}`, values);
    const op =
      product === 'forward'
        ? linearForward(maker, extent, { x, w, y: out, ...size }, variant)
        : product === 'backward_input'
          ? linearBackwardInput(maker, extent, { dy, w, dx: out, ...size }, variant)
          : weightProduct(maker, extent, { dy, x, dw: out, ...size }, slices, variant);
    return { variant, maker, out, op };
  });
}

/** Numbers between -1 and 1 that a wrong order of summation would show in. */
function unequal(count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) * (1 + (i % 7) / 8));
}

/** What a candidate computes, as bits. */
async function result(gpu: Gpu, { maker, op, out }: Candidate): Promise<Uint32Array> {
  const { device } = gpu;
  maker.submit('tune', (pass) => op.kernel.encode(pass, op.grid(ROWS)));
  const staging = maker.pool.readback('tune.read', out.size);
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(out, 0, staging, 0, out.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  return new Uint32Array(staging.getMappedRange().slice(0));
}
