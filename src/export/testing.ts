/** What the tests of the exports share: small policies, the shipped one, texts of files. Not for use outside of tests. */
import { readFileSync } from 'node:fs';
import { type LlamaConfig, parameterShapes, parseLlamaConfig } from '../model/config';
import { readModel } from '../model/model-file';
import type { NamedTensors } from '../model/parameters';
import { generator, randomArray } from '../model/reference/testing';
import { parseManifest } from '../run/manifest';
import { getTask } from '../tasks';
import type { ExportedPolicy, ExportFile } from './files';

/** Weights as large as those of trained policies, so that rounding shows as it would there. */
export function randomWeights(config: LlamaConfig, seed: number): NamedTensors {
  const random = generator(seed);
  return new Map(
    parameterShapes(config).map(({ name, shape }) => {
      const size = shape.reduce((product, n) => product * n, 1);
      const values = shape.length === 1 ? randomArray(random, size, 0.3, 1) : randomArray(random, size, 0.5);
      return [name, Float32Array.from(values)];
    }),
  );
}

/** A policy of the ladder's vocabulary with grouped heads, small enough for anything. */
export function smallPolicy(change: Partial<LlamaConfig> = {}): ExportedPolicy {
  const config = parseLlamaConfig({
    hidden_size: 24,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 6,
    intermediate_size: 40,
    vocab_size: 64,
    tie_word_embeddings: true,
    max_position_embeddings: 256,
    ...change,
  });
  const manifest = parseManifest({ name: 'a small run', steps: 12, learning_rate: 1e-3 });
  return {
    name: 'a small run',
    config,
    weights: randomWeights(config, 3),
    task: getTask('ladder'),
    manifest,
    step: 4,
  };
}

/** The base model that the page ships. */
export function shippedPolicy(name = 'ladder-base'): ExportedPolicy {
  const file = (part: string) => readFileSync(`public/models/${name}/${part}`);
  const { config, weights } = readModel(
    file('config.json').toString(),
    new Uint8Array(file('model.safetensors')),
  );
  const task = getTask(name.replace(/-base$/, ''));
  return { name, config, weights, task, manifest: null, step: 0 };
}

/** @throws Error naming the files there are. */
export function bytesOf(files: readonly ExportFile[], name: string): Uint8Array {
  const file = files.find((each) => each.name === name);
  if (!file) throw new Error(`expected ${name} among ${files.map((each) => each.name).join(', ')}`);
  return file.bytes;
}

export const textOf = (files: readonly ExportFile[], name: string): string =>
  new TextDecoder().decode(bytesOf(files, name));
