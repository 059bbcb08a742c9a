/** `lab check`: its arguments. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Arguments, CommandSpec } from '../arguments';

export const CHECK: CommandSpec = {
  name: 'check',
  summary: 'Runs the self-test on this adapter: loss and gradients against stored truth.',
  usage: '[--reference CASE.json]... [--json]',
  options: [
    {
      name: 'reference',
      value: 'CASE.json',
      multiple: true,
      help: 'A case to compare with; may be given several times. Without it, the shipped cases.',
    },
    { name: 'json', help: 'Print the result as one JSON object on the last line.' },
  ],
};

export interface CheckRequest {
  /** Absolute paths; none for the shipped cases. */
  references: string[];
  json: boolean;
}

/** @throws UsageError naming every wrong argument. */
export function readCheckRequest(args: Arguments): CheckRequest {
  const references = args.all('reference').map((path) => resolve(path));
  for (const path of references)
    if (!statSync(path, { throwIfNoEntry: false })?.isFile())
      args.issues.push(`--reference: expected a file, got "${path}"`);
  args.check();
  return { references, json: args.on('json') };
}
