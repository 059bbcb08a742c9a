/**
 * A run's events as lines for people: on a terminal one line that is rewritten, with the last step's key metrics
 * and the time left, and above it what stays (evaluations, warnings, checkpoints); elsewhere one plain line each.
 * Writes to standard error; keeps no result (that is `summary.ts`).
 */
import type { Phase, RunEvent, RunEventOf, Score } from '../../run/events';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatPercentInterval,
} from '../../run/format';
import { formatMetric } from '../../run/metrics';
import { selfTestText } from '../../run/self-test-text';
import type { Progress as SetUp } from '../protocol';
import { describeBenchmarks } from './benchmark-table';
import type { Console } from './console';
import { StatusLine } from './status-line';

/** Metrics of the progress line, with the word before each. */
const KEY_METRICS: readonly (readonly [name: string, word: string])[] = [
  ['reward', 'reward'],
  ['frac_reward_zero_std', 'no signal'],
  ['entropy', 'entropy'],
  ['completions/mean_length', 'length'],
  ['grad_norm', 'grad'],
  ['tokens_per_second', ''],
];

const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  meta: 'predicting',
  gate: 'gating',
  rollout: 'rolling out',
  reward: 'rewarding',
  advantage: 'comparing',
  update: 'updating',
  clone: 'learning from outcomes',
  evaluate: 'evaluating',
  checkpoint: 'writing a checkpoint',
};

/** Steps over which the time of a step is averaged for the time left. */
const WINDOW = 20;

/** Takes every event of one stretch of a run, in order. `close` leaves the terminal on a fresh line. */
export class Progress {
  readonly #status: StatusLine;
  readonly #now: () => number;
  #steps: number;
  /** When the latest steps ended, in milliseconds; the first entry is where the oldest of them began. */
  #times: number[] = [];
  #accuracy = '';
  #metrics: string[] = [];
  #left = '';
  #finishedSteps = 0;

  constructor(console: Console, steps: number, now: () => number = () => performance.now()) {
    this.#status = new StatusLine(console);
    this.#steps = steps;
    this.#now = now;
  }

  event(event: RunEvent): void {
    switch (event.type) {
      case 'run_started':
        this.#steps = event.manifest.steps;
        this.#finishedSteps = event.from_step;
        this.#times = [this.#now()];
        this.note(describeStart(event));
        break;
      case 'phase':
        this.#draw(`${PHASE_WORDS[event.phase]}…`);
        break;
      case 'step_metrics':
        this.#step(event);
        break;
      case 'evaluation':
        this.#accuracy = `${event.suite} ${formatPercent(event.total.accuracy)}`;
        this.note(describeEvaluation(event));
        break;
      case 'benchmarks':
        this.note(`benchmark sets at step ${event.step}:\n${describeBenchmarks(event).trimEnd()}`);
        break;
      case 'warning':
        this.note(`warning: ${event.message} ${event.remedy}`.trimEnd());
        break;
      case 'checkpoint':
        this.note(`checkpoint of step ${event.step}: ${event.path} (${formatBytes(event.bytes)})`);
        break;
      case 'finished':
        this.note(describeEnd(event));
        break;
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
        break;
    }
  }

  /** A line that stays. */
  note(text: string): void {
    this.#status.note(text);
  }

  /** What goes on before a run starts. */
  setUp({ label, done, total, unit }: SetUp): void {
    const amount = unit === 'bytes' ? `${formatBytes(done)} of ${formatBytes(total)}` : `${done}/${total}`;
    this.#status.draw(`${label}… ${unit === '' ? '' : amount}`.trimEnd());
  }

  close(): void {
    this.#status.erase();
  }

  #step(event: RunEventOf<'step_metrics'>): void {
    this.#finishedSteps = event.step + 1;
    this.#times = [...this.#times, this.#now()].slice(-WINDOW - 1);
    this.#metrics = KEY_METRICS.filter(([name]) => name in event.metrics).map(([name, word]) =>
      `${word} ${formatMetric(name, event.metrics[name])}`.trimStart(),
    );
    const remaining = this.#steps - this.#finishedSteps;
    const measured = this.#times.length - 1;
    const perStep = measured > 0 ? (this.#times[measured] - this.#times[0]) / measured : event.step_ms;
    this.#left = remaining > 0 ? `${formatDuration(perStep * remaining)} left` : '';
    if (this.#status.isTerminal) this.#draw('');
    else this.note(this.#line(formatDuration(event.step_ms)));
  }

  #line(last: string, metrics: readonly string[] = this.#metrics): string {
    const place = `step ${formatCount(this.#finishedSteps)}/${formatCount(this.#steps)}`;
    return [place, ...metrics, this.#accuracy, this.#left, last].filter((part) => part !== '').join('  ');
  }

  #draw(last: string): void {
    // Where a run stands and how long it takes are the last to be left out of a narrow terminal.
    let shown = this.#metrics;
    while (shown.length > 0 && this.#line(last, shown).length > this.#status.width)
      shown = shown.slice(0, -1);
    this.#status.draw(this.#line(last, shown));
  }
}

/** An adapter in a few words. */
export function describeAdapter(adapter: RunEventOf<'run_started'>['adapter']): string {
  const name =
    adapter.description || adapter.device || [adapter.vendor, adapter.architecture].filter(Boolean).join(' ');
  return `${name || 'unnamed adapter'}${adapter.software ? ' (on the processor)' : ''}`;
}

function describeStart(event: RunEventOf<'run_started'>): string {
  const start = event.from_step > 0 ? `going on from step ${event.from_step}` : 'starting';
  return `${start}: ${describeAdapter(event.adapter)}, self-test ${selfTestText(event.self_test)}, ${formatCount(event.parameters)} parameters, ${formatBytes(event.device_bytes)} of device memory`;
}

function describeScore(score: Score): string {
  return `${formatPercent(score.accuracy)} [${formatPercentInterval(score.low, score.high)}]`;
}

function describeEvaluation(event: RunEventOf<'evaluation'>): string {
  const tiers = Object.entries(event.by_tier).map(
    ([tier, each]) => `${tier} ${formatPercent(each.accuracy)}`,
  );
  const parts = tiers.length > 0 ? `; ${tiers.join(', ')}` : '';
  return `evaluation at step ${event.step}, ${event.suite}: ${describeScore(event.total)} of ${formatCount(event.total.samples)}${parts}`;
}

function describeEnd(event: RunEventOf<'finished'>): string {
  const took = formatDuration(event.seconds * 1000);
  if (event.reason === 'completed') return `completed at step ${event.step} in ${took}`;
  const last =
    event.last_checkpoint === null
      ? 'there is no checkpoint'
      : `the last checkpoint is of step ${event.last_checkpoint}`;
  return event.reason === 'stopped'
    ? `stopped at step ${event.step} after ${took}; ${last}`
    : `failed at step ${event.step} after ${took}; ${last}`;
}
