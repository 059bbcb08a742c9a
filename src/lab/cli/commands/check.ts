/** `lab check`: the engine on this adapter against stored truth. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type CaseResult, checkCase } from '../../../model/case-check';
import { type Arguments, type CommandSpec, UsageError } from '../arguments';
import { readCase, shippedCases } from '../case-files';
import { type Console, sayTo } from '../console';
import { type Command, DONE, FAILED } from '../dispatch';
import { endOnInterrupt } from '../interrupt';
import { withNodeGpu } from '../node-gpu';
import { describeAdapter } from '../progress';
import { StatusLine } from '../status-line';

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

export const CHECK_COMMAND: Command = {
  spec: CHECK,
  async run(args, console) {
    const interrupt = endOnInterrupt();
    try {
      return await check(readCheckRequest(args), console);
    } finally {
      interrupt.dispose();
    }
  },
};

async function check(request: CheckRequest, console: Console): Promise<number> {
  const paths = request.references.length > 0 ? request.references : shippedCases();
  const status = new StatusLine(console);
  const say = sayTo(console, request.json);
  const { adapter, cases } = await withNodeGpu(async (gpu) => {
    const adapter = describeAdapter(gpu.info);
    say(`${adapter}\n`);
    const cases: CaseResult[] = [];
    for (const path of paths) {
      status.draw(`${path}…`);
      const { name, reference } = read(path);
      const result = await checkCase(gpu, name, reference, (part) => status.draw(`${name}: ${part}…`));
      status.erase();
      say(describeCase(result));
      cases.push(result);
    }
    return { adapter, cases };
  });
  if (request.json) console.out(`${JSON.stringify({ adapter, cases })}\n`);
  return cases.every((each) => each.ok) ? DONE : FAILED;
}

/** A case that is none is a wrong argument. */
function read(path: string): ReturnType<typeof readCase> {
  try {
    return readCase(path);
  } catch (error) {
    throw new UsageError([`--reference: ${path}: ${error instanceof Error ? error.message : error}`]);
  }
}

/** Every quantity where some are out of tolerance, else the one that came closest. */
function describeCase({ name, ok, quantities }: CaseResult): string {
  const share = (q: CaseResult['quantities'][number]) => (q.error ?? Number.POSITIVE_INFINITY) / q.tolerance;
  const line = (q: CaseResult['quantities'][number]) =>
    `${q.name}: ${q.error === null ? 'not a number' : q.error.toExponential(2)} of ${q.tolerance.toExponential(0)} (${q.measure})`;
  const worst = quantities.reduce((a, b) => (share(b) > share(a) ? b : a));
  if (ok) return `${name}: ok, ${quantities.length} quantities; the largest ${line(worst)}\n`;
  const wrong = quantities.filter((q) => !q.ok);
  const lines = wrong.map((q) => `  ${line(q)}\n`).join('');
  return `${name}: FAILED, ${wrong.length} of ${quantities.length} quantities are out of tolerance:\n${lines}`;
}
