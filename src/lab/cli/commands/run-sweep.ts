/**
 * `lab sweep`: one cell from wherever it stands to its end. A finished cell is left alone; one that another worker has is
 * left to it; one that a worker left behind goes on from its last checkpoint, bit for bit. A signal to stop (Slurm's and
 * Kubernetes' before they take the machine away) leaves a checkpoint, and an exit code that says "again, please".
 */
import { BudgetMeter } from '../../../run/budget';
import { columns, UsageError } from '../arguments';
import { unfinished } from '../compared-arms';
import { type Console, sayTo } from '../console';
import { type Command, DONE, FAILED, UNFINISHED } from '../dispatch';
import { INTERRUPTED, type Interrupt, listenForInterrupt } from '../interrupt';
import { holdsRun } from '../run-directory';
import { readRunRecord } from '../run-record';
import { CellLock, CellLost, holderOf, type Owner } from '../sweep/cell-lock';
import { type CellMark, readMark, strangeSettings, verifyMark, writeMark } from '../sweep/cell-mark';
import { freeStream } from '../sweep/free-stream';
import { keepSweep } from '../sweep/kept-sweep';
import { type Cell, cellCount, nameCell, planCell } from '../sweep/plan';
import { makeSharedFolder } from '../sweep/shared-files';
import { trainRun } from './run-training';
import { readSweepRequest, SWEEP, type SweepRequest } from './sweep';
import { openRun } from './train';

/** How a call for one cell ended; `busy`: another worker has it. */
type State = 'finished' | 'stopped' | 'busy' | 'lost' | 'failed';

interface Outcome {
  state: State;
  code: number;
  /** Whether this call trained. */
  trained: boolean;
  mark: CellMark | null;
}

export const SWEEP_COMMAND: Command = {
  spec: SWEEP,
  async run(args, console) {
    const request = readSweepRequest(args, process.env);
    if (request.index === null) return list(request, console);
    const cell = planCell(request.plan, request.index, request.out);
    const { state, code, trained, mark } = await runCell(request, cell, console);
    if (request.json) {
      const { index, seed, path } = cell;
      const line = { index, arm: cell.arm.name, seed, path, state, trained, steps: mark?.steps ?? null };
      console.out(`${JSON.stringify(line)}\n`);
    }
    return code;
  },
};

async function runCell(request: SweepRequest, cell: Cell, console: Console): Promise<Outcome> {
  const { plan, out, heartbeat, json } = request;
  const name = nameCell(cell);
  makeSharedFolder(cell.path);
  const finished = await finishedBefore(request, cell);
  keepSweep(out, plan);
  const say = sayTo(console, json);
  if (finished) {
    say(`${name} is finished: ${cell.path}\n`);
    return { state: 'finished', code: DONE, trained: false, mark: finished };
  }
  let close = () => {};
  let terminated = false;
  const onTerminate = () => {
    terminated = true;
  };
  process.on('SIGTERM', onTerminate);
  const interrupt = listenForInterrupt(console, { beforeExit: () => close() });
  const stopped = () => ({
    state: 'stopped' as const,
    code: terminated ? UNFINISHED : INTERRUPTED,
    trained: true,
    mark: null,
  });
  try {
    const claim = await CellLock.claim(cell.path, {
      heartbeat,
      signal: interrupt.signal,
      waiting: (owner, seconds) =>
        console.err(`${name} is ${describeOwner(owner)}; waiting up to ${seconds} s for a sign of life\n`),
    });
    if (claim.state === 'stopped') return { ...stopped(), trained: false };
    if (claim.state === 'busy') {
      console.err(`lab sweep: ${name} is ${describeOwner(claim.owner)}, which is at work on it\n`);
      return { state: 'busy', code: UNFINISHED, trained: false, mark: null };
    }
    const { lock } = claim;
    close = () => lock.release();
    try {
      return await withLock(request, cell, lock, console, interrupt, stopped);
    } catch (error) {
      if (!(error instanceof CellLost)) throw error;
      console.err(`lab sweep: ${name}: ${error.message}\n`);
      return { state: 'lost', code: UNFINISHED, trained: true, mark: null };
    } finally {
      lock.release();
    }
  } finally {
    interrupt.dispose();
    process.removeListener('SIGTERM', onTerminate);
  }
}

