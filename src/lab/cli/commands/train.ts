/** `lab train`: its arguments. */
import { resolve } from 'node:path';
import { type Manifest, parseManifest } from '../../../run/manifest';
import type { Arguments, CommandSpec } from '../arguments';
import {
  assembleManifest,
  KNOB_LIST,
  MANIFEST_OPTIONS,
  type ManifestArguments,
  readManifestArguments,
  resumeManifest,
} from '../manifest-arguments';
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
    return { directory: RunDirectory.create(request.out, manifest), manifest, found: null };
  }
  const found = await findRun(request.out);
  const stored = parseManifest(found.manifest);
  const manifest = resumeManifest(request.manifest, stored, found.checkpoint?.step ?? 0);
  return { directory: RunDirectory.resume(request.out, found, manifest), manifest, found };
}
