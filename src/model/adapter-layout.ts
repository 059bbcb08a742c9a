/**
 * What an adapter is: which linear layers of the policy it adapts with what rank, its tensors, and their first values.
 *
 * LoRA (arXiv 2106.09685): a linear layer's weight W [out, in] becomes W + (alpha / rank) B A with A [rank, in] and
 * B [out, rank]. Optionally the norm weights get offsets, too. Names and defaults are PEFT's, but for the offsets,
 * which PEFT has no name for. Not the computation (`adapter.ts`) and not the files (`adapter-file.ts`).
 */
import { type LlamaConfig, parameterShapes } from './config';
import { type Layout, placeTensors } from './layout';
import type { NamedTensors } from './parameters';

/** Linear layers that can be adapted, in every block; the head only where it is not the embedding. */
export const ADAPTER_TARGETS = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
  'lm_head',
] as const;
export type AdapterTarget = (typeof ADAPTER_TARGETS)[number];

export interface AdapterSpec {
  /** r, the rank of each update. */
  rank: number;
  /** The update is scaled by alpha / rank. */
  alpha: number;
  targets: readonly AdapterTarget[];
  /** Whether every norm weight has an offset, the final norm's included. */
  norms: boolean;
}

/** One adapted linear layer: `module` is its name in Hugging Face's model, W is [outputs, inputs]. */
export interface AdaptedLinear {
  module: string;
  inputs: number;
  outputs: number;
}

export const nameOfA = (module: string) => `${module}.lora_A.weight`;
export const nameOfB = (module: string) => `${module}.lora_B.weight`;
export const nameOfOffset = (module: string) => `${module}.offset`;

/** @throws Error naming what of the specification cannot be. */
export function checkAdapter(config: LlamaConfig, { rank, alpha, targets }: AdapterSpec): void {
  if (!(Number.isInteger(rank) && rank >= 1))
    throw new Error(`adapter.rank: expected an integer of at least 1, got ${rank}`);
  if (!(Number.isFinite(alpha) && alpha > 0))
    throw new Error(`adapter.alpha: expected a number above 0, got ${alpha}`);
  if (targets.length === 0)
    throw new Error(`adapter.targets: expected at least one of ${ADAPTER_TARGETS.join(', ')}, got none`);
  targets.forEach((target, i) => {
    if (!ADAPTER_TARGETS.includes(target))
      throw new Error(`adapter.targets: expected names of ${ADAPTER_TARGETS.join(', ')}, got ${target}`);
    if (targets.indexOf(target) !== i)
      throw new Error(`adapter.targets: expected each name once, got ${target} twice`);
    if (target === 'lm_head' && config.tie_word_embeddings)
      throw new Error(
        'adapter.targets: expected no lm_head, got it: the head of this policy is its embedding',
      );
  });
}

/** The adapted layers, in the order of Hugging Face's state dict. */
export function adaptedLinears(config: LlamaConfig, spec: AdapterSpec): AdaptedLinear[] {
  return parameterShapes(config).flatMap(({ name, shape }) => {
    const module = name.replace(/\.weight$/, '');
    const own = module.slice(module.lastIndexOf('.') + 1);
    if (!spec.targets.some((target) => target === own)) return [];
    return [{ module, outputs: shape[0], inputs: shape[1] }];
  });
}

/** Names of the norms with an offset in Hugging Face's model, and their width. */
export function adaptedNorms(config: LlamaConfig, spec: AdapterSpec): { module: string; width: number }[] {
  if (!spec.norms) return [];
  return parameterShapes(config)
    .filter(({ shape }) => shape.length === 1)
    .map(({ name, shape }) => ({ module: name.replace(/\.weight$/, ''), width: shape[0] }));
}

/** Where the adapter's tensors go; each is a device tensor of its own. @throws as `checkAdapter` does. */
export function layoutAdapter(config: LlamaConfig, spec: AdapterSpec, maxArenaBytes: number): Layout {
  checkAdapter(config, spec);
  const plan = (name: string, ...shape: number[]) => ({
    name,
    rows: shape.length > 1 ? shape[0] : 1,
    columns: shape[shape.length - 1],
    parts: [{ name, shape }],
  });
  return placeTensors(
    adaptedLinears(config, spec).flatMap(({ module, inputs, outputs }) => [
      plan(nameOfA(module), spec.rank, inputs),
      plan(nameOfB(module), outputs, spec.rank),
    ]),
    adaptedNorms(config, spec).map(({ module, width }) => plan(nameOfOffset(module), width)),
    maxArenaBytes,
  );
}

/**
 * PEFT's first values: A uniform in +-1 / sqrt(in) (its `kaiming_uniform_(a = sqrt(5))`), B and offsets zero, so that
 * an adapter begins by changing nothing. `uniform` gives numbers in [0, 1), as many as the A hold, in order.
 */
export function initialAdapter(config: LlamaConfig, spec: AdapterSpec, uniform: () => number): NamedTensors {
  checkAdapter(config, spec);
  const tensors: NamedTensors = new Map();
  for (const { module, inputs, outputs } of adaptedLinears(config, spec)) {
    const bound = 1 / Math.sqrt(inputs);
    tensors.set(
      nameOfA(module),
      Float32Array.from({ length: spec.rank * inputs }, () => bound * (2 * uniform() - 1)),
    );
    tensors.set(nameOfB(module), new Float32Array(outputs * spec.rank));
  }
  for (const { module, width } of adaptedNorms(config, spec))
    tensors.set(nameOfOffset(module), new Float32Array(width));
  return tensors;
}
