import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Gpu } from '../gpu/device';
import { parseLlamaConfig } from '../model/config';
import { parseManifest } from '../run/manifest';
import { LADDER } from '../tasks/ladder';
import { Trainer } from './trainer';

const config = parseLlamaConfig(JSON.parse(readFileSync('public/models/ladder-base/config.json', 'utf8')));

test('predictions of a task that has no way to ask for them are refused before the device is touched', async () => {
  const { meta: _, ...task } = LADDER;
  const create = Trainer.create({
    gpu: {} as Gpu,
    manifest: parseManifest({ masa_meta: 'observe' }),
    task: { ...task, name: 'mute' },
    config,
    weights: new Map(),
    emit: () => {},
  });
  await expect(create).rejects.toThrow(
    'masa_meta: expected off, since task mute has no way to ask for predictions, got observe',
  );
});
