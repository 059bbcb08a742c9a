/**
 * `lab emit`: a sweep as a job of a scheduler that is there already, each of whose tasks is one `lab sweep`. Writes a
 * file and starts nothing.
 */
import { chmodSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Arguments, CommandSpec } from '../arguments';
import type { Console } from '../console';
import { type Command, DONE } from '../dispatch';
import type { SweepJob } from '../emit/job';
import { jobName, type KubernetesOptions, kubernetesYaml, POD_RESULTS, POD_SWEEP } from '../emit/kubernetes';
import { type ParallelOptions, parallelScript } from '../emit/parallel';
import { hasControls } from '../emit/shell';
import { type SlurmOptions, slurmScript } from '../emit/slurm';
import { withFile } from '../file-errors';
import { repositoryRoot } from '../repository';
import { cellCount, defaultOut, readSweep, type SweepPlan } from '../sweep/plan';
import { writeSharedFile } from '../sweep/shared-files';

const KINDS = ['slurm', 'k8s', 'parallel'] as const;
type Kind = (typeof KINDS)[number];

/** Of one kind, or of two. */
const OWN: Readonly<Record<string, readonly Kind[]>> = {
  cpus: ['slurm', 'k8s'],
  memory: ['slurm', 'k8s'],
  time: ['slurm'],
  gres: ['slurm'],
  partition: ['slurm'],
  account: ['slurm'],
  sbatch: ['slurm'],
  image: ['k8s'],
  volume: ['k8s'],
  namespace: ['k8s'],
  'max-failed': ['k8s'],
  resource: ['k8s'],
  hosts: ['parallel'],
  joblog: ['parallel'],
};

export const EMIT: CommandSpec = {
  name: 'emit',
  summary:
    'Writes a sweep as a job array for Slurm, an Indexed Job for Kubernetes, or a script for GNU parallel; docs/cluster.md says how each is used.',
  usage: `${KINDS.join('|')} --manifest FILE [--out DIR] [--write FILE] [options of its kind]`,
  takesWords: true,
  options: [
    { name: 'manifest', value: 'FILE', help: 'The sweep, in JSON: docs/formats/sweep.md.' },
    {
      name: 'out',
      value: 'DIR',
      help: `Where the cells go, as the hosts see it (default as for \`sweep\`; k8s: a folder of the sweep’s name in the volume, ${POD_RESULTS}).`,
    },
    { name: 'lab', value: 'DIR', help: 'The lab, as the hosts see it (default: this one; k8s: /lab).' },
    { name: 'node', value: 'PATH', help: 'Node, as the hosts see it (default: node, by their PATH).' },
    { name: 'write', value: 'FILE', help: 'Write to a file instead of the terminal.' },
    {
      name: 'at-once',
      value: 'N',
      help: 'Cells at the same time (default: all; parallel: 1 on each host).',
    },
    {
      name: 'retries',
      value: 'N',
      help: 'How often a cell is tried again (default 3; slurm: 20, as going on after the time limit counts).',
    },
    {
      name: 'grace',
      value: 'SECONDS',
      help: 'Time to stop with a checkpoint before the process is ended (default 120).',
    },
    { name: 'cpus', value: 'N', help: 'slurm, k8s: processors of a cell.' },
    { name: 'memory', value: '8G', help: 'slurm, k8s: memory of a cell, in M, G or T (binary).' },
    { name: 'time', value: 'D-HH:MM:SS', help: 'slurm: the time limit of a task; a cell goes on after it.' },
    { name: 'gres', value: 'gpu:1', help: 'slurm: generic resources of a task.' },
    { name: 'partition', value: 'NAME', help: 'slurm: the partition.' },
    { name: 'account', value: 'NAME', help: 'slurm: the account.' },
    {
      name: 'sbatch',
      value: '--OPTION=VALUE',
      multiple: true,
      help: 'slurm: any further option of sbatch, given as --sbatch=--qos=high.',
    },
    { name: 'image', value: 'IMAGE', help: 'k8s: an image with the lab in it.' },
    {
      name: 'volume',
      value: 'claim=NAME',
      help: 'k8s: where results are kept: claim=NAME, nfs=SERVER:/PATH or host=/PATH.',
    },
    { name: 'namespace', value: 'NAME', help: 'k8s: the namespace.' },
    { name: 'max-failed', value: 'N', help: 'k8s: give up when more cells than that have failed.' },
    {
      name: 'resource',
      value: 'NAME=N',
      multiple: true,
      help: 'k8s: a further resource of a cell, such as nvidia.com/gpu=1.',
    },
    {
      name: 'hosts',
      value: 'FILE',
      help: 'parallel: hosts to run on, one a line, as --sshloginfile takes them (default: this host).',
    },
    {
      name: 'joblog',
      value: 'FILE',
      help: 'parallel: where it keeps what it has done (default: joblog in --out).',
    },
  ],
};

export const EMIT_COMMAND: Command = {
  spec: EMIT,
  run: async (args, console) => emit(args, console),
};

function emit(args: Arguments, console: Console): number {
  const { text, executable } = jobText(args);
  const file = args.text('write');
  if (file === null) console.out(text);
  else {
    writeSharedFile(resolve(file), text);
    if (executable) withFile('write', file, () => chmodSync(file, 0o755));
    console.err(`${resolve(file)}\n`);
  }
  return DONE;
}

