/** A trainer's snapshot as the files of a checkpoint, and back. `run/checkpoint.ts` has the format. */
import {
  type AdapterFile,
  readAdapterTensors,
  writeAdapter,
  writeAdapterTensors,
} from '../model/adapter-file';
import { type LlamaConfig, parseLlamaConfig } from '../model/config';
import { type ModelFile, readTensors, writeModel, writeTensors } from '../model/model-file';
import { type CheckpointFiles, makeCheckpoint, readCheckpoint, type TrainerState } from '../run/checkpoint';
import { parseJson, SMALL_JSON } from '../run/json';
import type { Manifest } from '../run/manifest';
import { adapterSpec } from './masa/settings';
import type { TrainerSnapshot } from './trainer-snapshot';

/** AdamW's moments stand under these prefixes, and beside an adapter's its tensors as they are. */
const MEAN = 'mean/';
const SQUARE = 'square/';
const WEIGHTS = 'weights/';

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
      ...(snapshot.experts && { experts_optimizer_steps: snapshot.experts.steps }),
      ...(snapshot.adapter && { adapter_optimizer_steps: snapshot.adapter.steps }),
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
      ...expertsFiles(snapshot, config),
      ...adapterFiles(snapshot, manifest, config),
    ],
  );
}

function expertsFiles({ experts }: TrainerSnapshot, config: LlamaConfig): CheckpointFiles {
  if (!experts) return [];
  const bytes = writeTensors(
    config,
    [
      [MEAN, experts.mean],
      [SQUARE, experts.square],
    ],
    { optimizer_steps: String(experts.steps) },
  );
  return [{ name: 'experts_optimizer.safetensors', bytes }];
}

/** PEFT's form, to be used elsewhere, and the exact tensors, to go on from: norm offsets lose bits in PEFT's. */
function adapterFiles(
  { adapter, weights }: TrainerSnapshot,
  manifest: Manifest,
  config: LlamaConfig,
): CheckpointFiles {
  const spec = adapterSpec(manifest);
  if (!adapter || !spec) return [];
  const bytes = writeAdapterTensors(
    config,
    spec,
    [
      [WEIGHTS, adapter.weights],
      [MEAN, adapter.mean],
      [SQUARE, adapter.square],
    ],
    { optimizer_steps: String(adapter.steps) },
  );
  return [
    ...writeAdapter(config, weights, { spec, tensors: adapter.weights }),
    { name: 'adapter_optimizer.safetensors', bytes },
  ];
}

/**
 * The policy in a checkpoint, with its adapter but without what the optimisers go on from.
 * @throws CheckpointError, ConfigError or SafetensorsError naming what is wrong, before anything is used.
 */
export async function readCheckpointPolicy(
  files: CheckpointFiles,
): Promise<ModelFile & { state: TrainerState; adapter: AdapterFile | null }> {
  const state = await readCheckpoint(files);
  const bytes = (name: string) => files.find((f) => f.name === name)?.bytes;
  const config = parseLlamaConfig(JSON.parse(new TextDecoder().decode(bytes('config.json'))));
  const exact = bytes('adapter_optimizer.safetensors');
  const spec = adapterSpec(state.manifest);
  return {
    state,
    config,
    weights: readTensors(config, bytes('model.safetensors')!),
    adapter: exact && spec ? { spec, tensors: readAdapterTensors(config, spec, exact, WEIGHTS) } : null,
  };
}

/** @throws CheckpointError, ConfigError or SafetensorsError naming what is wrong, before anything is used. */
export async function readSnapshot(
  files: CheckpointFiles,
): Promise<{ state: TrainerState; config: LlamaConfig; snapshot: TrainerSnapshot }> {
  const state = await readCheckpoint(files);
  const bytes = (name: string) => files.find((f) => f.name === name)!.bytes;
  const config = parseLlamaConfig(parseJson(bytes('config.json'), 'config.json', SMALL_JSON));
  const optimizer = bytes('optimizer.safetensors');
  const experts = files.find((f) => f.name === 'experts_optimizer.safetensors')?.bytes;
  const adapter = files.find((f) => f.name === 'adapter_optimizer.safetensors')?.bytes;
  const spec = adapterSpec(state.manifest);
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
      experts: experts
        ? {
            steps: state.experts_optimizer_steps ?? 0,
            mean: readTensors(config, experts, MEAN),
            square: readTensors(config, experts, SQUARE),
          }
        : null,
      adapter:
        adapter && spec
          ? {
              steps: state.adapter_optimizer_steps ?? 0,
              weights: readAdapterTensors(config, spec, adapter, WEIGHTS),
              mean: readAdapterTensors(config, spec, adapter, MEAN),
              square: readAdapterTensors(config, spec, adapter, SQUARE),
            }
          : null,
    },
  };
}
