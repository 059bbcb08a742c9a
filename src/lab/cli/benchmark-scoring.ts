/** The benchmark sets, answered by a model on a device of its own. Used by `eval` and `compare`. */
import type { BenchmarkReport } from '../../rl/benchmark-scores';
import { type BenchmarkProgress, type BenchmarkSettings, evaluateBenchmarks } from '../../rl/evaluate';
import { type LoadedModel, withAnswering } from './answering';
import { describeAdapter } from './progress';
import { withTestedGpu } from './tested-gpu';

export async function scoreBenchmarks(
  model: LoadedModel,
  settings: BenchmarkSettings,
  progress: BenchmarkProgress,
): Promise<{ adapter: string; report: BenchmarkReport }> {
  const { task } = model;
  const largest = Math.max(...task.benchmarks.map((benchmark) => benchmark.size));
  const size = {
    rows: Math.min(settings.problems ?? largest, largest) * settings.samples,
    promptLength: task.maxPromptLength,
    completionLength: settings.max_completion_length,
  };
  return withTestedGpu(async (gpu) => ({
    adapter: describeAdapter(gpu.info),
    report: await withAnswering(gpu, model, size, (policy) =>
      evaluateBenchmarks(policy, task, settings, progress),
    ),
  }));
}
