/**
 * A model as files: config.json and model.safetensors with Hugging Face's names, so that each opens the other's.
 * Reads and writes bytes; knows no disk and no network.
 */
import { parseJson, SMALL_JSON } from '../run/json';
import { type LlamaConfig, llamaConfigFile, parameterShapes, parseLlamaConfig } from './config';
import type { NamedTensors } from './parameters';
import { readSafetensors, requireTensor, SafetensorsError, writeSafetensors } from './safetensors';

export interface ModelFile {
  config: LlamaConfig;
  weights: NamedTensors;
}

/** @throws JsonError, ConfigError or SafetensorsError, naming what is wrong. */
export function readModel(configText: string, bytes: ArrayBuffer | Uint8Array): ModelFile {
  const config = parseLlamaConfig(parseJson(configText, 'config.json', SMALL_JSON));
  return { config, weights: readTensors(config, bytes) };
}

/**
 * The tensors a config asks for, each `prefix` + its name.
 * @throws SafetensorsError naming one that is missing, of another shape, holds what is no number, or is not expected.
 */
export function readTensors(config: LlamaConfig, bytes: ArrayBuffer | Uint8Array, prefix = ''): NamedTensors {
  const { tensors } = readSafetensors(bytes);
  const shapes = parameterShapes(config);
  const named: NamedTensors = new Map(
    shapes.map(({ name, shape }) => [name, requireTensor(tensors, `${prefix}${name}`, 'F32', shape)]),
  );
  for (const [name, values] of named) {
    const broken = values.findIndex((value) => !Number.isFinite(value));
    if (broken !== -1)
      throw new SafetensorsError(
        `tensor "${prefix}${name}"`,
        `expected finite numbers, got ${values[broken]} at ${broken}: is the file damaged?`,
      );
  }
  if (prefix === '') {
    const known = new Set(shapes.map((s) => s.name));
    // Some writers store a tied head beside the embedding; it is the same tensor.
    if (config.tie_word_embeddings) known.add('lm_head.weight');
    const unknown = [...tensors.keys()].find((name) => !known.has(name));
    if (unknown)
      throw new SafetensorsError(
        `tensor "${unknown}"`,
        'expected only the tensors of a LlamaForCausalLM with this config',
      );
  }
  return named;
}

export function writeModel({ config, weights }: ModelFile): { name: string; bytes: Uint8Array }[] {
  return [
    {
      name: 'config.json',
      bytes: new TextEncoder().encode(`${JSON.stringify(llamaConfigFile(config), null, 2)}\n`),
    },
    { name: 'model.safetensors', bytes: writeTensors(config, [['', weights]], { format: 'pt' }) },
  ];
}

/** Sets of tensors in one file, each under its prefix. */
export function writeTensors(
  config: LlamaConfig,
  sets: readonly (readonly [prefix: string, tensors: NamedTensors])[],
  metadata: Record<string, string>,
): Uint8Array {
  return writeSafetensors(
    sets.flatMap(([prefix, tensors]) =>
      parameterShapes(config).map(
        ({ name, shape }) => [`${prefix}${name}`, { shape, data: tensors.get(name)! }] as const,
      ),
    ),
    metadata,
  );
}
