/**
 * The evaluation of a run at a step: the suites its manifest asks for, with the settings it asks for, answered and, where
 * the run predicts, predicted. Changes nothing of the run. How a suite is answered is `evaluate.ts`'s, how predictions
 * on it are judged `evaluate-alignment.ts`'s; when an evaluation is due is not known here. Used by `trainer.ts`.
 */
import type { Policy } from '../model/policy';
import type { RunEventOf } from '../run/events';
import type { Manifest } from '../run/manifest';
import { endsOf, type Suite, type Task } from '../tasks/task';
import { answerSuite, evaluationResult } from './evaluate';
import { evaluateAlignment } from './evaluate-alignment';
import { metaRewardSettings, metaThrough } from './masa/settings';
import { StepClock } from './step/clock';
import type { Control } from './step/context';

/** The suite that only some tasks have, and that a manifest asks for by `eval_mid_hard`. */
export const MID_HARD = 'mid-hard';

type Evaluation = RunEventOf<'evaluation'>;

/** Where the run stands: the step, and what it has cost so far. */
export type EvaluatedAt = Pick<
  Evaluation,
  'step' | 'num_tokens' | 'num_flops' | 'decode_steps' | 'meta_tokens' | 'audit_tokens'
>;

/** One event a suite, in-domain first. @throws whatever `control.proceed` rejects with. */
export async function evaluateSuites(
  policy: Policy,
  manifest: Manifest,
  task: Task,
  { step, ...spent }: EvaluatedAt,
  control: Control,
): Promise<Evaluation[]> {
  const evaluations: Evaluation[] = [];
  for (const suite of task.suites.filter((s) => evaluated(s, manifest))) {
    const clock = new StepClock(control);
    const started = clock.now();
    const proceed = () => clock.control.proceed();
    const settings = {
      problems: manifest.eval_problems,
      samples: manifest.eval_samples,
      max_completion_length: manifest.max_completion_length,
      temperature: 1,
      seed: manifest.seed,
    };
    const answered = await answerSuite(policy, task, suite, settings, proceed);
    const alignment =
      manifest.masa_meta === 'off' || !task.meta
        ? null
        : await evaluateAlignment(
            policy,
            task.meta,
            answered,
            manifest.masa_num_generations,
            { temperature: 1, top_k: 0, top_p: 1, endOfSequence: endsOf(task.vocabulary) },
            { seed: manifest.seed, draw: task.suites.indexOf(suite) },
            metaRewardSettings(manifest),
            metaThrough(manifest),
            proceed,
          );
    evaluations.push({
      type: 'evaluation',
      v: 1,
      step,
      ...evaluationResult(suite, answered),
      ...spent,
      ...(alignment && { alignment }),
      duration_ms: clock.now() - started,
    });
  }
  return evaluations;
}

function evaluated({ name }: Suite, manifest: Manifest): boolean {
  return (
    name === 'in-domain' ||
    (name === 'out-of-domain' && manifest.eval_out_of_domain) ||
    (name === MID_HARD && manifest.eval_mid_hard)
  );
}
