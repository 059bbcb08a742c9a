/**
 * A model as others publish it: config.json beside one file of weights or several shards with their index, in single
 * or half precision. Reads any `LlamaForCausalLM`; of what the engine cannot compute, each feature is refused by name.
 * Not the tokenizer (`tasks/text/`) and not where files lie. Used by sessions, `eval`, `generate` and `export`.
 *
 * Format of the index: https://huggingface.co/docs/safetensors, "Sharded" as transformers writes it.
 */
import { parseJson, SMALL_JSON } from '../run/json';
import { type ByteSource, readSmall, told } from './byte-source';
import { type LlamaConfig, parameterShapes, parseLlamaConfig } from './config';
import type { ModelFile } from './model-file';
import type { NamedTensors } from './parameters';
import type { Placed } from './safetensors';
import { quoted } from './safetensors-header';
import { openSafetensors, readWeights, type TensorIndex } from './safetensors-source';

/** Files that make no model together; the message names the one that is wrong or missing. */
export class ModelFolderError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ModelFolderError';
  }
}

export const CONFIG_FILE = 'config.json';
export const WEIGHTS_FILE = 'model.safetensors';
export const INDEX_FILE = 'model.safetensors.index.json';

/** An index names every tensor: some hundred bytes each. */
const INDEX_JSON = { bytes: 16 * 2 ** 20, depth: 8, containers: 100, members: 200_000 };
const MOST_SHARDS = 1000;
/** Names of this many tensors are written out. */
const NAMED = 6;

/** Where a weight lies: in which file, and where there. */
interface Found {
  index: TensorIndex;
  tensor: Placed;
}

/**
 * Reads a model from its files, whatever others are among them.
 * @param onProgress bytes of weights read, of all there are.
 * @throws ModelFolderError, ConfigError, SafetensorsError or JsonError, before weights are allocated by a file's word.
 */
export async function readModelFolder(
  files: readonly ByteSource[],
  onProgress?: (done: number, total: number) => void,
): Promise<ModelFile> {
  const config = await readConfig(files);
  const found = await findTensors(files);
  const shapes = parameterShapes(config);
  checkNames(config, found, new Set(shapes.map(({ name }) => name)));
  const total = shapes.reduce((sum, { name }) => {
    const { tensor } = found.get(name)!;
    return sum + tensor.end - tensor.begin;
  }, 0);
  let done = 0;
  const weights: NamedTensors = new Map();
  for (const { name, shape } of shapes) {
    const { index, tensor } = found.get(name)!;
    const values = await readWeights(index, tensor, shape, (bytes) => {
      done += bytes;
      onProgress?.(done, total);
    }).catch((error: Error) => {
      error.message = `${told(index.source)}: ${error.message}`;
      throw error;
    });
    weights.set(name, values);
  }
  return { config, weights };
}

/** The configuration among a model's files. @throws ModelFolderError, ConfigError or JsonError. */
export async function readConfig(files: readonly ByteSource[]): Promise<LlamaConfig> {
  const file = files.find(({ name }) => name === CONFIG_FILE);
  if (!file)
    throw new ModelFolderError(
      `expected ${CONFIG_FILE} among the model's files, got ${listed(files.map(({ name }) => name))}`,
    );
  const value = parseJson(await readSmall(file, SMALL_JSON.bytes), told(file), SMALL_JSON);
  return parseLlamaConfig(value);
}

/** Every tensor of the files, those of shards where their index says. */
async function findTensors(files: readonly ByteSource[]): Promise<Map<string, Found>> {
  const index = files.find(({ name }) => name === INDEX_FILE);
  const whole = files.find(({ name }) => name === WEIGHTS_FILE);
  const others = files.filter(({ name }) => name.endsWith('.safetensors'));
  if (whole ?? (others.length === 1 && !index)) return tensorsOf(await openNamed(whole ?? others[0]));
  if (index) return readShards(index, files);
  const pickled = files.find(({ name }) => /\.(bin|pth?|ckpt|gguf)$/.test(name));
  throw new ModelFolderError(
    others.length > 1
      ? `expected ${INDEX_FILE} beside ${others.length} .safetensors files, got none: choose all files of the folder`
      : `expected ${WEIGHTS_FILE}, or shards with ${INDEX_FILE}, got ${pickled ? `${pickled.name}, whose format is not read; convert it to safetensors` : 'no .safetensors file'}`,
  );
}