async function withLock(
  request: SweepRequest,
  cell: Cell,
  lock: CellLock,
  console: Console,
  interrupt: Interrupt,
  stopped: () => Outcome,
): Promise<Outcome> {
  const { plan, json } = request;
  const finished = await finishedBefore(request, cell);
  if (finished) {
    // Another worker has finished it since the first look.
    lock.remove();
    return { state: 'finished', code: DONE, trained: false, mark: finished };
  }
  freeStream(cell.path, lock);
  let record = holdsRun(cell.path) ? await readRunRecord(cell.path) : null;
  const trained = unfinished(record, cell.manifest, plan.budget) !== '';
  if (trained) {
    console.err(`${nameCell(cell)} of ${cellCount(plan)}, in ${cell.path}\n`);
    const code = await train(request, cell, lock, console, interrupt.signal);
    lock.check();
    if (code === INTERRUPTED) return stopped();
    record = holdsRun(cell.path) ? await readRunRecord(cell.path) : null;
    const why = code === DONE ? unfinished(record, cell.manifest, plan.budget) : 'it failed';
    if (why !== '' || !record) {
      if (code === DONE) console.err(`lab sweep: ${nameCell(cell)}: expected a finished run, but ${why}\n`);
      return { state: 'failed', code: FAILED, trained, mark: null };
    }
  }
  if (!record) throw new Error(`${cell.path}: expected the record of a finished run, got none`);
  lock.check();
  const mark = await writeMark(cell, plan.sweep.name, plan.sweep.budget, record);
  lock.remove();
  sayTo(console, json)(`${nameCell(cell)} is finished: ${cell.path}\n`);
  return { state: 'finished', code: DONE, trained, mark };
}

async function train(
  { plan }: SweepRequest,
  cell: Cell,
  lock: CellLock,
  console: Console,
  signal: AbortSignal,
): Promise<number> {
  const open = await openRun({ manifest: cell.given, out: cell.path, resume: true, json: false });
  open.directory.guard = lock.check;
  try {
    const { code } = await trainRun(open, console, signal, plan.budget && new BudgetMeter(plan.budget));
    return code;
  } finally {
    if (lock.isOurs) open.directory.closeUnlessBegun();
  }
}

/**
 * The mark of a cell that is finished, once it is seen to be of this sweep and whole; null for any other.
 * @throws UsageError naming the settings in which what is there is not the sweep's; CellDamaged.
 */
async function finishedBefore({ plan }: SweepRequest, cell: Cell): Promise<CellMark | null> {
  const mark = readMark(cell.path);
  const strange = strangeSettings(cell, mark, plan.budget);
  if (strange.length > 0) throw new UsageError(strange);
  if (mark) await verifyMark(cell.path, mark);
  return mark;
}

const describeOwner = (owner: Owner | null): string =>
  owner ? `held by process ${owner.pid} on ${owner.host}` : 'held by a worker whose record cannot be read';

function list({ plan, out, json }: SweepRequest, console: Console): number {
  const cells = Array.from({ length: cellCount(plan) }, (_, index) => {
    const cell = planCell(plan, index, out);
    return { index, arm: cell.arm.name, seed: cell.seed, path: cell.path, state: stateOf(cell.path) };
  });
  if (json) console.out(`${JSON.stringify({ sweep: plan.sweep.name, out, cells })}\n`);
  else {
    console.out(`${plan.sweep.name}: ${cells.length} cells in ${out}\n`);
    console.out(
      columns(
        cells.map(({ index, arm, seed, state }) => ({
          name: `${String(index).padStart(String(cells.length - 1).length)}  ${arm}/seed-${seed}`,
          help: state,
        })),
      ),
    );
  }
  return DONE;
}

/** In words, as far as a glance at the folder tells. */
function stateOf(path: string): string {
  if (readMark(path)) return 'finished';
  const owner = holderOf(path);
  if (owner) return describeOwner(owner);
  return holdsRun(path) ? 'begun' : 'not begun';
}
