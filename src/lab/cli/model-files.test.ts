import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ByteSource } from '../../model/byte-source';
import { CheckpointError } from '../../run/checkpoint';
import { prepareCheckpoint } from './checkpoint-folder';
import { locateModel, ModelLocationError, readSources, shippedModels } from './model-files';
import { exampleCheckpoint, temporaryFolder } from './testing';

function model(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), '{}');
  writeFileSync(join(folder, 'model.safetensors'), 'weights');
  return folder;
}

async function contents(files: readonly ByteSource[], name: string): Promise<string> {
  const file = files.find((each) => each.name === name)!;
  return new TextDecoder().decode(await file.read(0, file.size));
}

test('a shipped model goes by its name', () => {
  const [name] = shippedModels();
  expect(locateModel(name).weights).toMatch(`${name}/model.safetensors`);
});

test('a folder and a file beside its config.json lead to the same files', async () => {
  const folder = model(join(temporaryFolder(), 'm'));
  const location = locateModel(folder);
  expect(locateModel(join(folder, 'model.safetensors'))).toEqual(location);
  const files = await readSources(location);
  expect(await contents(files, 'config.json')).toBe('{}');
  expect(await contents(files, 'model.safetensors')).toBe('weights');
});

test('a run leads to its newest checkpoint, which is held to its digests', async () => {
  const run = temporaryFolder();
  const checkpoints = join(run, 'checkpoints');
  for (const step of [2, 10]) prepareCheckpoint(checkpoints, step, await exampleCheckpoint(step)).commit();
  const location = locateModel(run);
  expect(location.checkpoint).toBe(join(checkpoints, 'step-10'));
  const files = await readSources(location);
  expect(await contents(files, 'model.safetensors')).toBe('\n'.repeat(32));
  writeFileSync(location.weights, new Uint8Array(32).fill(3));
  await expect(readSources(location)).rejects.toThrow(CheckpointError);
  await expect(readSources(location)).rejects.toThrow(location.weights);
});

test('what is no model is named with what was expected', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'notes.txt'), '');
  writeFileSync(join(folder, 'model.safetensors'), '');
  expect(() => locateModel('no-such-model')).toThrow(ModelLocationError);
  expect(() => locateModel('no-such-model')).toThrow(shippedModels()[0]);
  expect(() => locateModel(folder)).toThrow(`expected config.json in the folder ${folder}`);
  expect(() => locateModel(join(folder, 'notes.txt'))).toThrow('a .safetensors file');
  expect(() => locateModel(join(folder, 'model.safetensors'))).toThrow('expected config.json beside');
});
