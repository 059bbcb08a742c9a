/**
 * Benchmark sets on demand: takes one request at a time, answers it when the session says that no step is under way,
 * and makes the `benchmarks` event of it. When that is, and what becomes of a failure, is the session's business.
 */
import type { Policy } from '../model/policy';
import { type BenchmarkScore, benchmarkReport } from '../rl/benchmark-scores';
import { evaluateBenchmarks } from '../rl/evaluate';
import type { RunEvent, RunEventOf } from '../run/events';
import type { Manifest } from '../run/manifest';
import { selectBenchmarks } from '../tasks/benchmarks';
import type { Task } from '../tasks/task';
import { type BenchmarkRequest, type BenchmarkStatus, MOST_BENCHMARK_SAMPLES } from './protocol';

/** As the base scores were measured, and as `lab eval` does without further options. */
const SAMPLING = { temperature: 1, seed: 0 };

/** Thrown inside an evaluation to leave the rest of it. */
class Cancelled extends Error {}

export class BenchmarkDesk {
  private asked: { request: BenchmarkRequest; begun: boolean; cancelled: boolean } | null = null;

  constructor(
    private readonly host: { onEvent(event: RunEvent): void; onBenchmarks?(status: BenchmarkStatus): void },
  ) {}

  /** Something was asked for and is not done. */
  get pending(): boolean {
    return this.asked !== null;
  }

  /** @throws Error when there is a request already, or this one asks for what there is not. */
  ask(request: BenchmarkRequest, task: Task): void {
    if (this.asked)
      throw new Error('benchmarks: expected one request at a time, got another; wait for it or cancel it');
    const { names, samples } = request;
    if (selectBenchmarks(task.benchmarks, names).length === 0)
      throw new Error('benchmarks: expected at least one name of a set, got none');
    if (!Number.isInteger(samples) || samples < 1 || samples > MOST_BENCHMARK_SAMPLES)
      throw new Error(`benchmarks: expected samples from 1 to ${MOST_BENCHMARK_SAMPLES}, got ${samples}`);
    this.asked = { request, begun: false, cancelled: false };
    this.say({ stage: 'waiting' });
  }

  /** What is answered already is kept; without a request, nothing happens. */
  cancel(): void {
    if (this.asked?.begun) this.asked.cancelled = true;
    else this.drop('cancelled');
  }

  /** Gives the request up, if there is one: nothing more is heard of it. */
  drop(stage: 'cancelled' | 'failed'): void {
    if (!this.asked) return;
    this.asked = null;
    this.say({ stage });
  }

  /**
   * Answers what was asked for; no step may be under way.
   * @param proceed called between pieces of work; what it throws ends the evaluation, and the request is to be dropped.
   */
  async answer(
    policy: Policy,
    task: Task,
    manifest: Manifest,
    step: number,
    proceed: () => void,
  ): Promise<void> {
    const { asked } = this;
    if (!asked) return;
    asked.begun = true;
    const event = await this.evaluate(policy, task, manifest, step, asked.request, () => {
      proceed();
      if (asked.cancelled) throw new Cancelled();
    });
    // On a device that was lost it may end long after it was dropped.
    if (this.asked !== asked) return;
    this.asked = null;
    if (event.sets.length > 0) this.host.onEvent(event);
    this.say({ stage: asked.cancelled ? 'cancelled' : 'done' });
  }

  /** The event of every set that was answered: all of them, unless `proceed` threw `Cancelled`. */
  private async evaluate(
    policy: Policy,
    task: Task,
    manifest: Manifest,
    step: number,
    { names, samples }: BenchmarkRequest,
    proceed: () => void,
  ): Promise<RunEventOf<'benchmarks'>> {
    const started = performance.now();
    const { max_completion_length } = manifest;
    const sets: BenchmarkScore[] = [];
    let at: { label: string; place: number; of: number; total: number } | null = null;
    const report = (done: number): void => {
      proceed();
      if (at) this.say({ stage: 'answering', ...at, done });
    };
    try {
      await evaluateBenchmarks(
        policy,
        task,
        { names, samples, max_completion_length, ...SAMPLING },
        {
          started({ label, size }, place, of) {
            at = { label, place, of, total: size * samples };
            report(0);
          },
          grown: (_, finished) => report(finished.filter((each) => each).length),
          scored: (score) => sets.push(score),
        },
      );
    } catch (error) {
      if (!(error instanceof Cancelled)) throw error;
    }
    return {
      type: 'benchmarks',
      v: 1,
      step,
      asked: [...names],
      chosen: selectBenchmarks(task.benchmarks, names).length,
      samples,
      max_completion_length,
      ...SAMPLING,
      ...benchmarkReport(task.benchmarks, sets),
      duration_ms: performance.now() - started,
    };
  }

  private say(status: BenchmarkStatus): void {
    this.host.onBenchmarks?.(status);
  }
}
