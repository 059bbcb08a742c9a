/** `lab report`: a run, or several beside each other, as one HTML file. */
import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type RunDigest, reportOf } from '../../../report';
import { LAB_VERSION } from '../../version';
import { type Arguments, type CommandSpec, UsageError } from '../arguments';
import { makeFolder, writeFileWhole } from '../checkpoint-folder';
import { type Console, sayTo } from '../console';
import { type Command, DONE } from '../dispatch';
import { withFile } from '../file-errors';
import { readRunDigest } from '../run-digest';

export const REPORT: CommandSpec = {
  name: 'report',
  summary:
    'Writes one HTML file about a run, or about several beside each other, grouped by arm over seeds. It opens from the disk, without a network.',
  usage: '--run DIR... --out FILE.html [--force] [--json]',
  takesWords: { as: 'run' },
  options: [
    {
      name: 'run',
      value: 'DIR',
      multiple: true,
      help: 'A run’s folder, or a recording (events.jsonl, packed by gzip or not); one or more, as --run A B or --run A --run B.',
    },
    { name: 'out', value: 'FILE', help: 'The file to write.' },
    { name: 'force', help: 'Write over a file that is there.' },
    { name: 'json', help: 'Print what was written as one JSON object on the last line.' },
  ],
};

export interface ReportRequest {
  runs: string[];
  out: string;
  force: boolean;
  json: boolean;
}

/** @throws UsageError naming every wrong argument. */
export function readReportRequest(args: Arguments): ReportRequest {
  const runs = [...args.all('run')];
  if (runs.length === 0) args.issues.push('--run: expected the folder of a run, or several, got nothing');
  const out = args.required('out', 'a file to write, such as report.html');
  const force = args.on('force');
  const paths = runs.map((run) => resolve(run));
  for (const [i, run] of runs.entries())
    if (paths.indexOf(paths[i]) !== i) args.issues.push(`--run: expected every run once, got ${run} twice`);
  if (out !== '' && existsSync(out)) {
    const folder = withFile('read', out, () => statSync(out).isDirectory());
    if (folder)
      args.issues.push(`--out: expected a file, got the folder ${out}; add a name such as report.html`);
    else if (!force)
      args.issues.push(`--out: expected no file of that name, got ${out}; add --force to write over it`);
  }
  args.check();
  return { runs, out, force, json: args.on('json') };
}

export const REPORT_COMMAND: Command = {
  spec: REPORT,
  run: async (args, console) => report(readReportRequest(args), console),
};

async function report({ runs, out, json }: ReportRequest, console: Console): Promise<number> {
  const digests: RunDigest[] = [];
  const issues: string[] = [];
  for (const run of runs) {
    const digest = await readRunDigest(run);
    if (digest) digests.push(digest);
    else
      issues.push(
        `--run: expected a run's folder or a recording, got ${run}, ${existsSync(run) ? 'in which no run has begun' : 'which is not there'}`,
      );
  }
  if (issues.length > 0) throw new UsageError(issues);
  const text = reportOf(digests, { lab: LAB_VERSION, madeAt: new Date().toISOString().slice(0, 10) });
  const bytes = new TextEncoder().encode(text);
  const folder = dirname(resolve(out));
  withFile('create', folder, () => makeFolder(folder));
  writeFileWhole(out, bytes);
  sayTo(console, json)(`${out} (${bytes.length.toLocaleString('en')} bytes)\n`);
  if (json)
    console.out(
      `${JSON.stringify({ file: out, bytes: bytes.length, runs: digests.map(({ name }) => name) })}\n`,
    );
  return DONE;
}
