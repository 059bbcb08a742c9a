/** Every family of kernels that a policy chooses from. Used by `tune.ts`. */
import type { Gpu } from '../gpu/device';
import { attentionFamilies } from './attention-families';
import type { LlamaConfig } from './config';
import { decodeFamilies } from './decode-variants';
import { fewRowsFamilies, linearFamilies } from './linear-families';
import { PRODUCTS } from './linear-variants';
import { pairedFamilies } from './paired-families';
import type { RolloutDtype } from './plan';
import { rowFamilies } from './row-families';
import type { Family } from './variants';

/** Those that are measured first: others are made of them. @param rolloutDtype what decoding reads weights as */
export function familiesOf(gpu: Gpu, config: LlamaConfig, rolloutDtype: RolloutDtype): Family[] {
  return [
    ...linearFamilies(gpu, config, rolloutDtype === 'float16' ? [...PRODUCTS, 'forward_float16'] : PRODUCTS),
    ...attentionFamilies(gpu, config),
    ...rowFamilies(config),
    ...decodeFamilies(gpu, config),
  ];
}

/** Those that are measured after them: what is made of others, and the products of few rows, which matter least. */
export function laterFamiliesOf(gpu: Gpu, config: LlamaConfig, rolloutDtype: RolloutDtype): Family[] {
  return [
    ...pairedFamilies(gpu, config, 'float32'),
    ...(rolloutDtype === 'float16' ? pairedFamilies(gpu, config, 'float16') : []),
    ...fewRowsFamilies(gpu, config, rolloutDtype),
  ];
}
