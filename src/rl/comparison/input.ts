/** What is compared: the finished runs of each arm, as records. Filled in from the disk by the command line. */
import type { BenchmarkReport } from '../benchmark-scores';
import type { RunRecord } from './record';

export interface ComparedArm {
  name: string;
  /** Finished runs. */
  runs: readonly RunRecord[];
  missing: readonly { seed: number; why: string }[];
  /** Of the last checkpoint of each run that was evaluated on the benchmark sets, by seed. */
  benchmarks?: ReadonlyMap<number, BenchmarkReport>;
}

export interface ComparisonInput {
  arms: readonly ComparedArm[];
  baseline: string;
  suite: string;
  seeds: readonly number[];
  /** Of the model all arms start from; null when it was not evaluated. */
  baseBenchmarks?: BenchmarkReport | null;
}
