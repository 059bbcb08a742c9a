/** `lab compare`: its arguments. What is done with them is `run-comparison.ts`. */
import { resolve } from 'node:path';
import { type Budget, parseBudget } from '../../../run/budget';
import { PRESETS } from '../../../run/presets';
import { type Arm, readArms, readSeeds } from '../../arms';
import type { Arguments, CommandSpec } from '../arguments';
import { KNOB_LIST } from '../manifest-arguments';

export const COMPARE: CommandSpec = {
  name: 'compare',
  summary:
    'Trains several arms on the same seeds, one run after the other, and compares what they cost and came to. Given again it goes on where it stopped.',
  usage:
    '--arms A,B,... --seeds N|3-6|1,4 [--budget tokens=N|steps=N|seconds=N] [--baseline A] [--suite NAME] [--set key=value]... [--benchmarks SAMPLES] [--report-only] --out DIR [--json]',
  options: [
    {
      name: 'arms',
      value: 'A,B,...',
      help: `Presets (${PRESETS.map(({ name }) => name).join(', ')}); one is varied as PRESET:key=value:key=value, and named as NAME=PRESET:key=value.`,
    },
    {
      name: 'seeds',
      value: 'N',
      help: 'So many seeds from 1, a range such as 3-6, or a list such as 1,4. Intervals need three.',
    },
    {
      name: 'budget',
      value: 'UNIT=N',
      help: 'Where a run ends: with the first step at which it has cost so many tokens (solutions and predictions) or seconds of training, or after so many steps. The preset’s steps bound it in any case (--set steps=N for more), and are the budget when none is given.',
    },
    {
      name: 'baseline',
      value: 'NAME',
      help: 'The arm that the others are compared with (default: the first).',
    },
    {
      name: 'suite',
      value: 'NAME',
      help: 'The held-out problems whose accuracy is compared (default in-domain); evaluations must include it, see eval_mid_hard and eval_out_of_domain.',
    },
    {
      name: 'set',
      value: 'key=value',
      multiple: true,
      help: 'Change one setting of all arms; may be given several times. An arm’s own setting goes before it. The keys are listed below.',
    },
    {
      name: 'benchmarks',
      value: 'SAMPLES',
      help: 'Also answer the benchmark sets with the base model and with the last checkpoint of every run, so many answers a problem, once.',
    },
    {
      name: 'report-only',
      help: 'Train nothing: compare the runs that are there and complete, by whatever settings.',
    },
    {
      name: 'out',
      value: 'DIR',
      help: 'Where everything goes: ARM/seed-N/ as `train` writes a run, comparison.json, comparison.md.',
    },
    { name: 'json', help: 'Print the comparison as one JSON object on the last line.' },
  ],
  list: KNOB_LIST,
};

export interface CompareRequest {
  arms: Arm[];
  seeds: number[];
  budget: Budget | null;
  /** Name of an arm. */
  baseline: string;
  suite: string;
  settings: { key: string; text: string }[];
  /** Answers a problem; null for no benchmarks. */
  benchmarks: number | null;
  reportOnly: boolean;
  /** An absolute path. */
  out: string;
  json: boolean;
}

/** @throws UsageError naming every wrong argument. */
export function readCompareRequest(args: Arguments): CompareRequest {
  const out = args.required('out', 'a folder to write the runs to');
  const armsText = args.required('arms', 'presets to compare, with commas between');
  const seedsText = args.required('seeds', 'how many seeds, or which');
  const arms = armsText === '' ? [] : readArms(armsText, args.issues);
  const seeds = seedsText === '' ? [] : readSeeds(seedsText, args.issues);
  const budgetText = args.text('budget');
  let budget: Budget | null = null;
  try {
    budget = budgetText === null ? null : parseBudget(budgetText);
  } catch (error) {
    args.issues.push(`--budget: ${(error as Error).message}`);
  }
  const baseline = args.text('baseline') ?? arms[0]?.name ?? '';
  if (arms.length > 0 && !arms.some(({ name }) => name === baseline))
    args.issues.push(
      `--baseline: expected one of the arms (${arms.map(({ name }) => name).join(', ')}), got "${baseline}"`,
    );
  const benchmarks = args.integer('benchmarks', 1, 1024, null);
  const settings = args.settings();
  for (const { key } of settings)
    if (key === 'seed') args.issues.push('--set: expected seeds by --seeds, got seed');
  args.check();
  return {
    arms,
    seeds,
    budget,
    baseline,
    suite: args.text('suite') ?? 'in-domain',
    settings,
    benchmarks,
    reportOnly: args.on('report-only'),
    out: resolve(out),
    json: args.on('json'),
  };
}
