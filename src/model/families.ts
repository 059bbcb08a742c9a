/** Every family of kernels that a policy chooses from. Used by `tune.ts`. */
import type { Gpu } from '../gpu/device';
import { attentionFamilies } from './attention-families';
import type { LlamaConfig } from './config';
import { decodeFamilies } from './decode-variants';
import { linearFamilies } from './linear-families';
import { pairedFamilies } from './paired-families';
import { rowFamilies } from './row-families';
import type { Family } from './variants';

/** Those that are measured first: others are made of them. */
export function familiesOf(gpu: Gpu, config: LlamaConfig): Family[] {
  return [
    ...linearFamilies(gpu, config),
    ...attentionFamilies(gpu, config),
    ...rowFamilies(config),
    ...decodeFamilies(gpu, config),
  ];
}

export function fusedFamiliesOf(gpu: Gpu, config: LlamaConfig): Family[] {
  return pairedFamilies(gpu, config);
}
