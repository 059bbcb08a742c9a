/**
 * `lab compare`: every run that is not finished is taken to its end, one after the other, seed by seed so that the
 * arms are even whenever it is stopped; then all that is there is compared. A run that fails is reported, and the
 * next one taken; Ctrl-C stops with a checkpoint, and the same command goes on.
 */
import type { ComparedArm } from '../../../rl/comparison/input';
import type { RunRecord } from '../../../rl/comparison/record';
import { BudgetMeter } from '../../../run/budget';
import { ManifestError } from '../../../run/manifest';
import { UsageError } from '../arguments';
import { type PlannedRun, planRuns, refuseStrangers, unfinished } from '../compared-arms';
import { type Console, sayTo } from '../console';
import { type Command, DONE, FAILED } from '../dispatch';
import { describeThrown } from '../failure';
import { INTERRUPTED, type Interrupt, listenForInterrupt } from '../interrupt';
import { BenchmarksStopped, keptBenchmarks, makeBenchmarks } from '../kept-benchmarks';
import { holdsRun } from '../run-directory';
import { readRunRecord } from '../run-record';
import { writeComparison } from '../written-comparison';
import { COMPARE, type CompareRequest, readCompareRequest } from './compare';
import { trainRun } from './run-training';
import { openRun } from './train';

export const COMPARE_COMMAND: Command = {
  spec: COMPARE,
  async run(args, console) {
    const request = readCompareRequest(args);
    const planned = planRuns(request.arms, request.seeds, request.settings, request.budget, request.out);
    if (!request.reportOnly) refuseStrangers(planned);
    const code = request.reportOnly ? DONE : await trainAll(request, planned, console);
    if (code === INTERRUPTED) return code;
    await report(request, planned, console);
    return code;
  },
};

/** @returns the exit code: of an interruption, else whether every run is finished now. */
async function trainAll(
  request: CompareRequest,
  planned: readonly PlannedRun[],
  console: Console,
): Promise<number> {
  let close = () => {};
  const interrupt = listenForInterrupt(console, { beforeExit: () => close() });
  const holding = (run: () => void) => {
    close = run;
  };
  let failed = false;
  try {
    for (const [place, run] of planned.entries()) {
      const code = await attempt(console, run, async () => {
        console.err(`${run.arm.name}, seed ${run.seed} (run ${place + 1} of ${planned.length})\n`);
        return trainOne(request, run, console, interrupt, holding);
      });
      if (code === INTERRUPTED) return code;
      failed ||= code !== DONE;
    }
    return failed ? FAILED : DONE;
  } finally {
    interrupt.dispose();
  }
}

/** What goes wrong with one run is said, and the next one is taken; wrong settings are wrong for all. */
async function attempt(console: Console, run: PlannedRun, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UsageError || error instanceof ManifestError) throw error;
    console.err(`lab compare: ${run.arm.name}, seed ${run.seed}: ${describeThrown(error)}\n`);
    return FAILED;
  }
}

async function trainOne(
  request: CompareRequest,
  run: PlannedRun,
  console: Console,
  interrupt: Interrupt,
  holding: (close: () => void) => void,
): Promise<number> {
  const { budget, benchmarks: samples } = request;
  const { signal } = interrupt;
  if (signal.aborted) return INTERRUPTED;
  const record = holdsRun(run.path) ? await readRunRecord(run.path) : null;
  if (unfinished(record, run.manifest, budget) !== '') {
    const open = await openRun({ manifest: run.given, out: run.path, resume: true, json: false });
    holding(() => open.directory.close());
    try {
      const { code } = await trainRun(open, console, signal, budget && new BudgetMeter(budget));
      if (code !== DONE) return code;
    } finally {
      holding(() => {});
      open.directory.closeUnlessBegun();
    }
  }
  if (samples === null) return DONE;
  try {
    const { model } = run.manifest;
    await makeBenchmarks(request.out, { model, step: 0, samples }, console, signal);
    const step = (await readRunRecord(run.path))?.steps.length ?? 0;
    await makeBenchmarks(run.path, { model: run.path, step, samples }, console, signal);
    return DONE;
  } catch (error) {
    if (error instanceof BenchmarksStopped) return INTERRUPTED;
    throw error;
  }
}

async function report(
  request: CompareRequest,
  planned: readonly PlannedRun[],
  console: Console,
): Promise<void> {
  const arms: ComparedArm[] = [];
  for (const { name } of request.arms)
    arms.push(
      await readArm(
        request,
        name,
        planned.filter(({ arm }) => arm.name === name),
      ),
    );
  const { benchmarks: samples, out, baseline, suite, seeds, json } = request;
  const baseBenchmarks = samples === null ? null : keptBenchmarks(out, 0, samples);
  const comparison = writeComparison(
    out,
    { arms, baseline, suite, seeds, baseBenchmarks },
    sayTo(console, json),
  );
  if (json) console.out(`${JSON.stringify(comparison)}\n`);
}

async function readArm(
  { budget, reportOnly, benchmarks: samples }: CompareRequest,
  name: string,
  planned: readonly PlannedRun[],
): Promise<ComparedArm> {
  const runs: RunRecord[] = [];
  const missing: { seed: number; why: string }[] = [];
  const benchmarks: [number, NonNullable<ReturnType<typeof keptBenchmarks>>][] = [];
  for (const { seed, path, manifest } of planned) {
    const record = holdsRun(path) ? await readRunRecord(path) : null;
    const why = reportOnly ? notEnded(record) : unfinished(record, manifest, budget);
    if (why !== '' || !record) {
      missing.push({ seed, why });
      continue;
    }
    runs.push(record);
    const scores = samples === null ? null : keptBenchmarks(path, record.steps.length, samples);
    if (scores) benchmarks.push([seed, scores]);
  }
  return { name, runs, missing, ...(benchmarks.length > 0 && { benchmarks: new Map(benchmarks) }) };
}

/** A run counts in a mere report when it ended as completed, on whatever budget. */
const notEnded = (record: RunRecord | null): string =>
  record ? unfinished(record, { ...record.manifest, steps: record.steps.length }, null) : 'it has not begun';
