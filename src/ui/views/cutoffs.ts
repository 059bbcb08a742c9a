/**
 * The rollouts of a step as bars to their ends, with the limits that the predicted lengths set and what the audit says
 * that cut ones would have become; sums over recent steps. Pure; from the records of steps alone, and from the groups
 * that are growing where the step is under way.
 */
import {
  addTallies,
  type CutoffFigures,
  type CutoffTally,
  cutoffFigures,
  EMPTY_CUTOFF_TALLY,
} from '../../lab/figures';
import type { RolloutLimit } from '../../run/masa-events';
import type { Table } from '../components/panel-offers';
import { candidateOf, type StepRecord } from '../history/step-record';
import type { GroupView } from '../state/run-view';

export type BarState = 'growing' | 'ended' | 'right' | 'wrong' | 'cut' | 'truncated';

export interface RolloutBar {
  /** Place in the group. */
  place: number;
  /** Tokens so far; of a cut rollout those up to its limit. */
  length: number;
  /** `cut`: stopped by the cutoff. `truncated`: by the longest rollout there may be. */
  state: BarState;
  /** What it came to when it was let run on, `correct` null while it does; null unless it was. */
  audit: { length: number; correct: boolean | null } | null;
}

export interface CutoffRow {
  step: number;
  /** Number of the candidate. */
  index: number;
  prompt: readonly number[];
  bars: RolloutBar[];
  /** null without a cutoff. */
  limit: { tokens: number; cuts: boolean; label: string } | null;
}

/** The groups of a step that was judged, in the order of its batch. */
export function cutoffRows(record: StepRecord): CutoffRow[] {
  return record.groups.map((group) => {
    const index = candidateOf(group);
    const event = record.cutoffs.find((each) => each.index === index);
    const entries = record.audit?.cutoff?.entries.filter((each) => each.index === index) ?? [];
    return {
      step: record.step,
      index,
      prompt: group.prompt,
      bars: group.rollouts.map(({ tokens, reward, truncated, cut }, place) => {
        const entry = entries.find((each) => each.rollout === place);
        return {
          place,
          length: tokens.length,
          state: cut ? 'cut' : reward > 0 ? 'right' : truncated ? 'truncated' : 'wrong',
          audit: entry ? { length: entry.length, correct: entry.correct } : null,
        };
      }),
      limit: event ? { tokens: event.limit, cuts: event.cuts, label: limitLabel(event, number) } : null,
    };
  });
}

/**
 * A group of the step under way, against the limit that was announced with it. What is still going beyond its limit
 * runs on for the audit.
 *
 * @param index number of the candidate, which a growing group does not know by itself.
 * @param endOfSequence the token that ends a rollout of its own accord.
 */
export function growingRow(group: GroupView, index: number, endOfSequence: number): CutoffRow {
  const { limit, step, prompt, rollouts } = group;
  const at = limit?.cuts ? limit.limit : Number.POSITIVE_INFINITY;
  return {
    step,
    index,
    prompt,
    bars: rollouts.map(({ tokens, verdict }, place) => {
      const beyond = tokens.length > at;
      const stopped = verdict !== 'growing' && tokens.length === at && tokens.at(-1) !== endOfSequence;
      return {
        place,
        length: Math.min(tokens.length, at),
        state: beyond || stopped ? 'cut' : verdict,
        audit: beyond ? { length: tokens.length, correct: null } : null,
      };
    }),
    limit: limit && { tokens: limit.limit, cuts: limit.cuts, label: limitLabel(limit, number) },
  };
}

/** Tokens to a tenth, which a limit is rounded up from; a small factor to a hundredth. */
const number = (value: number): string => String(Number(value.toFixed(value < 10 ? 2 : 1)));

/** Where a limit comes from: `2 × median predicted 18 = 36`, and why it is another number where it is. */
export function limitLabel(
  { predicted, multiple, statistic, limit, cuts, minimum }: RolloutLimit,
  text: (value: number) => string,
): string {
  if (predicted === null) return 'no predicted length could be read, so nothing is cut';
  const wanted = Math.ceil(multiple * predicted - 1e-9);
  const product = `${text(multiple)} × ${statistic} predicted ${text(predicted)} = ${text(wanted)}`;
  if (!cuts) return `${product}, beyond the longest rollout`;
  return limit > wanted ? `${product}, raised to the least limit ${minimum}` : product;
}

/** Whether the limits fit the rollouts, added up over `records`. */
export interface CutoffSums {
  /** Steps with an audit of the cutoff; the first and the last. */
  steps: number;
  from: number | null;
  to: number | null;
  tally: Readonly<CutoffTally>;
  /** Estimates scaled up from the audited rollouts: `tokensSaved` and `correctLost` are sums over the window. */
  figures: CutoffFigures;
}

export function cutoffSums(records: readonly Pick<StepRecord, 'step' | 'audit'>[]): CutoffSums {
  const window = records.flatMap(({ step, audit }) =>
    audit?.cutoff ? [{ step, tally: audit.cutoff.tally }] : [],
  );
  const tally = window.reduce<CutoffTally>((sum, each) => addTallies(sum, each.tally), {
    ...EMPTY_CUTOFF_TALLY,
  });
  return {
    steps: window.length,
    from: window[0]?.step ?? null,
    to: window.at(-1)?.step ?? null,
    tally,
    figures: cutoffFigures(tally),
  };
}

export const cutoffTable = (rows: readonly CutoffRow[]): Table => ({
  columns: [
    'step',
    'prompt',
    'rollout',
    'tokens',
    'state',
    'limit',
    'limit from',
    'tokens when let run on',
    'right when let run on',
  ],
  rows: rows.flatMap(({ step, index, bars, limit }) =>
    bars.map((bar) => [
      step,
      index,
      bar.place,
      bar.length,
      bar.state,
      limit?.tokens ?? null,
      limit?.label ?? null,
      bar.audit?.length ?? null,
      bar.audit?.correct == null ? null : bar.audit.correct ? 'yes' : 'no',
    ]),
  ),
});