async function openNamed(source: ByteSource): Promise<TensorIndex> {
  try {
    return await openSafetensors(source);
  } catch (error) {
    if (error instanceof Error) error.message = `${told(source)}: ${error.message}`;
    throw error;
  }
}

const tensorsOf = (index: TensorIndex): Map<string, Found> =>
  new Map([...index.tensors].map(([name, tensor]) => [name, { index, tensor }]));

async function readShards(index: ByteSource, files: readonly ByteSource[]): Promise<Map<string, Found>> {
  const value = parseJson(await readSmall(index, INDEX_JSON.bytes), told(index), INDEX_JSON);
  const map = (value as { weight_map?: unknown } | null)?.weight_map;
  const isMap = typeof map === 'object' && map !== null && !Array.isArray(map);
  const places = Object.entries(isMap ? map : {}) as [string, string][];
  if (!isMap || places.some(([, file]) => typeof file !== 'string'))
    throw new ModelFolderError(
      `${INDEX_FILE}: expected weight_map, from the names of tensors to those of files`,
    );
  const placeOf = new Map(places);
  const names = [...new Set(places.map(([, file]) => file))];
  if (names.length > MOST_SHARDS)
    throw new ModelFolderError(`${INDEX_FILE}: expected at most ${MOST_SHARDS} files, got ${names.length}`);
  const missing = names.filter((name) => !files.some((file) => file.name === name));
  if (missing.length > 0)
    throw new ModelFolderError(
      `${INDEX_FILE}: expected ${names.length} files of weights, got all but ${listed(missing)}: choose all files of the folder`,
    );
  const shards = new Map<string, TensorIndex>();
  for (const name of names) shards.set(name, await openNamed(files.find((file) => file.name === name)!));
  const found = new Map<string, Found>();
  for (const [name, file] of places) {
    const shard = shards.get(file)!;
    const tensor = shard.tensors.get(name);
    if (!tensor)
      throw new ModelFolderError(
        `${file}: expected the tensor ${quoted(name)}, as ${INDEX_FILE} says, got none of that name`,
      );
    found.set(name, { index: shard, tensor });
  }
  for (const [file, { tensors }] of shards)
    for (const name of tensors.keys())
      if (placeOf.get(name) !== file)
        throw new ModelFolderError(
          `${file}: expected only tensors that ${INDEX_FILE} places there, got ${quoted(name)}`,
        );
  return found;
}

/** Buffers that older versions of transformers wrote beside the weights: they follow from the configuration. */
const IS_BUFFER = /\.rotary_emb\.inv_freq$/;

function checkNames(
  config: LlamaConfig,
  found: ReadonlyMap<string, Found>,
  expected: ReadonlySet<string>,
): void {
  const names = [...found.keys()];
  const biases = names.filter((name) => name.endsWith('.bias'));
  if (biases.length > 0)
    throw new ModelFolderError(
      `expected projections without a bias (they are not supported), got ${listed(biases)}`,
    );
  const missing = [...expected].filter((name) => !found.has(name));
  if (missing.length === 1 && missing[0] === 'lm_head.weight')
    throw new ModelFolderError(
      `expected the tensor lm_head.weight, as config.tie_word_embeddings is false, got none: set it to true where the head reuses the embedding`,
    );
  if (missing.length > 0)
    throw new ModelFolderError(
      `expected the tensors of a LlamaForCausalLM with this config, got none of the name ${listed(missing)}`,
    );
  const strange = names.filter(
    (name) =>
      !expected.has(name) &&
      !IS_BUFFER.test(name) &&
      // Some writers store a tied head beside the embedding; it is the same tensor.
      !(name === 'lm_head.weight' && config.tie_word_embeddings),
  );
  if (strange.length > 0)
    throw new ModelFolderError(
      `expected only the tensors of a LlamaForCausalLM with this config, got ${listed(strange)}`,
    );
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const rest = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return names.slice(0, NAMED).map(quoted).join(', ') + rest;
}
