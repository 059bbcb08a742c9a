/**
 * A sweep that takes seconds, the same runs trained without interruption to hold it against, and what a test asks of a
 * sweep that is over. Used by the tests of this folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { holderOf } from '../src/lab/cli/sweep/cell-lock';
import { digestStream, readMark } from '../src/lab/cli/sweep/cell-mark';
import { type Cell, planCells, readSweep } from '../src/lab/cli/sweep/plan';
import { writeTinyModel } from '../src/lab/testing/tiny-run';

export const ROOT = join(import.meta.dirname, '..');
export const LAB = join(ROOT, 'scripts', 'lab.mjs');

/** Long enough for a worker to be caught in the middle. */
const STEPS = 150;
const SETTINGS = {
  prompts_per_step: 2,
  num_generations: 2,
  max_completion_length: 12,
  masa_num_generations: 2,
  eval_problems: 4,
  eval_samples: 1,
  eval_steps: 50,
  checkpoint_steps: 10,
  steps: STEPS,
};
const ARMS = ['grpo:beta=0.1', 'masa:beta=0.1'];
const SEEDS = 3;

/** A folder's name with all that shells, sbatch and GNU parallel read something into. */
const HOSTILE = `it's {} {1} {#} "so" $HOME \`id\` %j \\n & ; * #`;

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** Without what would tell the lab that it is somebody's task already. */
export function plainEnvironment(further: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(SLURM|PARALLEL|JOB_COMPLETION)/.test(name));
  return { ...Object.fromEntries(kept), ...further };
}

const running = new Set<ChildProcess>();
// A test that fails leaves nothing behind that goes on.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a program; `done` is its end. */
export function start(
  program: string,
  args: readonly string[],
  environment = plainEnvironment(),
  cwd = ROOT,
) {
  const child = spawn(program, args, { env: environment, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  running.add(child);
  const done = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code: code ?? -1, stdout, stderr });
    });
  });
  return { child, done };
}

export const lab = (...args: string[]) => start(process.execPath, [LAB, ...args]).done;

/** Waits until `is` gives something. @throws Error naming what was waited for. */
export async function until<T>(
  what: string,
  is: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  seconds = 120,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await is();
    if (value !== undefined && value !== false && value !== null) return value;
    if (Date.now() > end) throw new Error(`expected ${what} within ${seconds} s`);
    await sleep(50);
  }
}

export class TinySweep {
  private constructor(
    readonly folder: string,
    readonly manifest: string,
    /** Of the same runs, trained one after the other by `lab compare`. */
    private readonly whole: string,
  ) {}

  static async create(): Promise<TinySweep> {
    const folder = mkdtempSync(join(tmpdir(), 'lab-cluster-'));
    const hostile = join(folder, HOSTILE);
    mkdirSync(hostile);
    const model = writeTinyModel(folder);
    const manifest = join(hostile, 'sweep.json');
    const settings = { ...SETTINGS, model };
    const sweep = { sweep_version: 1, name: 'tiny', arms: ARMS, seeds: `1-${SEEDS}`, settings };
    writeFileSync(manifest, JSON.stringify(sweep));
    const whole = join(folder, 'whole');
    const set = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    const compared = await lab(
      ...['compare', '--arms', ARMS.join(','), '--seeds', String(SEEDS), ...set, '--out', whole],
    );
    expect(compared.code, compared.stderr).toBe(0);
    return new TinySweep(folder, manifest, whole);
  }

  /** A folder for results, as hostile by name as that of the sweep. */
  place(name: string): string {
    return join(this.folder, HOSTILE, name);
  }

  cells(out: string): Cell[] {
    return planCells(readSweep(this.manifest), out);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Nothing is lost and nothing is there twice: every cell is the run that was never interrupted, bit for bit. */
  async expectWhole(out: string): Promise<void> {
    for (const cell of this.cells(out)) {
      const reference = join(this.whole, cell.arm.name, `seed-${cell.seed}`);
      const mark = readMark(cell.path);
      expect(mark, cell.path).toMatchObject({ steps: STEPS, arm: cell.arm.name, seed: cell.seed });
      const digests = await digestStream(cell.path);
      expect(digests.events, cell.path).toEqual(mark?.events);
      expect(digests.content_sha256, cell.path).toBe((await digestStream(reference)).content_sha256);
      expect(stepsOf(cell.path), cell.path).toEqual(Array.from({ length: STEPS }, (_, step) => step));
      const last = join('checkpoints', `step-${STEPS}`, 'model.safetensors');
      expect(readFileSync(join(cell.path, last)).equals(readFileSync(join(reference, last)))).toBe(true);
      const left = readdirSync(cell.path).sort();
      expect(left, cell.path).toEqual(['cell.json', 'checkpoints', 'events.jsonl', 'manifest.json']);
    }
  }
}

/** The steps whose metrics are in a cell's stream, in its order. */
function stepsOf(folder: string): number[] {
  return events(folder).flatMap((event) => (event.type === 'step_metrics' ? [event.step] : []));
}

/** From which steps a cell's run was gone on with, one for every stretch. */
export const stretchesOf = (folder: string): number[] =>
  events(folder).flatMap((event) => (event.type === 'run_started' ? [event.from_step] : []));

function events(folder: string): { type: string; step: number; from_step: number }[] {
  const path = join(folder, 'events.jsonl');
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  // The last line may be in the middle of being written.
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/**
 * The process that is in the middle of a cell: some steps done, many to come.
 * @throws Error when the cell is over before.
 */
export function caughtInTheMiddle(cell: Cell): Promise<number> {
  return until(`a worker in the middle of ${cell.path}`, () => {
    if (readMark(cell.path)) throw new Error(`${cell.path}: expected a cell under way, got a finished one`);
    const owner = holderOf(cell.path);
    return owner && stepsOf(cell.path).length >= 15 && owner.pid;
  });
}

/** A cell of `cells` whose worker is at it now, and that has not been chosen before. */
export function nextAtWork(cells: Cell[], chosen: Set<Cell>): Promise<Cell> {
  return until('another cell at work', () => {
    const cell = cells.find((each) => {
      if (chosen.has(each) || !existsSync(each.path) || readMark(each.path)) return false;
      return holderOf(each.path) !== null && stepsOf(each.path).length < 60;
    });
    if (cell) chosen.add(cell);
    return cell;
  });
}
