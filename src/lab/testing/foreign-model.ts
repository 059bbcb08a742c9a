/**
 * Models from elsewhere, for tests: the shipped base model with its tokens in another order and its weights in shards,
 * and a random one with a byte-level tokenizer.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tokenizerFiles } from '../../export/hf/tokenizer-files';
import { type LlamaConfig, llamaConfigFile, parameterShapes, parseLlamaConfig } from '../../model/config';
import { readModel, writeModel } from '../../model/model-file';
import { writeSafetensors } from '../../model/safetensors';
import { initialWeights } from '../../rl/initialise';
import { getTask } from '../../tasks';
import { byteLevelTokenizer, filesOf } from '../../tasks/text/testing';

export interface NamedFile {
  name: string;
  bytes: Uint8Array;
}

const jsonFile = (name: string, value: unknown): NamedFile => ({
  name,
  bytes: new TextEncoder().encode(JSON.stringify(value)),
});

export const OWN = getTask('ladder').vocabulary;

/** Where the base model's token `id` is in the reordered one. */
export const moved = (id: number): number => (id * 7 + 3) % OWN.tableSize;

/** The shipped base model, its tokens reordered, in two shards with their index. */
export function reorderedModel(): NamedFile[] {
  const path = 'public/models/ladder-base';
  const { config, weights } = readModel(
    readFileSync(join(path, 'config.json'), 'utf8'),
    new Uint8Array(readFileSync(join(path, 'model.safetensors'))),
  );
  const width = config.hidden_size;
  const reordered = new Map(weights);
  for (const name of ['model.embed_tokens.weight', 'lm_head.weight']) {
    const table = weights.get(name);
    if (!table) continue;
    const rows = new Float32Array(table.length);
    for (let id = 0; id < OWN.tableSize; id++)
      rows.set(table.subarray(id * width, (id + 1) * width), moved(id) * width);
    reordered.set(name, rows);
  }
  const tensors = parameterShapes(config).map(
    ({ name, shape }) => [name, { shape, data: reordered.get(name)! }] as const,
  );
  const shards = [tensors.slice(0, 5), tensors.slice(5)].map((part, i) => ({
    name: `model-0000${i + 1}-of-00002.safetensors`,
    part,
  }));
  const said: LlamaConfig = { ...config, eos_token_id: moved(OWN.eos), bos_token_id: moved(OWN.bos) };
  delete said.pad_token_id;
  const tokenizer = JSON.parse(
    new TextDecoder().decode(
      tokenizerFiles(OWN, config).find(({ name }) => name === 'tokenizer.json')!.bytes,
    ),
  );
  const vocab: Record<string, number> = tokenizer.model.vocab;
  for (const word of Object.keys(vocab)) vocab[word] = moved(vocab[word]);
  for (const added of tokenizer.added_tokens) added.id = moved(added.id);
  return [
    jsonFile('config.json', llamaConfigFile(said)),
    jsonFile('tokenizer.json', tokenizer),
    jsonFile('model.safetensors.index.json', {
      metadata: { total_size: 0 },
      weight_map: Object.fromEntries(shards.flatMap(({ name, part }) => part.map(([each]) => [each, name]))),
    }),
    ...shards.map(({ name, part }) => ({ name, bytes: writeSafetensors(part, { format: 'pt' }) })),
  ];
}

/** A tiny random model whose tokens are bytes and a few words. */
export function byteModel(): NamedFile[] {
  const { value, vocabularySize } = byteLevelTokenizer();
  const config = parseLlamaConfig({
    hidden_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    intermediate_size: 24,
    vocab_size: vocabularySize,
    tie_word_embeddings: true,
  });
  const { tokenizer, tokenizerConfig } = filesOf(value);
  return [
    ...writeModel({ config, weights: initialWeights(config, 5) }),
    { name: 'tokenizer.json', bytes: tokenizer },
    { name: 'tokenizer_config.json', bytes: tokenizerConfig! },
    jsonFile('generation_config.json', { eos_token_id: [vocabularySize - 3, vocabularySize - 1] }),
  ];
}

export function writeFiles(folder: string, files: readonly NamedFile[]): string {
  mkdirSync(folder, { recursive: true });
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
  return folder;
}
