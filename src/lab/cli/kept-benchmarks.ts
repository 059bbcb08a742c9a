/**
 * A model's scores on the benchmark sets, kept beside it as `benchmarks.json` so that they are made once: in a run's
 * folder those of its last checkpoint, in a comparison's folder those of the base model. Used by `compare`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchmarkReport } from '../../rl/benchmark-scores';
import { loadModel } from './answering';
import { scoreBenchmarks } from './benchmark-scoring';
import { writeFileWhole } from './checkpoint-folder';
import type { Console } from './console';
import { withFile } from './file-errors';
import { StatusLine } from './status-line';

const FILE = 'benchmarks.json';
const VERSION = 1;

/** Of the answers: the same for every model, so that models are compared answer by answer. */
const SEED = 0;

interface Kept {
  version: typeof VERSION;
  model: string;
  /** Of the checkpoint; 0 for a base model. */
  step: number;
  /** Answers a problem. */
  samples: number;
  seed: number;
  report: BenchmarkReport;
}

/** Thrown out of an evaluation that is to stop. */
export class BenchmarksStopped extends Error {}

/** The scores in `folder` of that step and number of answers; null when there are none. */
export function keptBenchmarks(folder: string, step: number, samples: number): BenchmarkReport | null {
  const path = join(folder, FILE);
  if (!existsSync(path)) return null;
  const text = withFile('read', path, () => readFileSync(path, 'utf8'));
  const kept = JSON.parse(text) as Partial<Kept>;
  const fits = kept.version === VERSION && kept.step === step && kept.samples === samples;
  return fits ? (kept.report ?? null) : null;
}

/**
 * Answers the sets with `model` at temperature 1, unless `folder` has the scores already, and keeps them there.
 * @throws BenchmarksStopped when `signal` asks for it
 */
export async function makeBenchmarks(
  folder: string,
  { model, step, samples }: { model: string; step: number; samples: number },
  console: Console,
  signal: AbortSignal,
): Promise<void> {
  if (keptBenchmarks(folder, step, samples)) return;
  const stop = () => {
    if (signal.aborted) throw new BenchmarksStopped();
  };
  const status = new StatusLine(console);
  const loaded = await loadModel(model);
  try {
    const { report } = await scoreBenchmarks(
      loaded,
      { samples, temperature: 1, seed: SEED, max_completion_length: loaded.task.maxCompletionLength },
      {
        started({ name }, place, of) {
          stop();
          status.draw(`${name}: set ${place + 1} of ${of}`);
        },
        grown: stop,
      },
    );
    const kept: Kept = { version: VERSION, model: loaded.path, step, samples, seed: SEED, report };
    writeFileWhole(join(folder, FILE), `${JSON.stringify(kept)}\n`);
  } finally {
    status.erase();
  }
}
