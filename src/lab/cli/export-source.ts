/** What `lab export` exports: a run's checkpoint or a model on the disk, with the settings it was trained by. */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { ExportedPolicy } from '../../export/files';
import { readPolicyFiles } from '../policy-files';
import { loadModel } from './answering';
import { UsageError } from './arguments';
import { listCheckpoints, readCheckpointFolder } from './checkpoint-folder';
import { locateModel } from './model-files';
import { recordedGroups } from './recorded-groups';

export interface SourceRequest {
  /** A run's folder; null when a model is named instead. */
  run: string | null;
  model: string | null;
  /** Of the run's checkpoints; null: the newest. */
  step: number | null;
}

/**
 * The policy that a request names.
 * @throws UsageError when there is none, naming what there is; CheckpointError or ModelFileError when it is damaged.
 */
export async function loadSource({ run, model, step }: SourceRequest): Promise<ExportedPolicy> {
  const name = run === null ? (model ?? '') : checkpointOf(run, step);
  const { config, weights, task, path } = await loadModel(name);
  if (task.speaks)
    throw new UsageError([
      `${run === null ? '--model' : '--run'}: expected a policy of the task's own tokens, got one with a tokenizer of its own: its folder (a checkpoint is one) is what other engines open as it stands, with tokenizer.json and tokenizer_config.json of its base model copied beside it`,
    ]);
  const { checkpoint } = locateModel(name);
  const folder = basename(dirname(path));
  if (checkpoint === null) return { name: folder, config, weights, task, manifest: null, step: 0 };
  const { trainer, files } = await readCheckpointFolder(checkpoint);
  const { manifest } = trainer;
  const { adapter } = await readPolicyFiles(files, { task: task.name });
  // A checkpoint lies in RUN/checkpoints/step-N; a copy of it may lie anywhere.
  const named = manifest.name || (run === null ? folder : basename(resolve(run)));
  const policy = { name: named, config, weights, task, manifest, step: trainer.step, adapter };
  // Only a run that trains predictions has a use for what its groups were like.
  if (run === null || manifest.masa_meta !== 'train') return policy;
  return { ...policy, groups: await recordedGroups(run, trainer.step, task, manifest) };
}

function checkpointOf(run: string, step: number | null): string {
  const folder = join(run, 'checkpoints');
  const steps = listCheckpoints(folder);
  if (steps.length === 0)
    throw new UsageError([
      `--run: expected a run with checkpoints, got ${run}, which ${existsSync(run) ? 'has none' : 'is not there'}; a single model goes by --model`,
    ]);
  if (step !== null && !steps.includes(step))
    throw new UsageError([
      `--step: expected one of the checkpoints of ${run} (${[...steps].reverse().join(', ')}), got ${step}`,
    ]);
  return join(folder, `step-${step ?? steps[0]}`);
}
