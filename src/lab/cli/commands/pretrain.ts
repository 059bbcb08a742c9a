/** `lab pretrain`: its arguments and its manifest. What is done with them is `run-pretraining.ts`. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ManifestError, type ManifestIssue } from '../../../run/manifest';
import {
  PRETRAIN_KNOBS,
  type PretrainManifest,
  parsePretrainManifest,
  parsePretrainText,
} from '../../../run/pretrain-manifest';
import { type Arguments, type CommandSpec, UsageError } from '../arguments';
import { FileError, withFile } from '../file-errors';

export const PRETRAIN: CommandSpec = {
  name: 'pretrain',
  summary: 'Trains a base model on the task’s corpus and writes it to a folder.',
  usage: '[--manifest FILE] [--set key=value]... [--seed N] [--steps N] [--resume] --out DIR [--json]',
  options: [
    {
      name: 'manifest',
      value: 'FILE',
      help: 'Settings in JSON; without it, those of the shipped base model.',
    },
    {
      name: 'set',
      value: 'key=value',
      multiple: true,
      help: 'Change one setting; may be given several times. The keys are listed below.',
    },
    { name: 'seed', value: 'N', help: 'Short for --set seed=N.' },
    { name: 'steps', value: 'N', help: 'Short for --set steps=N.' },
    { name: 'out', value: 'DIR', help: 'The folder the model is written to.' },
    {
      name: 'resume',
      help: 'Go on from where the training in DIR was interrupted; one that is not there yet is started.',
    },
    { name: 'json', help: 'Print the report as one JSON object on the last line.' },
  ],
  list: {
    title: 'Settings for --set, with what each takes and its default:',
    entries: PRETRAIN_KNOBS.map((k) => ({
      name: k.key,
      help: `${k.help} (${k.takes}; ${JSON.stringify(k.default)})`,
    })),
  },
};

export interface PretrainRequest {
  file: string | null;
  /** In the order given; a later one wins. */
  settings: { key: string; text: string }[];
  /** An absolute path. */
  out: string;
  resume: boolean;
  json: boolean;
}

/** @throws UsageError naming every wrong argument. */
export function readPretrainRequest(args: Arguments): PretrainRequest {
  const out = args.required('out', 'a folder to write the model to');
  const settings = args.settings();
  args.check();
  return {
    file: args.text('manifest'),
    settings,
    out: resolve(out),
    resume: args.on('resume'),
    json: args.on('json'),
  };
}

/**
 * The manifest that the arguments describe.
 * @throws ManifestError naming every wrong key; UsageError when the file is no JSON or cannot be read.
 */
export function assemblePretrainManifest({ file, settings }: PretrainRequest): PretrainManifest {
  const issues = new Map<string, ManifestIssue>();
  const keep = (error: unknown) => {
    if (!(error instanceof ManifestError)) throw error;
    for (const issue of error.issues) if (!issues.has(issue.key)) issues.set(issue.key, issue);
  };
  const value: unknown = file === null ? {} : readJson(file);
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return parsePretrainManifest(value);
  const changed: Record<string, unknown> = { ...value };
  for (const { key, text } of settings)
    try {
      changed[key] = parsePretrainText(key, text);
    } catch (error) {
      keep(error);
    }
  try {
    const manifest = parsePretrainManifest(changed);
    if (issues.size === 0) return manifest;
  } catch (error) {
    keep(error);
  }
  throw new ManifestError([...issues.values()]);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(withFile('read', file, () => readFileSync(file, 'utf8')));
  } catch (error) {
    const why =
      error instanceof FileError
        ? error.message
        : `expected JSON in ${file}, got something else (${(error as Error).message})`;
    throw new UsageError([`--manifest: ${why}`]);
  }
}