/** @throws UsageError naming every wrong argument, or everything that is wrong with the sweep. */
export function jobText(args: Arguments): { text: string; executable: boolean } {
  const kind = KINDS.find((each) => each === args.words[0]);
  if (!kind || args.words.length !== 1)
    args.issues.push(`expected one of ${KINDS.join(', ')}, got ${args.words.join(' ') || 'none'}`);
  else
    for (const [option, kinds] of Object.entries(OWN))
      if (!kinds.includes(kind) && args.all(option).length > 0)
        args.issues.push(`--${option}: expected with ${kinds.join(' or ')} alone, got it with ${kind}`);
  const file = args.required('manifest', 'a sweep in JSON');
  args.check();
  const plan = readSweep(file);
  const job = readJob(args, plan, file, kind ?? 'slurm');
  const text = textOf(args, plan, job, kind ?? 'slurm');
  args.check();
  return { text, executable: kind !== 'k8s' };
}

function textOf(args: Arguments, plan: SweepPlan, job: SweepJob, kind: Kind): string {
  switch (kind) {
    case 'slurm': {
      const options = readSlurm(args);
      args.check();
      return slurmScript(job, options);
    }
    case 'k8s': {
      const options = readKubernetes(args, plan);
      args.check();
      return kubernetesYaml(job, options);
    }
    case 'parallel': {
      const hosts = readPath(args, 'hosts');
      const options: ParallelOptions = { hosts, joblog: readPath(args, 'joblog') ?? `${job.out}/joblog` };
      args.check();
      return parallelScript(job, options);
    }
  }
}

function readJob(args: Arguments, plan: SweepPlan, file: string, kind: Kind): SweepJob {
  const inPods = kind === 'k8s';
  const { name } = plan.sweep;
  const cpus = args.integer('cpus', 1, 4096, null);
  return {
    name,
    cells: cellCount(plan),
    node: checked(args, 'node', args.text('node') ?? 'node'),
    lab: inPods ? (args.text('lab') ?? '/lab') : (readPath(args, 'lab') ?? repositoryRoot()),
    manifest: inPods ? POD_SWEEP : checked(args, 'manifest', resolve(file)),
    out: inPods
      ? (args.text('out') ?? `${POD_RESULTS}/${jobName(name)}`)
      : (readPath(args, 'out') ?? checked(args, 'manifest', defaultOut(file, plan))),
    atOnce: args.integer('at-once', 1, 100_000, null),
    retries: args.integer('retries', 0, 1000, kind === 'slurm' ? 20 : 3),
    grace: args.integer('grace', 1, 65_535, 120),
    cpus,
    memory: matching(args, 'memory', /^[1-9]\d*[MGT]$/, 'a number with M, G or T'),
  };
}

function readSlurm(args: Arguments): SlurmOptions {
  const further = args.all('sbatch');
  for (const option of further)
    if (!/^--[a-z][\w-]*(=\S+)?$/.test(option) || hasControls(option))
      args.issues.push(`--sbatch: expected --OPTION or --OPTION=VALUE without spaces, got "${option}"`);
  return {
    time: matching(args, 'time', /^\d[\d:-]*$/, 'a time such as 30, 04:00:00 or 1-12:00:00'),
    gres: matching(args, 'gres', /^[\w:.,/=()-]+$/, 'resources such as gpu:1'),
    partition: matching(args, 'partition', /^[\w.,-]+$/, 'the name of a partition'),
    account: matching(args, 'account', /^[\w.@-]+$/, 'the name of an account'),
    further,
  };
}

function readKubernetes(args: Arguments, plan: SweepPlan): KubernetesOptions {
  const image = args.required('image', 'an image with the lab in it');
  if (hasControls(image) || image.includes(' '))
    args.issues.push(`--image: expected an image, got "${image}"`);
  return {
    image,
    namespace: matching(
      args,
      'namespace',
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
      'at most 63 letters, digits and -',
    ),
    volume: readVolume(args),
    maxFailed: args.integer('max-failed', 0, 100_000, null),
    resources: args.all('resource').flatMap((text) => {
      const [, name, amount] = /^([\w.-]+(?:\/[\w.-]+)?)=([1-9]\d*)$/.exec(text) ?? [];
      if (name !== undefined) return [{ name, amount: Number(amount) }];
      args.issues.push(`--resource: expected NAME=N such as nvidia.com/gpu=1, got "${text}"`);
      return [];
    }),
    sweep: `${JSON.stringify(plan.sweep, null, 2)}\n`,
  };
}

function readVolume(args: Arguments): KubernetesOptions['volume'] {
  const text = args.required('volume', 'claim=NAME, nfs=SERVER:/PATH or host=/PATH');
  const [, kind, value] = /^(claim|nfs|host)=(.+)$/.exec(text) ?? [];
  if (kind === 'claim' && /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(value)) return { claim: value };
  if (kind === 'host' && value.startsWith('/') && !hasControls(value)) return { host: value };
  const [, server, path] = /^([\w.-]+):(\/.*)$/.exec(value ?? '') ?? [];
  if (kind === 'nfs' && server !== undefined && !hasControls(path)) return { nfs: { server, path } };
  if (text !== '')
    args.issues.push(`--volume: expected claim=NAME, nfs=SERVER:/PATH or host=/PATH, got "${text}"`);
  return { host: '' };
}

/** The option as an absolute path of this host and those that share its file system; null when it was not given. */
function readPath(args: Arguments, option: string): string | null {
  const text = args.text(option);
  return text === null ? null : checked(args, option, resolve(text));
}

function checked(args: Arguments, option: string, path: string): string {
  if (hasControls(path))
    args.issues.push(
      `--${option}: expected a path without line breaks and other control characters, got ${JSON.stringify(path)}`,
    );
  return path;
}

function matching(args: Arguments, option: string, pattern: RegExp, what: string): string | null {
  const text = args.text(option);
  if (text !== null && !pattern.test(text)) args.issues.push(`--${option}: expected ${what}, got "${text}"`);
  return text;
}
