/**
 * One step as a story in three stations: what the policy expected of each prompt, what the gate did with it, and what
 * came of it. Pure; from one step's record. The panels of self-knowledge and gate have each station in detail.
 */
import { mean } from '../../run/statistics';
import type { Table } from '../components/panel-offers';
import type { StepRecord } from '../history/step-record';
import { outcomeOf } from './gate';
import { predictedPassRate } from './self-knowledge';

/** `kept`: trained on. `skipped`: never tried. `checked`: skipped, and tried beside the training to check the gate. */
export type Fate = 'kept' | 'skipped' | 'checked';

export interface StoryPrompt {
  step: number;
  /** Number of the candidate. */
  index: number;
  prompt: readonly number[];
  /** 0-1; null where no prediction could be read. */
  predicted: number | null;
  fate: Fate;
  /** Right rollouts of all; null where there are none, or not yet. */
  outcome: { correct: number; total: number; zeroVariance: boolean } | null;
}

export interface Story {
  prompts: StoryPrompt[];
  /** Whether a gate stands between; without one every prompt is `kept`. */
  gate: { kept: number; skipped: number; checked: number; rightlySkipped: number } | null;
  /** Mean predicted pass rate of the prompts that have a prediction. */
  expected: number | null;
  /** Over the prompts with both: the mean pass rate, what was expected of them, and the mean distance of the two. */
  got: number | null;
  expectedOfTried: number | null;
  error: number | null;
  /** Prompts with an outcome. */
  tried: number;
}

export const hasStory = (record: StepRecord): boolean =>
  record.decisions.length > 0 || record.metaGroups.length > 0;

/** The step's prompts in the order in which they were drawn. */
export function storyOf(record: StepRecord): Story {
  const prompts =
    record.decisions.length > 0
      ? record.decisions.map((decision): StoryPrompt => {
          const { index, prompt, role, pass_rates, pass_distribution } = decision;
          const predictions = pass_rates.map((pass_rate) => ({ pass_rate }));
          return {
            step: record.step,
            index,
            prompt,
            predicted: expectedOf(predictions, pass_distribution),
            fate: role === 'gated' ? 'skipped' : role === 'audited' ? 'checked' : 'kept',
            outcome: outcomeOf(record, index),
          };
        })
      : record.metaGroups.map((group): StoryPrompt => {
          const { index, predictions, pass_distribution } = group;
          const solved = record.groups.find((each) => (each.candidate ?? each.index) === index);
          return {
            step: record.step,
            index,
            prompt: solved?.prompt ?? group.prompt,
            predicted: expectedOf(predictions, pass_distribution),
            fate: 'kept',
            outcome: outcomeOf(record, index),
          };
        });
  const both = prompts.flatMap(({ predicted, outcome }) =>
    predicted === null || outcome === null ? [] : [{ predicted, actual: outcome.correct / outcome.total }],
  );
  const of = (fate: Fate) => prompts.filter((each) => each.fate === fate);
  const meanOrNull = (values: readonly number[]) => (values.length > 0 ? mean(values) : null);
  return {
    prompts,
    gate:
      record.decisions.length === 0
        ? null
        : {
            kept: of('kept').length,
            skipped: of('skipped').length + of('checked').length,
            checked: of('checked').filter((each) => each.outcome !== null).length,
            rightlySkipped: of('checked').filter((each) => each.outcome?.zeroVariance).length,
          },
    expected: meanOrNull(prompts.flatMap(({ predicted }) => predicted ?? [])),
    got: meanOrNull(both.map(({ actual }) => actual)),
    expectedOfTried: meanOrNull(both.map(({ predicted }) => predicted)),
    error: meanOrNull(both.map(({ predicted, actual }) => Math.abs(predicted - actual))),
    tried: prompts.filter((each) => each.outcome !== null).length,
  };
}

const expectedOf = (
  predictions: readonly { pass_rate: number | null }[],
  pass_distribution: readonly number[] | null,
): number | null => {
  const sampled = predictions.flatMap(({ pass_rate }) => pass_rate ?? []);
  if (sampled.length > 0) return mean(sampled);
  return (
    predictedPassRate({ predictions: [], pass_distribution: pass_distribution && [...pass_distribution] })
      ?.value ?? null
  );
};

const FATE_WORDS: Readonly<Record<Fate, string>> = {
  kept: 'let through',
  skipped: 'skipped',
  checked: 'skipped, but checked',
};

/** What became of a prompt, as a sentence without its end. @param percent writes a share. */
export function promptInWords(
  { predicted, fate, outcome }: StoryPrompt,
  gated: boolean,
  percent: (share: number) => string,
): string {
  return [
    predicted === null ? 'no prediction could be read' : `expected to get ${percent(predicted)} right`,
    ...(gated ? [FATE_WORDS[fate]] : []),
    outcome
      ? `got ${outcome.correct} of ${outcome.total} right`
      : fate === 'skipped'
        ? 'never tried'
        : 'being tried',
  ].join(', ');
}

export const storyTable = (story: Story): Table => ({
  columns: ['step', 'prompt', 'predicted', 'gate', 'right', 'rollouts'],
  rows: story.prompts.map(({ step, index, predicted, fate, outcome }) => [
    step,
    index,
    predicted,
    story.gate ? FATE_WORDS[fate] : null,
    outcome?.correct ?? null,
    outcome?.total ?? null,
  ]),
});
