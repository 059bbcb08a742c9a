/**
 * Early cutoff: a rollout is stopped once it grows past a multiple of the length predicted for its prompt. Here is
 * only where the limits come from and what counts as cut; stopping a row inside the running decode is the decoder's.
 * Source: MASA, arXiv 2510.03259, section 3.3 (multiple 2).
 */
import type { RolloutLimit } from '../../run/masa-events';
import { mean, quantile } from '../../run/statistics';
import { Draw, inShare } from './draws';

export interface CutoffSettings {
  /** How the sampled lengths of a prompt become one. */
  statistic: 'mean' | 'median';
  /** Times the predicted length. */
  multiple: number;
  /** No limit is below this many tokens. */
  minimum: number;
}

export const DEFAULT_CUTOFF: CutoffSettings = { statistic: 'median', multiple: 2, minimum: 8 };

/** The limit of a prompt's rollouts, with what it was made from. */
export interface CutoffLimit {
  /** Tokens a rollout may have; from `min(minimum, maxCompletionLength)` to `maxCompletionLength`. */
  limit: number;
  /** The limit is below `maxCompletionLength`, so that it can cut something. */
  cuts: boolean;
  /** Tokens: mean or median of the lengths that parsed; null without any. */
  predicted: number | null;
  /** [M] tokens, null where a prediction did not parse. */
  lengths: readonly (number | null)[];
  settings: CutoffSettings;
  /** In words. */
  reason: string;
}

/**
 * limit = clamp(ceil(multiple x predicted), minimum, maxCompletionLength). Without a parsed prediction nothing is cut.
 *
 * @param lengths [M] predicted lengths in tokens, as midpoints of their buckets; null where one did not parse.
 */
export function cutoffLimit(
  lengths: readonly (number | null)[],
  settings: CutoffSettings,
  maxCompletionLength: number,
): CutoffLimit {
  const { statistic, multiple, minimum } = settings;
  if (!(multiple > 0)) throw new Error(`cutoffLimit: multiple: expected more than 0, got ${multiple}`);
  if (!(minimum >= 1)) throw new Error(`cutoffLimit: minimum: expected 1 token or more, got ${minimum}`);
  const parsed = lengths.filter((length) => length !== null);
  if (parsed.length === 0)
    return {
      limit: maxCompletionLength,
      cuts: false,
      predicted: null,
      lengths,
      settings,
      reason: 'no predicted length parsed',
    };
  const predicted = statistic === 'mean' ? mean(parsed) : quantile(parsed, 0.5);
  // 1.1 x 40 is 44.00000000000001, which is no reason for a 45th token.
  const wanted = Math.ceil(multiple * predicted - 1e-9);
  const limit = Math.min(maxCompletionLength, Math.max(minimum, wanted));
  const raised = wanted < minimum ? `, raised to the minimum ${minimum}` : '';
  const said = `${multiple} x ${statistic} predicted length ${predicted} = ${wanted}${raised}`;
  return {
    limit,
    cuts: limit < maxCompletionLength,
    predicted,
    lengths,
    settings,
    reason:
      limit < maxCompletionLength ? said : `${said}, not below the longest rollout ${maxCompletionLength}`,
  };
}

/** What the events say of a limit. */
export const limitFields = ({ limit, cuts, predicted, settings }: CutoffLimit): RolloutLimit => ({
  limit,
  cuts,
  predicted,
  statistic: settings.statistic,
  multiple: settings.multiple,
  minimum: settings.minimum,
});

/**
 * Which rollouts of a prompt are let run to the end, so that the audit sees what cutting them would have lost. Chosen
 * before the decode by (seed, step, rollout): of those that reach their limit the same share is audited. They are
 * still cut for reward and loss (`cutRollout`).
 *
 * @param firstRollout number in the step of the prompt's first rollout.
 * @returns [generations] the decoder's limit of each rollout, and whether it is audited.
 */
export function rolloutLimits(
  cutoff: Pick<CutoffLimit, 'limit' | 'cuts'>,
  place: { seed: number; step: number; firstRollout: number; generations: number },
  maxCompletionLength: number,
  auditShare: number,
): { limit: number; audited: boolean }[] {
  return Array.from({ length: place.generations }, (_, g) => {
    const audited =
      cutoff.cuts && inShare(place.seed, Draw.cutoffAudit, place.step, place.firstRollout + g, auditShare);
    return { limit: audited ? maxCompletionLength : cutoff.limit, audited };
  });
}

/**
 * The part of a rollout that reward and loss may see, whether it ran on for the audit or not.
 *
 * @param truncated it ended by the decoder's limit rather than by the end token.
 * @returns `cut`: it was still going at a limit below the longest rollout.
 */
export function cutRollout(
  tokens: readonly number[],
  truncated: boolean,
  cutoff: Pick<CutoffLimit, 'limit' | 'cuts'>,
): { tokens: readonly number[]; truncated: boolean; cut: boolean } {
  const beyond = tokens.length > cutoff.limit;
  const cut = cutoff.cuts && (beyond || (truncated && tokens.length === cutoff.limit));
  return {
    tokens: beyond ? tokens.slice(0, cutoff.limit) : tokens,
    truncated: truncated || beyond,
    cut,
  };
}
