/** `lab export`: a run's policy in the formats of others. */
import { resolve } from 'node:path';
import { EXPORT_FORMATS } from '../../export-formats';
import { type Arguments, type CommandSpec, UsageError } from '../arguments';
import { type Console, sayTo } from '../console';
import { type Command, DONE } from '../dispatch';
import { obstacle, writeExport } from '../export-folder';
import { loadSource, type SourceRequest } from '../export-source';

export const EXPORT: CommandSpec = {
  name: 'export',
  summary: 'Writes a policy in the formats of other engines; docs/formats/ describes each.',
  usage: `--run DIR|--model DIR|NAME [--step N] (${EXPORT_FORMATS.map(({ option }) => `--${option} DIR`).join(' | ')})... [--force] [--json]`,
  options: [
    { name: 'run', value: 'DIR', help: 'A run’s folder; its newest checkpoint unless --step says another.' },
    {
      name: 'model',
      value: 'DIR|NAME',
      help: 'A folder with config.json and model.safetensors (a checkpoint is one), or the name of a shipped model.',
    },
    { name: 'step', value: 'N', help: 'Which of the run’s checkpoints.' },
    ...EXPORT_FORMATS.map(({ option, help }) => ({ name: option, value: 'DIR', help })),
    { name: 'force', help: 'Write into folders that hold files, over those of the same names.' },
    { name: 'json', help: 'Print what was written as one JSON object on the last line.' },
  ],
};

export interface ExportRequest extends SourceRequest {
  targets: { option: string; folder: string }[];
  force: boolean;
  json: boolean;
}

/** @throws UsageError naming every wrong argument. */
export function readExportRequest(args: Arguments): ExportRequest {
  const run = args.text('run');
  const model = args.text('model');
  const step = args.integer('step', 0, 1_000_000, null);
  if ((run === null) === (model === null))
    args.issues.push(
      `--run: expected either --run DIR or --model DIR|NAME, got ${run === null ? 'neither' : 'both'}`,
    );
  if (step !== null && run === null)
    args.issues.push('--step: expected --run DIR with it, whose checkpoints it chooses from, got no --run');
  const targets = EXPORT_FORMATS.flatMap(({ option }) => {
    const folder = args.text(option);
    if (folder === '') args.issues.push(`--${option}: expected a folder, got nothing`);
    return folder ? [{ option, folder }] : [];
  });
  if (targets.length === 0 && args.issues.length === 0)
    args.issues.push(
      `expected at least one of ${EXPORT_FORMATS.map(({ option }) => `--${option} DIR`).join(', ')}, got none`,
    );
  const folders = targets.map(({ folder }) => resolve(folder));
  for (const [i, { option, folder }] of targets.entries())
    if (folders.indexOf(folders[i]) !== i)
      args.issues.push(`--${option}: expected a folder of its own, got ${folder} twice`);
  args.check();
  return { run, model, step, targets, force: args.on('force'), json: args.on('json') };
}

export const EXPORT_COMMAND: Command = {
  spec: EXPORT,
  run: async (args, console) => exportPolicy(readExportRequest(args), console),
};

async function exportPolicy(request: ExportRequest, console: Console): Promise<number> {
  const { targets, force, json } = request;
  const obstacles = targets.flatMap(({ option, folder }) => {
    const found = obstacle(folder, force);
    return found === null ? [] : [`--${option}: ${found}`];
  });
  if (obstacles.length > 0) throw new UsageError(obstacles);
  const policy = await loadSource(request);
  const say = sayTo(console, json);
  const written: { format: string; path: string; bytes: number }[] = [];
  if (targets.some(({ option }) => option === 'adapter') && !policy.adapter)
    throw new UsageError([
      `--adapter: expected a run with meta_adapter=lora, got ${policy.name}, which has no adapter; leave --adapter out`,
    ]);
  for (const { option, folder } of targets) {
    const files = EXPORT_FORMATS.find((format) => format.option === option)?.files(policy) ?? [];
    writeExport(folder, files, (path, bytes) => {
      written.push({ format: option, path, bytes });
      say(`${path} (${bytes.toLocaleString('en')} bytes)\n`);
    });
  }
  if (json) {
    const { name, step, task } = policy;
    console.out(`${JSON.stringify({ name, step, task: task.name, files: written })}\n`);
  }
  return DONE;
}
