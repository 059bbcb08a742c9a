/**
 * How well the policy of an arm predicts its own rollouts at the end: on held-out problems where evaluations asked
 * for predictions, else on the prompts of the last steps. Used by `compare.ts`.
 *
 * Held-out problems are those in domain, whichever suite the accuracy is read on: a correlation is one of the whole
 * mix that the policy is trained on, and on the middling problems alone it would be about other differences.
 */
import type { AlignmentFigures } from '../../run/masa-events';
import { mean } from '../../run/statistics';
import type { Alignment } from './comparison';
import type { RunRecord } from './record';
import { type BySeed, bySeed, difference, paired, spreadOf } from './spread';

const SUITE = 'in-domain';

/** Steps at the end of a run whose own alignment is averaged where evaluations have none. */
export const LAST_STEPS = 10;

interface Read {
  source: Alignment['source'];
  passRatePearson: BySeed;
  figures: ReadonlyMap<number, AlignmentFigures>;
}

function read(runs: readonly RunRecord[]): Read | null {
  const records = new Map(runs.map((run) => [run.manifest.seed, run]));
  const figures = new Map(
    [...records].flatMap(([seed, { points }]) => {
      const figures = points.at(-1)?.alignment[SUITE];
      return figures ? [[seed, figures] as const] : [];
    }),
  );
  if (figures.size > 0)
    return {
      source: 'evaluation',
      passRatePearson: bySeed(figures, (each) => each.pass_rate_pearson),
      figures,
    };
  const passRatePearson = bySeed(records, ({ steps }) => {
    const last = steps.slice(-LAST_STEPS).flatMap((step) => step.pass_rate_pearson ?? []);
    return last.length === 0 ? null : mean(last);
  });
  return passRatePearson.size > 0 ? { source: 'training', passRatePearson, figures } : null;
}

/** @returns null where the arm was never asked for predictions. @param baseline null for the baseline itself. */
export function alignmentOf(
  runs: readonly RunRecord[],
  baseline: readonly RunRecord[] | null,
): Alignment | null {
  const own = read(runs);
  if (!own) return null;
  const theirs = baseline && read(baseline);
  return {
    source: own.source,
    pass_rate_pearson: spreadOf(own.passRatePearson),
    pass_rate_mae: spreadOf(bySeed(own.figures, (each) => each.pass_rate_mae)),
    length_pearson: spreadOf(bySeed(own.figures, (each) => each.length_pearson)),
    parse_rate: spreadOf(bySeed(own.figures, (each) => each.parse_rate)),
    difference:
      theirs?.source === own.source
        ? spreadOf(paired(own.passRatePearson, theirs.passRatePearson, difference))
        : null,
  };
}
