/** Every family of kernels that a policy chooses from. Used by `tune.ts`. */
import type { Gpu } from '../gpu/device';
import type { LlamaConfig } from './config';
import { linearFamilies } from './linear-families';
import { rowFamilies } from './row-families';
import type { Family } from './variants';

export function familiesOf(gpu: Gpu, config: LlamaConfig): Family[] {
  return [...linearFamilies(gpu, config), ...rowFamilies(config)];
}
