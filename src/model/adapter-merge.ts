/**
 * An adapter merged into a policy's weights on the host: what rows that it is active on go through, as `adapter.ts`
 * has it on the device. For runtimes that know nothing of adapters. Used by the second opinion.
 */
import type { AdapterFile } from './adapter-file';
import { adaptedLinears, adaptedNorms, checkAdapter, nameOfA, nameOfB, nameOfOffset } from './adapter-layout';
import type { LlamaConfig } from './config';
import type { NamedTensors } from './parameters';

/**
 * W + (alpha / rank) B A of every adapted layer, norm weights with their offsets; other weights are those of `base`
 * itself. Sums in float64, rounded once.
 * @throws Error when the specification or a tensor does not fit the policy.
 */
export function mergeAdapter(
  config: LlamaConfig,
  base: NamedTensors,
  { spec, tensors }: AdapterFile,
): NamedTensors {
  checkAdapter(config, spec);
  const { rank } = spec;
  const scale = spec.alpha / rank;
  const take = (from: NamedTensors, name: string, size: number): Float32Array => {
    const found = from.get(name);
    if (found?.length !== size)
      throw new Error(`adapter: tensor ${name}: expected ${size} values, got ${found?.length ?? 'none'}`);
    return found;
  };
  const merged: NamedTensors = new Map(base);
  for (const { module, inputs, outputs } of adaptedLinears(config, spec)) {
    const a = take(tensors, nameOfA(module), rank * inputs);
    const b = take(tensors, nameOfB(module), outputs * rank);
    const weight = take(base, `${module}.weight`, outputs * inputs).slice();
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < inputs; i++) {
        let update = 0;
        for (let r = 0; r < rank; r++) update += b[o * rank + r] * a[r * inputs + i];
        weight[o * inputs + i] += scale * update;
      }
    merged.set(`${module}.weight`, weight);
  }
  for (const { module, width } of adaptedNorms(config, spec)) {
    const offset = take(tensors, nameOfOffset(module), width);
    const weight = take(base, `${module}.weight`, width);
    merged.set(
      `${module}.weight`,
      weight.map((value, i) => value + offset[i]),
    );
  }
  return merged;
}
