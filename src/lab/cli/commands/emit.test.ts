/** What `lab emit` writes: read by bash, and by the validators made from the published OpenAPI of Kubernetes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Job } from 'kubernetes-models/batch/v1';
import { ConfigMap } from 'kubernetes-models/v1';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { jobName } from '../emit/kubernetes';
import { shellWord } from '../emit/shell';
import { main } from '../main';
import { ListeningConsole, temporaryFolder } from '../testing';

const HOSTILE = `it's {} {1} "so" $HOME \`id\` $(id) %j \\n & ; * # -- ~ !`;

/** A sweep of four cells in a folder of that name. */
function sweepIn(name: string): { folder: string; file: string } {
  const folder = join(temporaryFolder(), name);
  mkdirSync(folder);
  const file = join(folder, 'sweep.json');
  const sweep = { sweep_version: 1, name: 'Four.cells', arms: ['grpo', 'masa'], seeds: [1, 2] };
  writeFileSync(file, JSON.stringify(sweep));
  return { folder, file };
}

async function emit(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const console = new ListeningConsole();
  const code = await main(['emit', ...args], console);
  return { code, out: console.stdout, err: console.stderr };
}

/** Runs a script in which programs print their arguments, one a line between bars, instead of doing anything. */
function wordsOf(script: string, program: string, environment: NodeJS.ProcessEnv = {}): string[] {
  const stub = `${program}() { printf '|%s|\\n' "$@"; }\n`;
  const text = script.replace(/^exec /m, '').replace(/^mkdir .*$/m, '');
  const said = execFileSync('bash', ['-c', stub + text], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  return [...said.matchAll(/^\|(.*)\|$/gm)].map(([, word]) => word);
}

test('a word stays one word, whatever is in it', () => {
  for (const word of [HOSTILE, '', ' ', "'", "''", '-n', '=a', '~', 'a\nb', '$x', 'plain/path-1.json']) {
    const said = execFileSync('bash', ['-c', `printf '%s' ${shellWord(word)}`], { encoding: 'utf8' });
    expect(said).toBe(word);
  }
});

describe('lab emit slurm', () => {
  test('is an array of all cells that can be given back, with what was asked for', async () => {
    const { file } = sweepIn('plain');
    const { code, out } = await emit(
      ...[
        'slurm',
        '--manifest',
        file,
        '--at-once',
        '3',
        '--time',
        '1-12:00:00',
        '--cpus',
        '8',
        '--memory',
        '8G',
      ],
      ...[
        '--gres',
        'gpu:1',
        '--partition',
        'long',
        '--account',
        'us',
        '--grace',
        '90',
        '--sbatch=--qos=high',
      ],
    );
    expect(code).toBe(0);
    const lines = [...out.matchAll(/^#SBATCH (.*)$/gm)].map(([, line]) => line);
    expect(lines).toEqual([
      '--job-name=Four.cells',
      '--array=0-3%3',
      '--nodes=1',
      '--ntasks=1',
      '--time=1-12:00:00',
      '--partition=long',
      '--account=us',
      '--cpus-per-task=8',
      '--mem=8G',
      '--gres=gpu:1',
      '--output=Four.cells-%A_%a.out',
      '--open-mode=append',
      '--requeue',
      '--signal=B:USR1@90',
      '--qos=high',
    ]);
  });

  test('calls the cell of its task with hostile paths as they are', async () => {
    const { folder, file } = sweepIn(HOSTILE);
    const { out } = await emit('slurm', '--manifest', file, '--lab', join(folder, 'lab'));
    expect(wordsOf(out, 'node', { SLURM_ARRAY_TASK_ID: '2' })).toEqual([
      join(folder, 'lab/scripts/lab.mjs'),
      ...['sweep', '--manifest', file, '--out', join(folder, 'Four.cells'), '--index', '2'],
    ]);
  });

  test.each([
    ['finished', 0, '', 'exit 0'],
    ['refused', 2, '', 'exit 2'],
    ['stopped with a checkpoint', 75, '', 'again'],
    ['killed', 137, '', 'again'],
    ['killed for the last time', 137, '20', 'exit 137'],
  ])('a cell that %s', async (_, exit, restarts, outcome) => {
    const { file } = sweepIn('plain');
    const { out } = await emit('slurm', '--manifest', file);
    const stubs = `node() { return ${exit}; }\nscontrol() { printf 'again %s\\n' "$2"; }\n`;
    const script = `${stubs}${out.replace(/^exit /m, 'builtin exit ')}`;
    const said = execFileSync('bash', ['-c', `(${script}\n); echo exit $?`], {
      encoding: 'utf8',
      env: {
        ...process.env,
        SLURM_ARRAY_JOB_ID: '7',
        SLURM_ARRAY_TASK_ID: '2',
        ...(restarts && { SLURM_RESTART_COUNT: restarts }),
      },
    });
    expect(said.trim()).toBe(outcome === 'again' ? 'again 7_2\nexit 0' : outcome);
  });
});

describe('lab emit parallel', () => {
  test('hands every path to parallel as data, and each cell once', async () => {
    const { folder, file } = sweepIn(HOSTILE);
    const script = join(folder, 'run.sh');
    const { code, out } = await emit(
      'parallel',
      '--manifest',
      file,
      '--hosts',
      join(folder, 'hosts'),
      '--retries',
      '2',
    );
    expect(code).toBe(0);
    const words = wordsOf(out, 'parallel');
    expect(words[words.indexOf('--retries') + 1]).toBe('3');
    expect(words[words.indexOf('--sshloginfile') + 1]).toBe(join(folder, 'hosts'));
    expect(words[words.indexOf('--joblog') + 1]).toBe(join(folder, 'Four.cells', 'joblog'));
    expect(words).toContain('--resume-failed');
    expect(words.find((word) => word.startsWith('env '))).toBe('env {1} {2} {3} {4} {5} {6} {7} --index {8}');
    const sources = words.join('\n').split('\n:::\n').slice(1);
    expect(sources.at(4)).toBe(file);
    expect(sources.at(-1)).toBe('0\n1\n2\n3');
    expect((await emit('parallel', '--manifest', file, '--write', script)).out).toBe('');
    expect(statSync(script).mode & 0o111).toBe(0o111);
  });
});

describe('lab emit k8s', () => {
  const OPTIONS = ['--image', 'registry.example/lab:1', '--volume', 'claim=results'];
  const objects = async (...args: string[]) => {
    const { file } = sweepIn('plain');
    const { code, out, err } = await emit('k8s', '--manifest', file, ...OPTIONS, ...args);
    expect(code, err).toBe(0);
    return parseAllDocuments(out).map((document) => document.toJS());
  };

  test('is what the published schema takes, with retries for each index', async () => {
    const [map, job] = await objects(
      ...['--at-once', '2', '--retries', '5', '--max-failed', '1', '--namespace', 'lab', '--cpus', '4'],
      ...['--memory', '8G', '--resource', 'nvidia.com/gpu=1', '--grace', '60'],
    );
    new ConfigMap(map).validate();
    new Job(job).validate();
    expect(job).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'four-cells', namespace: 'lab' },
      spec: {
        completionMode: 'Indexed',
        completions: 4,
        parallelism: 2,
        backoffLimitPerIndex: 5,
        maxFailedIndexes: 1,
        template: { spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 60 } },
      },
    });
    const [container] = job.spec.template.spec.containers;
    expect(container.resources.limits).toEqual({ cpu: '4', memory: '8Gi', 'nvidia.com/gpu': '1' });
    const rules = job.spec.podFailurePolicy.rules;
    expect(
      rules.map((rule: { action: string; onExitCodes?: { values: number[] } }) => [
        rule.action,
        rule.onExitCodes?.values,
      ]),
    ).toEqual([
      ['Ignore', undefined],
      ['Ignore', [75]],
      ['FailIndex', [2]],
    ]);
    expect(JSON.parse(map.data['sweep.json'])).toMatchObject({ name: 'Four.cells', seeds: [1, 2] });
  });

  test.each(['claim=results', 'nfs=files.example:/export/lab', 'host=/srv/lab'])(
    'keeps its results on %s',
    async (volume) => {
      const { file } = sweepIn('plain');
      const { out } = await emit('k8s', '--manifest', file, '--image', 'lab', '--volume', volume);
      const [, job] = parseAllDocuments(out).map((document) => document.toJS());
      new Job(job).validate();
      expect(job.spec.template.spec.volumes[1].name).toBe('results');
    },
  );

  test('what the schema does not take, its validators refuse', async () => {
    const [, job] = await objects();
    expect(() => new Job({ ...job, spec: { ...job.spec, completions: '4' } }).validate()).toThrow(
      /completions/,
    );
    expect(() => new Job({ ...job, spec: { ...job.spec, completionMode: 'Listed' } }).validate()).toThrow(
      /completionMode/,
    );
    const { template: _, ...rest } = job.spec;
    expect(() => new Job({ ...job, spec: rest }).validate()).toThrow(/template/);
  });

  test('any sweep’s name becomes one that Kubernetes takes', () => {
    for (const name of ['A', 'x.y_z', '0', 'a-------', `${'long'.repeat(20)}`, '...'])
      expect(jobName(name)).toMatch(/^[a-z0-9]([a-z0-9-]{0,43}[a-z0-9])?$/);
  });
});

test('every wrong argument is named, those of other schedulers among them', async () => {
  const { file } = sweepIn('plain');
  const none = await emit('--manifest', file);
  expect(none.code).toBe(2);
  expect(none.err).toContain('expected one of slurm, k8s, parallel, got none');
  const wrong = await emit('slurm', '--manifest', file, '--image', 'x', '--hosts', 'y');
  expect(wrong.err).toContain('--image: expected with k8s alone, got it with slurm');
  expect(wrong.err).toContain('--hosts: expected with parallel alone, got it with slurm');
  const values = await emit('slurm', '--manifest', file, '--time', 'soon', '--memory', '8', '--sbatch=--a b');
  for (const option of ['--time', '--memory', '--sbatch'])
    expect(values.err).toContain(`${option}: expected`);
  const pods = await emit('k8s', '--manifest', file, '--volume', 'disk', '--resource', 'gpu');
  for (const option of ['--image', '--volume', '--resource'])
    expect(pods.err).toContain(`${option}: expected`);
  const broken = await emit('slurm', '--manifest', file, '--out', 'a\nb');
  expect(broken.err).toContain('--out: expected a path without line breaks');
});
