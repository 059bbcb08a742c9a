/**
 * An adapter as files: adapter_config.json and adapter_model.safetensors as PEFT writes them, so that each opens the
 * other's. Reads and writes bytes; knows no disk. Beside them the plain tensors, for the optimiser's state in a checkpoint.
 *
 * Tensors are `base_model.model.MODULE.lora_A.weight` and `.lora_B.weight`. Norm offsets have no name in PEFT; they
 * are written as what it calls modules_to_save, whole norm weights `base_model.model.MODULE.weight` = base + offset,
 * which is why both directions ask for the base's weights. An offset comes back to the rounding of that sum; where it
 * moves the norm weight by less than half, the merged norm weight comes back bit for bit.
 * Format: https://huggingface.co/docs/peft/developer_guides/checkpoint.
 */
import { JsonError, parseJson, SMALL_JSON } from '../run/json';
import {
  ADAPTER_TARGETS,
  type AdapterSpec,
  adaptedLinears,
  adaptedNorms,
  checkAdapter,
  nameOfA,
  nameOfB,
  nameOfOffset,
} from './adapter-layout';
import type { LlamaConfig } from './config';
import type { NamedTensors } from './parameters';
import {
  readSafetensors,
  requireTensor,
  SafetensorsError,
  type TensorToWrite,
  writeSafetensors,
} from './safetensors';

/** A file that is no adapter of this policy; the message names the key, what was expected and what was there. */
export class AdapterFileError extends Error {
  constructor(where: string, message: string) {
    super(`adapter_config.json${where && ` ${where}`}: ${message}`);
    this.name = 'AdapterFileError';
  }
}

/** An adapter with its weights, named as in `adapter.ts`. */
export interface AdapterFile {
  spec: AdapterSpec;
  tensors: NamedTensors;
}

const PREFIX = 'base_model.model.';
const NORMS = ['input_layernorm', 'post_attention_layernorm', 'norm'];

/** Keys that, when set to anything, make PEFT compute something else than plain LoRA on every named layer. */
const UNSET = [
  'use_rslora',
  'use_dora',
  'use_qalora',
  'use_bdlora',
  'fan_in_fan_out',
  'lora_bias',
  'rank_pattern',
  'alpha_pattern',
  'exclude_modules',
  'layers_to_transform',
  'layers_pattern',
  'layer_replication',
  'target_parameters',
  'trainable_token_indices',
  'alora_invocation_tokens',
  'arrow_config',
];
/** Ways to begin that leave the base's weights as they are. */
const BEGINNINGS: readonly unknown[] = [undefined, null, true, false, 'gaussian', 'orthogonal', 'eva'];

/**
 * The adapter's two files. `base` holds the weights it was merged into; `baseModel` says where PEFT finds them.
 * @throws Error when the specification or a tensor does not fit the policy.
 */
export function writeAdapter(
  config: LlamaConfig,
  base: ReadonlyMap<string, Float32Array>,
  { spec, tensors }: AdapterFile,
  baseModel: string | null = null,
): { name: string; bytes: Uint8Array }[] {
  checkAdapter(config, spec);
  const values = (name: string, size: number, from: ReadonlyMap<string, Float32Array>) => {
    const found = from.get(name);
    if (found?.length !== size)
      throw new Error(`adapter: tensor ${name}: expected ${size} values, got ${found?.length ?? 'none'}`);
    return found;
  };
  const written: [string, TensorToWrite][] = [];
  for (const { module, inputs, outputs } of adaptedLinears(config, spec)) {
    const add = (name: string, rows: number, columns: number) =>
      written.push([
        `${PREFIX}${name}`,
        { shape: [rows, columns], data: values(name, rows * columns, tensors) },
      ]);
    add(nameOfA(module), spec.rank, inputs);
    add(nameOfB(module), outputs, spec.rank);
  }
  for (const { module, width } of adaptedNorms(config, spec)) {
    const offset = values(nameOfOffset(module), width, tensors);
    const weight = values(`${module}.weight`, width, base).map((value, i) => value + offset[i]);
    written.push([`${PREFIX}${module}.weight`, { shape: [width], data: weight }]);
  }
  const file = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    inference_mode: true,
    r: spec.rank,
    lora_alpha: spec.alpha,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
    use_rslora: false,
    use_dora: false,
    init_lora_weights: true,
    target_modules: ADAPTER_TARGETS.filter((target) => spec.targets.includes(target)),
    modules_to_save: spec.norms ? NORMS : null,
  };
  return [
    {
      name: 'adapter_config.json',
      bytes: new TextEncoder().encode(`${JSON.stringify(file, null, 2)}\n`),
    },
    { name: 'adapter_model.safetensors', bytes: writeSafetensors(written, { format: 'pt' }) },
  ];
}

/**
 * Reads an adapter of this policy; `base` holds the policy's weights. Half-width floats are widened.
 * @throws AdapterFileError or SafetensorsError, naming the key or tensor that is missing, wrong or not expected.
 */
