import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CheckpointError } from '../../run/checkpoint';
import { prepareCheckpoint } from './checkpoint-folder';
import { locateModel, ModelLocationError, readModelFiles, shippedModels } from './model-files';
import { exampleCheckpoint, temporaryFolder } from './testing';

function model(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), '{}');
  writeFileSync(join(folder, 'model.safetensors'), 'weights');
  return folder;
}

test('a shipped model goes by its name', () => {
  const [name] = shippedModels();
  expect(locateModel(name).weights).toMatch(`${name}/model.safetensors`);
});

test('a folder and a file beside its config.json lead to the same files', async () => {
  const folder = model(join(temporaryFolder(), 'm'));
  const location = locateModel(folder);
  expect(locateModel(join(folder, 'model.safetensors'))).toEqual(location);
  const files = await readModelFiles(location);
  expect(files.config).toBe('{}');
  expect(new TextDecoder().decode(files.weights)).toBe('weights');
});

test('a run leads to its newest checkpoint, which is held to its digests', async () => {
  const run = temporaryFolder();
  const checkpoints = join(run, 'checkpoints');
  for (const step of [2, 10]) prepareCheckpoint(checkpoints, step, await exampleCheckpoint(step)).commit();
  const location = locateModel(run);
  expect(location.checkpoint).toBe(join(checkpoints, 'step-10'));
  expect((await readModelFiles(location)).weights).toEqual(new Uint8Array(32).fill(10));
  writeFileSync(location.weights, new Uint8Array(32).fill(3));
  await expect(readModelFiles(location)).rejects.toThrow(CheckpointError);
  await expect(readModelFiles(location)).rejects.toThrow(location.weights);
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
