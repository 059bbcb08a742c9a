/**
 * What the tests of a session share: Dawn, the shipped base model, a case of the self-test, and a host that keeps nothing
 * and listens to nothing. Not for use outside of tests.
 */
import { readFileSync } from 'node:fs';
import { create, globals } from 'webgpu';
import { modelSources } from '../opened-model';
import type { SessionHost } from '../session-host';

Object.assign(globalThis, globals);
/** Held for as long as the process lives: Dawn's objects must not outlive the instance they come from. */
export const DAWN = create([]);

/** The files of a shipped model. */
export const shippedModel = (name: string) => ({
  config: readFileSync(`public/models/${name}/config.json`, 'utf8'),
  weights: new Uint8Array(readFileSync(`public/models/${name}/model.safetensors`)),
});

export const BASE = shippedModel('ladder-base');

/** A case of the self-test, its expected numbers an object of its own each time. */
export const selfTestCase = () => ({
  name: 'mha-tied-grpo',
  json: JSON.parse(readFileSync('public/reference/mha-tied-grpo.json', 'utf8')),
  bytes: new Uint8Array(readFileSync('public/reference/mha-tied-grpo.safetensors')),
});

/** To be overridden where a test wants to know more. */
export const QUIET_HOST: SessionHost = {
  gpu: () => DAWN,
  readModel: async () => modelSources(BASE),
  readCases: async () => [selfTestCase()],
  keepCheckpoint: async () => {},
  onEvent: () => {},
  onState: () => {},
  onProgress: () => {},
};
