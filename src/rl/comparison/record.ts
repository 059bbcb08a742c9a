/**
 * What a comparison needs to know of a run, gathered from its event stream in one pass: what every step cost and
 * taught, what the evaluations found, what gate and cutoff did. A record is small; the stream may be large.
 *
 * Not the comparison itself (`compare.ts`), and nothing of files. Used by the command line's `compare`.
 */

import type { RunEvent, RunEventOf } from '../../run/events';
import type { Manifest } from '../../run/manifest';
import type { AlignmentFigures } from '../../run/masa-events';
import type { CutoffTally, GateTally } from '../masa/audit';
import { metaIsUsed } from '../masa/settings';

/** The events a record is made of; all others may be passed over unread. */
export const RECORDED_EVENTS: ReadonlySet<RunEvent['type']> = new Set([
  'run_started',
  'prompt_group',
  'audit',
  'step_metrics',
  'evaluation',
  'finished',
]);

/** In which currencies a run pays. All of them are of training; evaluations cost nothing. */
export const AXES = ['steps', 'tokens', 'tokens_with_audit', 'flops', 'decode_steps', 'seconds'] as const;
export type Axis = (typeof AXES)[number];

/**
 * Cumulative. `tokens` are solutions and the predictions that are used (`num_tokens`); `tokens_with_audit` adds those
 * rolled out for measurement alone. null: not measured, as in streams of older versions.
 */
export type Costs = Record<Axis, number | null>;

/** A step: its own counts, and the costs after it. */
export interface StepRecord {
  step: number;
  costs: Costs;
  /** Prompts trained on whose rewards differ. */
  informative: number;
  /** Solution tokens of the prompts rolled out for training, and of those without variance. */
  solution_tokens: number;
  zero_variance_tokens: number;
  /** Tokens of predictions that the run uses, and of the audit. */
  meta_tokens: number;
  audit_tokens: number;
  gate: GateTally | null;
  cutoff: CutoffTally | null;
  pass_rate_pearson: number | null;
}

export interface EvaluationPoint {
  costs: Costs;
  /** Accuracy by suite. */
  accuracy: Record<string, number>;
  /** Of the suites whose predictions were read. */
  alignment: Record<string, AlignmentFigures>;
}

export interface RunRecord {
  manifest: Manifest;
  /** Description of the adapter. */
  adapter: string;
  steps: StepRecord[];
  /** By step. */
  points: EvaluationPoint[];
  /** How the last stretch ended; null while it goes on or after a crash. */
  ending: { reason: 'completed' | 'stopped' | 'failed'; step: number; message: string } | null;
}

const NOTHING_SPENT: Readonly<Costs> = {
  steps: 0,
  tokens: 0,
  tokens_with_audit: 0,
  flops: 0,
  decode_steps: 0,
  seconds: 0,
};

/** What a step's groups and audit said before its metrics came. */
const newStep = () => ({
  informative: 0,
  solution_tokens: 0,
  zero_variance_tokens: 0,
  audit_tokens: 0,
  gate: null as GateTally | null,
  cutoff: null as CutoffTally | null,
});

/** Takes a run's events in order. */
export class RecordCollector {
  #manifest: Manifest | null = null;
  #adapter = '';
  #steps: StepRecord[] = [];
  #points: EvaluationPoint[] = [];
  #ending: RunRecord['ending'] = null;
  #current = newStep();
  /** Meta tokens up to the last step, as `masa/num_tokens` counts them. */
  #metaTokens = 0;

  event(event: RunEvent): void {
    switch (event.type) {
      case 'run_started':
        this.#manifest = event.manifest;
        this.#adapter = event.adapter.description || event.adapter.device || event.adapter.vendor;
        this.#ending = null;
        this.#current = newStep();
        return;
      case 'prompt_group':
        this.#group(event);
        return;
      case 'audit':
        this.#current.audit_tokens += event.tokens;
        this.#current.gate = event.gate?.tally ?? null;
        this.#current.cutoff = event.cutoff?.tally ?? null;
        return;
      case 'step_metrics':
        this.#step(event);
        return;
      case 'evaluation':
        this.#evaluation(event);
        return;
      case 'finished':
        this.#ending = { reason: event.reason, step: event.step, message: event.message };
        return;
    }
  }

  /** null for a stream in which no run began. */
  record(): RunRecord | null {
    if (!this.#manifest) return null;
    return {
      manifest: this.#manifest,
      adapter: this.#adapter,
      steps: this.#steps,
      points: this.#points,
      ending: this.#ending,
    };
  }

  #group({ rollouts }: RunEventOf<'prompt_group'>): void {
    const current = this.#current;
    // A rollout that the cutoff masks says nothing of its group.
    const masks = this.#manifest?.masa_cutoff_score === 'mask';
    const counted = rollouts.filter((r) => !(r.cut && masks));
    const tokens = rollouts.reduce((sum, r) => sum + r.tokens.length, 0);
    const zeroVariance = counted.every((r) => r.reward === counted[0].reward);
    current.solution_tokens += tokens;
    if (zeroVariance) current.zero_variance_tokens += tokens;
    else current.informative++;
  }

  #step({ step, metrics, step_ms }: RunEventOf<'step_metrics'>): void {
    const before = this.#steps.at(-1)?.costs ?? NOTHING_SPENT;
    const current = this.#current;
    const written = metrics['masa/num_tokens'] ?? this.#metaTokens;
    const tokens = metrics.num_tokens ?? null;
    const audit = (before.tokens_with_audit ?? 0) - (before.tokens ?? 0) + current.audit_tokens;
    this.#steps.push({
      step,
      ...current,
      costs: {
        steps: step + 1,
        tokens,
        tokens_with_audit: tokens === null ? null : tokens + audit,
        flops: metrics.num_flops ?? null,
        decode_steps: metrics.decode_steps ?? null,
        seconds: (before.seconds ?? 0) + step_ms / 1000,
      },
      meta_tokens: this.#manifest && metaIsUsed(this.#manifest) ? written - this.#metaTokens : 0,
      pass_rate_pearson: metrics['masa/pass_rate_pearson'] ?? null,
    });
    this.#metaTokens = written;
    this.#current = newStep();
  }

  #evaluation({ step, suite, total, alignment, num_flops, decode_steps }: RunEventOf<'evaluation'>): void {
    let point = this.#points.find((each) => each.costs.steps === step);
    if (!point) {
      const spent = this.#steps.at(-1)?.costs;
      point = {
        costs: spent
          ? { ...spent }
          : // Before the first step only the event knows whether the run measures its cost.
            { ...NOTHING_SPENT, flops: num_flops ?? null, decode_steps: decode_steps ?? null },
        accuracy: {},
        alignment: {},
      };
      this.#points.push(point);
    }
    point.accuracy[suite] = total.accuracy;
    if (alignment) point.alignment[suite] = alignment;
  }
}
