/**
 * What a run came to, as the one JSON object that `--json` prints: gathered from the events alone. Used by
 * `train`; a run that goes on gathers from its earlier events first.
 */
import type { RunEvent, Score } from '../../run/events';
import { describeAdapter } from './progress';

export interface RunSummary {
  preset: string | null;
  seed: number;
  /** Steps finished. */
  steps: number;
  /** Wall-clock seconds of this call; a run that was gone on with took others before. */
  seconds: number;
  /** Rollout tokens generated for training. */
  num_tokens: number;
  /** Accuracy on the first suite evaluated (the task's own), before the first step and at the end. */
  accuracy_start: number | null;
  accuracy_end: number | null;
  /** Wilson 95% interval of `accuracy_end`. */
  accuracy_end_interval: [low: number, high: number] | null;
  adapter: string;
  out: string;
  reason: 'completed' | 'stopped' | 'failed' | 'unfinished';
  self_test: 'passed' | 'failed' | 'skipped' | null;
  last_checkpoint: number | null;
  /** Every metric of the last step, under its event name. */
  [metric: string]: unknown;
}

export class SummaryCollector {
  #seed = 0;
  #steps = 0;
  #seconds = 0;
  #tokens = 0;
  #suite: string | null = null;
  #start: Score | null = null;
  #end: Score | null = null;
  #adapter = '';
  #selfTest: RunSummary['self_test'] = null;
  #checkpoint: number | null = null;
  #reason: RunSummary['reason'] = 'unfinished';
  #metrics: Record<string, number> = {};

  event(event: RunEvent): void {
    switch (event.type) {
      case 'run_started':
        this.#seed = event.manifest.seed;
        this.#adapter = describeAdapter(event.adapter);
        this.#selfTest = event.self_test.status;
        this.#steps = event.from_step;
        this.#reason = 'unfinished';
        return;
      case 'step_metrics':
        this.#steps = event.step + 1;
        this.#metrics = event.metrics;
        this.#tokens = event.metrics.num_tokens ?? this.#tokens;
        return;
      case 'evaluation':
        this.#suite ??= event.suite;
        if (event.suite !== this.#suite) return;
        this.#start ??= event.total;
        this.#end = event.total;
        this.#tokens = Math.max(this.#tokens, event.num_tokens);
        return;
      case 'checkpoint':
        this.#checkpoint = event.step;
        return;
      case 'finished':
        this.#steps = event.step;
        this.#seconds = event.seconds;
        this.#reason = event.reason;
        this.#checkpoint = event.last_checkpoint;
        return;
      case 'phase':
      case 'rollouts_started':
      case 'rollouts_grown':
      case 'prompt_group':
      case 'sampling_plan':
      case 'meta_group':
      case 'gate_decision':
      case 'gate_plan':
      case 'cutoff':
      case 'audit':
      case 'expert_update':
      case 'benchmarks':
      case 'warning':
        return;
    }
  }

  /** How the run ended. */
  get reason(): RunSummary['reason'] {
    return this.#reason;
  }

  summary(preset: string | null, out: string): RunSummary {
    const end = this.#end;
    const summary: RunSummary = {
      preset,
      seed: this.#seed,
      steps: this.#steps,
      seconds: this.#seconds,
      num_tokens: this.#tokens,
      accuracy_start: this.#start?.accuracy ?? null,
      accuracy_end: end?.accuracy ?? null,
      accuracy_end_interval: end ? [end.low, end.high] : null,
      adapter: this.#adapter,
      out,
      reason: this.#reason,
      self_test: this.#selfTest,
      last_checkpoint: this.#checkpoint,
    };
    // A field of the summary is never overwritten by a metric that happens to share its name.
    for (const [name, value] of Object.entries(this.#metrics))
      if (!Object.hasOwn(summary, name)) summary[name] = value;
    return summary;
  }
}
