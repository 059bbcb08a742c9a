/**
 * A run made small: all that a report or a comparison shows of it, gathered from its event stream in one pass. Plain
 * data, so that a worker can hand it to the page. The rollouts themselves are not in it.
 *
 * What runs cost, came to and were decided by is the comparison's record of them (`rl/comparison/record.ts`).
 * Used by the command line's `report`, by the worker that keeps runs and by the reader of recordings.
 */
import { RecordCollector, type RunRecord } from '../rl/comparison/record';
import { type CalibrationBin, calibrationCurve } from '../rl/masa/alignment';
import { expectedPassRate } from '../rl/masa/gate';
import { TALLY_WINDOW } from '../rl/masa/settings';
import type { RunEvent, RunEventOf, Score } from '../run/events';
import { type Manifest, manifestDifference } from '../run/manifest';
import { selfTestText } from '../run/self-test-text';
import { mean, pearson } from '../run/statistics';

/** Bins of the calibration: equal parts of the predicted pass rate. */
const BINS = 10;
const MOST_WARNINGS = 200;

export interface DigestStep {
  step: number;
  ms: number;
  metrics: Readonly<Record<string, number>>;
}

export interface DigestEvaluation {
  step: number;
  suite: string;
  total: Score;
  byTier: Readonly<Record<string, Score>>;
  meanLength: number;
}

/** A stretch of training: from a start, or from where the run was gone on with. */
export interface Stretch {
  fromStep: number;
  startedAt: string;
  lab: string;
  adapter: string;
  software: boolean;
  selfTest: string;
  /** Settings that this stretch has and the one before it had not. */
  changed: Partial<Manifest>;
}

/** Predictions on the run's own prompts over its last steps, beside what came of them. */
export interface TrainingCalibration {
  from: number;
  to: number;
  prompts: number;
  bins: CalibrationBin[];
  pearson: number | null;
  error: number | null;
}

export interface RunDigest {
  name: string;
  record: RunRecord;
  stretches: Stretch[];
  parameters: number;
  deviceBytes: number;
  steps: DigestStep[];
  evaluations: DigestEvaluation[];
  calibration: TrainingCalibration | null;
  /** The newest answers to benchmark sets. */
  benchmarks: RunEventOf<'benchmarks'> | null;
  warnings: Pick<RunEventOf<'warning'>, 'step' | 'code' | 'message' | 'remedy'>[];
  /** Those there are more of. */
  moreWarnings: number;
  checkpoint: Pick<RunEventOf<'checkpoint'>, 'step' | 'bytes'> | null;
  ending: Pick<RunEventOf<'finished'>, 'step' | 'reason' | 'message' | 'seconds'> | null;
}

/** The events a digest is made of; all others may be passed over unread. */
export const DIGESTED_EVENTS: ReadonlySet<RunEvent['type']> = new Set([
  'run_started',
  'prompt_group',
  'meta_group',
  'audit',
  'step_metrics',
  'evaluation',
  'benchmarks',
  'warning',
  'checkpoint',
  'finished',
]);

interface Prediction {
  step: number;
  predicted: number;
  correct: number;
  total: number;
}

/** Takes a run's events in order. */
export class DigestCollector {
  readonly #record = new RecordCollector();
  #start: RunEventOf<'run_started'> | null = null;
  #stretches: Stretch[] = [];
  #steps: DigestStep[] = [];
  #evaluations: DigestEvaluation[] = [];
  /** Of the newest steps that have any. */
  #predictions: Prediction[] = [];
  #benchmarks: RunDigest['benchmarks'] = null;
  #warnings: RunDigest['warnings'] = [];
  #moreWarnings = 0;
  #checkpoint: RunDigest['checkpoint'] = null;
  #ending: RunDigest['ending'] = null;

  event(event: RunEvent): void {
    this.#record.event(event);
    switch (event.type) {
      case 'run_started':
        this.#stretch(event);
        return;
      case 'meta_group':
        this.#predict(event);
        return;
      case 'step_metrics':
        this.#steps.push({ step: event.step, ms: event.step_ms, metrics: event.metrics });
        return;
      case 'evaluation':
        this.#evaluations.push({
          step: event.step,
          suite: event.suite,
          total: event.total,
          byTier: event.by_tier,
          meanLength: event.mean_length,
        });
        return;
      case 'benchmarks':
        this.#benchmarks = event;
        return;
      case 'warning':
        if (this.#warnings.length === MOST_WARNINGS) this.#moreWarnings++;
        else this.#warnings.push(event);
        return;
      case 'checkpoint':
        this.#checkpoint = { step: event.step, bytes: event.bytes };
        return;
      case 'finished':
        this.#ending = event;
        return;
    }
  }

  /** null for a stream in which no run began. */
  digest(name: string): RunDigest | null {
    const record = this.#record.record();
    const start = this.#start;
    if (!record || !start) return null;
    return {
      name,
      record,
      stretches: this.#stretches,
      parameters: start.parameters,
      deviceBytes: start.device_bytes,
      steps: this.#steps,
      evaluations: this.#evaluations,
      calibration: calibrationOf(this.#predictions),
      benchmarks: this.#benchmarks,
      warnings: this.#warnings.map(({ step, code, message, remedy }) => ({ step, code, message, remedy })),
      moreWarnings: this.#moreWarnings,
      checkpoint: this.#checkpoint,
      ending: this.#ending,
    };
  }

  #stretch(event: RunEventOf<'run_started'>): void {
    const { adapter, manifest, self_test } = event;
    this.#stretches.push({
      fromStep: event.from_step,
      startedAt: event.started_at,
      lab: event.lab,
      adapter: adapter.description || adapter.device || adapter.architecture || adapter.vendor || 'unnamed',
      software: adapter.software,
      selfTest: selfTestText(self_test),
      changed: this.#start ? manifestDifference(manifest, this.#start.manifest) : {},
    });
    this.#start = event;
    this.#ending = null;
  }

  #predict({ step, predictions, pass_distribution, truth }: RunEventOf<'meta_group'>): void {
    if (!truth || truth.total === 0) return;
    const said = predictions.flatMap(({ pass_rate }) => pass_rate ?? []);
    const read = predictions.length === 0 && pass_distribution ? expectedPassRate(pass_distribution) : null;
    const predicted = said.length > 0 ? mean(said) : read;
    if (predicted === null) return;
    this.#predictions.push({ step, predicted, correct: truth.correct, total: truth.total });
    const oldest = step - TALLY_WINDOW;
    if (this.#predictions[0].step <= oldest)
      this.#predictions = this.#predictions.filter((each) => each.step > oldest);
  }
}

function calibrationOf(points: readonly Prediction[]): TrainingCalibration | null {
  if (points.length === 0) return null;
  const actual = points.map(({ correct, total }) => correct / total);
  const predicted = points.map((point) => point.predicted);
  return {
    from: points[0].step,
    to: points[points.length - 1].step,
    prompts: points.length,
    bins: calibrationCurve(
      points.map((p) => ({ predicted: p.predicted, successes: p.correct, trials: p.total })),
      BINS,
    ),
    pearson: pearson(predicted, actual),
    error: mean(predicted.map((value, i) => Math.abs(value - actual[i]))),
  };
}
