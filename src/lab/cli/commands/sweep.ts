/** `lab sweep`: its arguments, and which cell they name. What is done with it is `run-sweep.ts`. */
import { resolve } from 'node:path';
import { type Arguments, type CommandSpec, UsageError } from '../arguments';
import { HEARTBEAT_SECONDS } from '../sweep/cell-lock';
import { cellCount, defaultOut, readSweep, type SweepPlan } from '../sweep/plan';

/** Where schedulers say which task a process is, and what they count from. */
export const INDEX_VARIABLES: readonly { name: string; first: number; of: string }[] = [
  { name: 'SLURM_ARRAY_TASK_ID', first: 0, of: 'Slurm' },
  { name: 'JOB_COMPLETION_INDEX', first: 0, of: 'Kubernetes' },
  { name: 'PARALLEL_SEQ', first: 1, of: 'GNU parallel' },
];

export const SWEEP: CommandSpec = {
  name: 'sweep',
  summary:
    'Trains one cell of a sweep (an arm, a seed, a combination of settings) in a folder of its own. Given again it goes on where it was stopped, and leaves a finished cell alone; any number of workers may do so at the same time.',
  usage: '--manifest FILE (--index I | --list) [--out DIR] [--heartbeat SECONDS] [--json]',
  options: [
    { name: 'manifest', value: 'FILE', help: 'The sweep, in JSON: docs/formats/sweep.md.' },
    {
      name: 'index',
      value: 'I',
      help: `Which cell, from 0. Without it ${INDEX_VARIABLES.map(({ name, first }) => `${name}${first === 0 ? '' : ` (counted from ${first})`}`).join(', ')} of the environment says so.`,
    },
    { name: 'list', help: 'Train nothing: print the cells with their indices, folders and states.' },
    {
      name: 'out',
      value: 'DIR',
      help: 'Where the cells go, ARM/seed-N/ as `train` writes a run (default: a folder of the sweep’s name beside its file).',
    },
    {
      name: 'heartbeat',
      value: 'SECONDS',
      help: `How often the worker shows the others that it is alive (default ${HEARTBEAT_SECONDS}); after six of these without a sign its cell is free to be taken.`,
    },
    { name: 'json', help: 'Print what came of it as one JSON object on the last line.' },
  ],
};

export interface SweepRequest {
  plan: SweepPlan;
  /** null to list the cells. */
  index: number | null;
  /** An absolute path. */
  out: string;
  heartbeat: number;
  json: boolean;
}

/** @throws UsageError naming every wrong argument, or everything that is wrong with the sweep. */
export function readSweepRequest(
  args: Arguments,
  environment: Readonly<Record<string, string | undefined>>,
): SweepRequest {
  const file = args.required('manifest', 'a sweep in JSON');
  const list = args.on('list');
  const heartbeat = args.number('heartbeat', 0.05, 3600, HEARTBEAT_SECONDS);
  if (list && args.text('index') !== null) args.issues.push('--list: expected no --index with it, got one');
  args.check();
  const plan = readSweep(file);
  const index = list ? null : readIndex(args, environment, cellCount(plan) - 1);
  args.check();
  return {
    plan,
    index,
    out: resolve(args.text('out') ?? defaultOut(file, plan)),
    heartbeat,
    json: args.on('json'),
  };
}

function readIndex(
  args: Arguments,
  environment: Readonly<Record<string, string | undefined>>,
  last: number,
): number | null {
  if (args.text('index') !== null) return args.integer('index', 0, last, null);
  const set = INDEX_VARIABLES.flatMap(({ name, first }) => {
    const text = environment[name];
    return text === undefined || text === '' ? [] : [{ name, first, text }];
  });
  if (set.length !== 1)
    throw new UsageError([
      set.length === 0
        ? `--index: expected a cell from 0 to ${last}, or one of ${INDEX_VARIABLES.map(({ name }) => name).join(', ')} in the environment, got none`
        : `--index: expected one of ${set.map(({ name }) => name).join(', ')} in the environment, got ${set.length} of them; say which cell with --index`,
    ]);
  const [{ name, first, text }] = set;
  const index = Number(text) - first;
  if (/^\d+$/.test(text) && index >= 0 && index <= last) return index;
  throw new UsageError([
    `${name}: expected a whole number from ${first} to ${last + first}, as the sweep has ${last + 1} cells, got "${text}"`,
  ]);
}
