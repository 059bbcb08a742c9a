/** A trainer's snapshot as the files of a checkpoint, and back. `run/checkpoint.ts` has the format. */
import { type LlamaConfig, parseLlamaConfig } from '../model/config';
import { readTensors, writeModel, writeTensors } from '../model/model-file';
import { type CheckpointFiles, makeCheckpoint, readCheckpoint, type TrainerState } from '../run/checkpoint';
import type { Manifest } from '../run/manifest';
import type { TrainerSnapshot } from './trainer';

/** AdamW's moments in optimizer.safetensors stand under these prefixes. */
const MEAN = 'mean/';
const SQUARE = 'square/';

export function snapshotFiles(
  snapshot: TrainerSnapshot,
  manifest: Manifest,
  config: LlamaConfig,
): Promise<CheckpointFiles> {
  const random = { algorithm: 'philox4x32-10', seed: manifest.seed };
  return makeCheckpoint(
    {
      step: snapshot.step,
      optimizer_steps: snapshot.optimizerSteps,
      num_tokens: snapshot.numTokens,
      num_flops: snapshot.numFlops,
      decode_steps: snapshot.decodeSteps,
      manifest,
      task: manifest.task,
      random,
      ...(snapshot.masa && { masa: snapshot.masa }),
    },
    [
      ...writeModel({ config, weights: snapshot.weights }),
      {
        name: 'optimizer.safetensors',
        bytes: writeTensors(
          config,
          [
            [MEAN, snapshot.mean],
            [SQUARE, snapshot.square],
          ],
          {
            step: String(snapshot.step),
            optimizer_steps: String(snapshot.optimizerSteps),
            random: JSON.stringify(random),
          },
        ),
      },
    ],
  );
}

/** @throws CheckpointError, ConfigError or SafetensorsError naming what is wrong, before anything is used. */
export async function readSnapshot(
  files: CheckpointFiles,
): Promise<{ state: TrainerState; config: LlamaConfig; snapshot: TrainerSnapshot }> {
  const state = await readCheckpoint(files);
  const bytes = (name: string) => files.find((f) => f.name === name)!.bytes;
  const config = parseLlamaConfig(JSON.parse(new TextDecoder().decode(bytes('config.json'))));
  const optimizer = bytes('optimizer.safetensors');
  return {
    state,
    config,
    snapshot: {
      step: state.step,
      optimizerSteps: state.optimizer_steps,
      numTokens: state.num_tokens,
      numFlops: state.num_flops,
      decodeSteps: state.decode_steps,
      masa: state.masa ?? null,
      weights: readTensors(config, bytes('model.safetensors')),
      mean: readTensors(config, optimizer, MEAN),
      square: readTensors(config, optimizer, SQUARE),
    },
  };
}
