/** `lab train`: its arguments, and the folder of its run. What is done with them is `run-training.ts`. */
import { resolve } from 'node:path';
import { type Manifest, ManifestError, type ManifestIssue, parseManifest } from '../../../run/manifest';
import { getTask } from '../../../tasks';
import { taskOfModel } from '../answering';
import type { Arguments, CommandSpec } from '../arguments';
import {
  assembleManifest,
  KNOB_LIST,
  MANIFEST_OPTIONS,
  type ManifestArguments,
  readManifestArguments,
  resumeManifest,
} from '../manifest-arguments';
import { locateModel, ModelLocationError } from '../model-files';
import { type FoundRun, findRun, holdsRun, RunDirectory } from '../run-directory';

export const TRAIN: CommandSpec = {
  name: 'train',
  summary: 'Trains a policy with GRPO and writes the run to a folder.',
  usage:
    '--preset NAME | --manifest FILE [--set key=value]... [--seed N] [--steps N] [--resume] --out DIR [--json]',
  options: [
    ...MANIFEST_OPTIONS,
    {
      name: 'out',
      value: 'DIR',
      help: 'The run’s folder: manifest.json, events.jsonl, checkpoints/step-N/.',
    },
    {
      name: 'resume',
      help: 'Go on with the run in DIR from its newest checkpoint; a run that is not there yet is started.',
    },
    { name: 'json', help: 'Print the summary as one JSON object on the last line.' },
  ],
  list: KNOB_LIST,
};

export interface TrainRequest {
  manifest: ManifestArguments;
  /** An absolute path. */
  out: string;
  resume: boolean;
  json: boolean;
}

/** @throws UsageError naming every wrong argument. */
export function readTrainRequest(args: Arguments): TrainRequest {
  const out = args.required('out', 'a folder to write the run to');
  const resume = args.on('resume');
  const goesOn = resume && out !== '' && holdsRun(resolve(out));
  const manifest = readManifestArguments(args, !goesOn);
  args.check();
  return { manifest, out: resolve(out), resume, json: args.on('json') };
}

/** A run's folder, open for writing, and where the run begins. */
export interface OpenRun {
  directory: RunDirectory;
  manifest: Manifest;
  /** What the run goes on from; null for one that starts at step 0. */
  found: FoundRun | null;
}

/**
 * Opens the folder of a new run, or of one that goes on.
 * @throws ManifestError or UsageError before anything on the disk is changed.
 */
export async function openRun(request: TrainRequest): Promise<OpenRun> {
  if (!request.resume || !holdsRun(request.out)) {
    const manifest = assembleManifest(request.manifest);
    await checkHere(manifest);
    return { directory: RunDirectory.create(request.out, manifest), manifest, found: null };
  }
  const found = await findRun(request.out);
  const stored = parseManifest(found.manifest);
  const manifest = resumeManifest(request.manifest, stored, found.checkpoint?.step ?? 0);
  await checkHere(manifest);
  return { directory: RunDirectory.resume(request.out, found, manifest), manifest, found };
}

/**
 * What the schema cannot know: whether the model is on this disk, and whether the task's rows fit a micro-batch.
 * @throws ManifestError
 */
async function checkHere(manifest: Manifest): Promise<void> {
  const issues: ManifestIssue[] = [];
  let task = getTask(manifest.task);
  try {
    task = (await taskOfModel(locateModel(manifest.model), manifest.task)) ?? task;
  } catch (error) {
    if (!(error instanceof ModelLocationError)) throw error;
    issues.push({ key: 'model', message: error.message });
  }
  const { max_completion_length: completion, micro_batch_tokens: tokens } = manifest;
  const prompt = task.maxPromptLength;
  if (tokens < prompt + completion)
    issues.push({
      key: 'micro_batch_tokens',
      message: `expected at least the longest row, ${prompt + completion} tokens (prompt ${prompt} + max_completion_length ${completion}), got ${tokens}`,
    });
  if (issues.length > 0) throw new ManifestError(issues);
}
