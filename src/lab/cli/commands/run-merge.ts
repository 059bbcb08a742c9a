/**
 * `lab merge`: the finished cells of one sweep from several folders, each checked against its mark, into one folder, and
 * then compared. Copies that disagree are named and none is taken; what is not finished is listed. Touches no device,
 * and leaves the folders it reads as they are.
 */

import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { ComparedArm } from '../../../rl/comparison/input';
import type { RunRecord } from '../../../rl/comparison/record';
import { type Arguments, type CommandSpec, UsageError } from '../arguments';
import { type Console, sayTo } from '../console';
import { type Command, DONE, FAILED, UNFINISHED } from '../dispatch';
import { withFile } from '../file-errors';
import { readRunRecord } from '../run-record';
import { StatusLine } from '../status-line';
import { holderOf } from '../sweep/cell-lock';
import { MARK_FILE, verifyMark } from '../sweep/cell-mark';
import { type GatheredCell, gatherCells } from '../sweep/gathered';
import { keepSweep, keptSweep } from '../sweep/kept-sweep';
import { cellCount, containsSweep, nameCell, readSweep, type SweepPlan } from '../sweep/plan';
import { makeSharedFolder } from '../sweep/shared-files';
import { writeComparison } from '../written-comparison';

export const MERGE: CommandSpec = {
  name: 'merge',
  summary:
    'Gathers the finished cells of a sweep from the folders of several hosts into one, and compares them. Given again it takes what has been finished since.',
  usage: 'DIR... --out DIR [--manifest FILE] [--baseline A] [--suite NAME] [--no-checkpoints] [--json]',
  takesWords: true,
  options: [
    {
      name: 'out',
      value: 'DIR',
      help: 'Where the cells are gathered, with comparison.json and comparison.md; may be one of the folders.',
    },
    {
      name: 'manifest',
      value: 'FILE',
      help: 'The sweep, where the folders’ own sweep.json are not to be gone by.',
    },
    {
      name: 'baseline',
      value: 'NAME',
      help: 'The arm that the others are compared with (default: the sweep’s).',
    },
    {
      name: 'suite',
      value: 'NAME',
      help: 'The held-out problems whose accuracy is compared (default: the sweep’s).',
    },
    { name: 'no-checkpoints', help: 'Gather streams and manifests alone.' },
    {
      name: 'json',
      help: 'Print what came of it, the comparison included, as one JSON object on the last line.',
    },
  ],
};

interface MergeRequest {
  plan: SweepPlan;
  /** Absolute paths; `out` first when it is of the sweep already. */
  roots: string[];
  out: string;
  baseline: string;
  suite: string;
  checkpoints: boolean;
  json: boolean;
}

export const MERGE_COMMAND: Command = {
  spec: MERGE,
  run: async (args, console) => merge(readMergeRequest(args), console),
};

/** @throws UsageError naming every wrong argument. */
export function readMergeRequest(args: Arguments): MergeRequest {
  const outText = args.required('out', 'a folder to gather the cells in');
  const file = args.text('manifest');
  if (args.words.length === 0) args.issues.push('DIR: expected the folders of a sweep, got none');
  for (const folder of args.words)
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
      args.issues.push(`DIR: expected a folder, got ${folder}, which is none`);
  args.check();
  const out = resolve(outText);
  const roots = [...new Set([...(keptSweep(out) ? [out] : []), ...args.words.map((word) => resolve(word))])];
  const plan = file === null ? commonSweep(roots) : readSweep(file);
  const baseline = args.text('baseline') ?? plan.baseline;
  const names = plan.arms.map(({ name }) => name);
  if (!names.includes(baseline))
    throw new UsageError([`--baseline: expected one of ${names.join(', ')}, got "${baseline}"`]);
  return {
    plan,
    roots,
    out,
    baseline,
    suite: args.text('suite') ?? plan.sweep.suite,
    checkpoints: !args.on('no-checkpoints'),
    json: args.on('json'),
  };
}

/** The sweep that the folders say they are of; of ones that grew, the largest. */
function commonSweep(roots: readonly string[]): SweepPlan {
  let largest: { plan: SweepPlan; root: string } | null = null;
  for (const root of roots) {
    const plan = keptSweep(root);
    if (!plan)
      throw new UsageError([
        `DIR: expected a folder that \`lab sweep\` wrote to, got ${root}, which has no sweep.json; give the sweep with --manifest FILE`,
      ]);
    if (!largest || containsSweep(plan, largest.plan)) largest = { plan, root };
    else if (!containsSweep(largest.plan, plan))
      throw new UsageError([
        `DIR: expected folders of one sweep, got ${largest.root} and ${root}, whose sweep.json have cells by different settings; give the one to go by with --manifest FILE`,
      ]);
  }
  if (!largest) throw new UsageError(['DIR: expected the folders of a sweep, got none']);
  return largest.plan;
}