export function readAdapter(
  config: LlamaConfig,
  base: ReadonlyMap<string, Float32Array>,
  configText: string,
  bytes: ArrayBuffer | Uint8Array,
): AdapterFile {
  const spec = parseAdapterConfig(config, configText);
  const file = readSafetensors(bytes).tensors;
  const expected = new Set<string>();
  const take = (name: string, ...shape: number[]): Float32Array => {
    expected.add(PREFIX + name);
    const where = `tensor "${PREFIX}${name}"`;
    const tensor = file.get(PREFIX + name);
    if (!tensor) throw new SafetensorsError(where, `expected floats [${shape}], got no tensor of that name`);
    const { data } = tensor;
    if (!(data instanceof Float32Array) || tensor.shape.join() !== shape.join())
      throw new SafetensorsError(where, `expected floats [${shape}], got ${tensor.dtype} [${tensor.shape}]`);
    const broken = data.findIndex((value) => !Number.isFinite(value));
    if (broken !== -1)
      throw new SafetensorsError(
        where,
        `expected finite numbers, got ${data[broken]} at ${broken}: is the file damaged?`,
      );
    return data;
  };
  const tensors: NamedTensors = new Map();
  for (const { module, inputs, outputs } of adaptedLinears(config, spec)) {
    tensors.set(nameOfA(module), take(nameOfA(module), spec.rank, inputs));
    tensors.set(nameOfB(module), take(nameOfB(module), outputs, spec.rank));
  }
  for (const { module, width } of adaptedNorms(config, spec)) {
    const weight = base.get(`${module}.weight`);
    if (!weight) throw new Error(`adapter: expected the base's ${module}.weight, got none`);
    tensors.set(
      nameOfOffset(module),
      take(`${module}.weight`, width).map((value, i) => value - weight[i]),
    );
  }
  const unknown = [...file.keys()].find((name) => !expected.has(name));
  if (unknown)
    throw new SafetensorsError(
      `tensor "${unknown}"`,
      'expected only the tensors that adapter_config.json speaks of',
    );
  return { spec, tensors };
}

/** The adapter's own tensors, factors and offsets, in one file: each set under its prefix, to the bit. */
export function writeAdapterTensors(
  config: LlamaConfig,
  spec: AdapterSpec,
  sets: readonly (readonly [prefix: string, tensors: NamedTensors])[],
  metadata: Record<string, string>,
): Uint8Array {
  const shapes = adapterShapes(config, spec);
  return writeSafetensors(
    sets.flatMap(([prefix, tensors]) =>
      shapes.map(({ name, shape }) => [`${prefix}${name}`, { shape, data: tensors.get(name)! }] as const),
    ),
    metadata,
  );
}

/** @throws SafetensorsError naming a tensor that is missing or of another shape. */
export function readAdapterTensors(
  config: LlamaConfig,
  spec: AdapterSpec,
  bytes: Uint8Array,
  prefix: string,
): NamedTensors {
  const { tensors } = readSafetensors(bytes);
  return new Map(
    adapterShapes(config, spec).map(({ name, shape }) => [
      name,
      requireTensor(tensors, `${prefix}${name}`, 'F32', shape),
    ]),
  );
}

function adapterShapes(config: LlamaConfig, spec: AdapterSpec): { name: string; shape: number[] }[] {
  return [
    ...adaptedLinears(config, spec).flatMap(({ module, inputs, outputs }) => [
      { name: nameOfA(module), shape: [spec.rank, inputs] },
      { name: nameOfB(module), shape: [outputs, spec.rank] },
    ]),
    ...adaptedNorms(config, spec).map(({ module, width }) => ({
      name: nameOfOffset(module),
      shape: [width],
    })),
  ];
}

function parseAdapterConfig(config: LlamaConfig, text: string): AdapterSpec {
  let parsed: unknown;
  try {
    parsed = parseJson(text, 'adapter_config.json', SMALL_JSON);
  } catch (error) {
    throw new AdapterFileError('', error instanceof JsonError ? error.reason : String(error));
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new AdapterFileError(
      '',
      `expected an object with the keys of PEFT's LoraConfig, got ${shown(parsed)}`,
    );
  const file: Readonly<Record<string, unknown>> = { ...parsed };
  const fail = (key: string, expected: string): never => {
    throw new AdapterFileError(key, `expected ${expected}, got ${shown(file[key])}`);
  };
  if (file.peft_type !== 'LORA') fail('peft_type', '"LORA"');
  for (const key of UNSET)
    if (!isUnset(file[key])) fail(key, 'it unset (only plain LoRA on whole sets of layers is supported)');
  if (file.bias !== undefined && file.bias !== 'none') fail('bias', '"none"');
  if (!BEGINNINGS.includes(file.init_lora_weights))
    fail('init_lora_weights', "a beginning that leaves the base's weights as they are");
  const { r, lora_alpha: alpha, target_modules: modules, modules_to_save: saved } = file;
  if (typeof r !== 'number' || !Number.isInteger(r) || r < 1) return fail('r', 'an integer of at least 1');
  if (typeof alpha !== 'number' || !(alpha > 0)) return fail('lora_alpha', 'a number above 0');
  if (!isNames(modules) || modules.length === 0)
    return fail('target_modules', `a list of names of ${ADAPTER_TARGETS.join(', ')}`);
  const unknown = modules.find((name) => !ADAPTER_TARGETS.some((target) => target === name));
  if (unknown !== undefined || new Set(modules).size < modules.length)
    fail('target_modules', `each once of ${ADAPTER_TARGETS.join(', ')}`);
  if (modules.includes('lm_head') && config.tie_word_embeddings)
    fail('target_modules', 'no lm_head (the head of this policy is its embedding)');
  const norms = !isUnset(saved);
  if (norms && !(isNames(saved) && saved.length === NORMS.length && NORMS.every((n) => saved.includes(n))))
    fail('modules_to_save', `null or ${JSON.stringify(NORMS)}`);
  return { rank: r, alpha, targets: ADAPTER_TARGETS.filter((name) => modules.includes(name)), norms };
}

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');

/** Absent, null, false or empty. */
function isUnset(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
