/** `lab pretrain`: its arguments. */
import { resolve } from 'node:path';
import type { Arguments, CommandSpec } from '../arguments';

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
      help: 'Change one setting; may be given several times.',
    },
    { name: 'seed', value: 'N', help: 'Short for --set seed=N.' },
    { name: 'steps', value: 'N', help: 'Short for --set steps=N.' },
    { name: 'out', value: 'DIR', help: 'The folder the model is written to.' },
    { name: 'resume', help: 'Go on from the newest checkpoint in DIR.' },
    { name: 'json', help: 'Print the summary as one JSON object on the last line.' },
  ],
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