async function merge(request: MergeRequest, console: Console): Promise<number> {
  const { plan, roots, out, baseline, suite, json } = request;
  const say = sayTo(console, json);
  const cells = await gatherCells(plan, roots, out);
  makeSharedFolder(out);
  keepSweep(out, plan);
  const status = new StatusLine(console);
  let copied = 0;
  for (const gathered of cells) {
    status.draw(`gathering ${nameCell(gathered.cell)} of ${cells.length}`);
    if (await take(gathered, request)) copied++;
  }
  status.erase();

  const done = cells.filter(({ copies, incomplete }) => copies.length > 0 && incomplete === '');
  const problems = cells.flatMap((each) => each.problems);
  const open = cells.filter(({ incomplete }) => incomplete !== '');
  for (const problem of problems) console.err(`lab merge: ${problem}\n`);
  for (const { cell, incomplete } of open) say(`${nameCell(cell)}: not finished: ${incomplete}\n`);
  say(`${done.length} of ${cellCount(plan)} cells gathered in ${out}, ${copied} of them now\n`);

  const arms = await Promise.all(plan.arms.map(({ name }) => comparedArm(name, cells)));
  const comparison = writeComparison(out, { arms, baseline, suite, seeds: plan.seeds }, say);
  if (json) {
    const incomplete = open.map(({ cell, incomplete: why }) => ({ index: cell.index, why }));
    console.out(
      `${JSON.stringify({ out, gathered: done.length, copied, problems, incomplete, comparison })}\n`,
    );
  }
  if (done.length === cells.length) return DONE;
  return open.length === cells.length - done.length && problems.length === 0 ? UNFINISHED : FAILED;
}

/** Copies a finished cell to its place, whole or not at all. @returns whether there was anything to copy. */
async function take(gathered: GatheredCell, { checkpoints }: MergeRequest): Promise<boolean> {
  const { cell, copies } = gathered;
  const [copy] = copies;
  if (!copy || copies.some(({ folder }) => folder === cell.path)) return false;
  if (existsSync(join(cell.path, MARK_FILE))) {
    // What is wrong with the copy in place is among the problems; it is not replaced unasked.
    copies.length = 0;
    return false;
  }
  const owner = existsSync(cell.path) ? holderOf(cell.path) : null;
  if (owner) {
    gathered.incomplete = `process ${owner.pid} on ${owner.host} is at work on it in ${cell.path}`;
    return false;
  }
  const folder = dirname(cell.path);
  makeSharedFolder(folder);
  const fresh = join(folder, `.${basename(cell.path)}.${randomUUID()}`);
  try {
    withFile('copy', copy.folder, () =>
      cpSync(copy.folder, fresh, {
        recursive: true,
        preserveTimestamps: true,
        filter: (path) => path === copy.folder || isOfRun(basename(path), checkpoints),
      }),
    );
    await verifyMark(fresh, copy.mark);
    withFile('create', cell.path, () => {
      // What was begun here is a part of the same run.
      rmSync(cell.path, { recursive: true, force: true });
      renameSync(fresh, cell.path);
    });
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return true;
}

/** Locks and what a crash left half written stay where they are. */
const isOfRun = (name: string, checkpoints: boolean): boolean =>
  !name.startsWith('.') &&
  !/^(cell\.lock\.\d+|run\.lock)$/.test(name) &&
  (checkpoints || name !== 'checkpoints');

async function comparedArm(name: string, cells: readonly GatheredCell[]): Promise<ComparedArm> {
  const runs: RunRecord[] = [];
  const missing: { seed: number; why: string }[] = [];
  for (const { cell, copies, problems, incomplete } of cells) {
    if (cell.arm.name !== name) continue;
    const record = copies.length > 0 && incomplete === '' ? await readRunRecord(cell.path) : null;
    if (record) runs.push(record);
    else missing.push({ seed: cell.seed, why: incomplete || (problems[0] ?? 'it was not gathered') });
  }
  return { name, runs, missing };
}
