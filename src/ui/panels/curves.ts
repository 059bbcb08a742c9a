/** Which numbers of the stream each chart draws, and in which colour. Constant objects: a chart is rebuilt when its series change. */
import type { EvaluationSeries, Series, StepSeries } from '../components/chart-data';
import type { EvaluationPoint } from '../state/run-view';
import { type ColourRole, SPARE_TIER_COLOURS, TIER_COLOURS } from '../theme/palette';

const metric = (
  key: string,
  label: string,
  colour: ColourRole = 'line-1',
  more: Partial<StepSeries> = {},
): StepSeries => ({ from: 'steps', key, label, colour, value: (point) => point.metrics[key], ...more });

export const learningSeries = (suite: string): readonly Series[] => [
  metric('reward', 'Reward', 'right', { width: 1.5 }),
  {
    from: 'evaluations',
    suite,
    key: 'accuracy',
    label: 'Held-out',
    colour: 'held-out',
    width: 2.25,
    value: (point) => point.total.accuracy,
    low: (point) => point.total.low,
    high: (point) => point.total.high,
    band: 'held-out-band',
  },
];

/** The newest evaluations' tiers as `suite\nfamily/tier`, parted by tabs: one text, so that it compares by value. */
export function tierNames(evaluations: readonly EvaluationPoint[]): string {
  const step = evaluations.at(-1)?.step;
  const names: string[] = [];
  for (let i = evaluations.length - 1; i >= 0 && evaluations[i].step === step; i--)
    names.unshift(...Object.keys(evaluations[i].byTier).map((tier) => `${evaluations[i].suite}\n${tier}`));
  return names.join('\t');
}

/**
 * One line for each of `tierNames`, in rising difficulty where that is known; a tier has its colour whatever else
 * is drawn. The family is named only where there are several.
 */
export function tierSeries(names: string): readonly EvaluationSeries[] {
  const tiers = (names === '' ? [] : names.split('\t')).map((name) => {
    const [suite, key] = name.split('\n');
    const [family, tier] = key.split('/');
    return { suite, key, family, tier };
  });
  const known = Object.keys(TIER_COLOURS);
  const rank = (tier: string) => (known.includes(tier) ? known.indexOf(tier) : known.length);
  const families = [...new Set(tiers.map((each) => each.family))];
  tiers.sort(
    (a, b) => families.indexOf(a.family) - families.indexOf(b.family) || rank(a.tier) - rank(b.tier),
  );
  let spare = 0;
  return tiers.map(({ suite, key, family, tier }) => {
    const own = family === families[0] ? TIER_COLOURS[tier] : undefined;
    const place = own ? 0 : spare++;
    return {
      from: 'evaluations',
      suite,
      key,
      label: families.length > 1 || !tier ? [family, tier].filter(Boolean).join(' ') : tier,
      colour: own ?? SPARE_TIER_COLOURS[place % SPARE_TIER_COLOURS.length],
      dash: place >= SPARE_TIER_COLOURS.length ? [5, 4] : undefined,
      value: (point) => point.byTier[key]?.accuracy,
    };
  });
}

export const LENGTHS: readonly Series[] = [
  metric('completions/mean_length', 'Mean', 'line-1', {
    low: (point) => point.metrics['completions/min_length'],
    high: (point) => point.metrics['completions/max_length'],
    band: 'line-band',
  }),
];

export const ENTROPY: readonly Series[] = [metric('entropy', 'Entropy')];
export const NO_SIGNAL: readonly Series[] = [metric('frac_reward_zero_std', 'Groups without signal')];
export const GRAD_NORM: readonly Series[] = [metric('grad_norm', 'Gradient norm')];
export const LOSS: readonly Series[] = [metric('loss', 'Loss')];
export const KL: readonly Series[] = [metric('kl', 'KL')];

export const CLIP: readonly Series[] = [
  metric('clip_ratio/low_mean', 'Below', 'line-3', { dash: [2, 3] }),
  metric('clip_ratio/high_mean', 'Above', 'line-2', { dash: [6, 3] }),
  metric('clip_ratio/region_mean', 'Both', 'line-1'),
];

export const META_REWARDS: readonly Series[] = [
  metric('masa/reward_length', 'Length', 'line-1'),
  metric('masa/reward_difficulty', 'Pass rate', 'line-2', { dash: [6, 3] }),
  metric('masa/reward_notion', 'Notions', 'line-3', { dash: [2, 3] }),
];
const heldOut = (
  suite: string,
  key: string,
  value: (alignment: NonNullable<EvaluationPoint['alignment']>) => number | null,
): EvaluationSeries => ({
  from: 'evaluations',
  suite,
  key,
  label: 'Held-out',
  colour: 'held-out',
  width: 2.25,
  value: ({ alignment }) => (alignment ? value(alignment) : null) ?? undefined,
});
/** Over the prompts that a step rolled out, which the gate has chosen, and over problems that nothing has. */
export const passRateError = (suite: string): readonly Series[] => [
  metric('masa/pass_rate_mae', 'Step’s prompts', 'line-1', { width: 1.25 }),
  heldOut(suite, 'error', (alignment) => alignment.error),
];
export const passRatePearson = (suite: string): readonly Series[] => [
  metric('masa/pass_rate_pearson', 'Step’s prompts', 'line-1', { width: 1.25 }),
  heldOut(suite, 'correlation', (alignment) => alignment.correlation),
];
export const PARSE_RATE: readonly Series[] = [metric('masa/parse_rate', 'Whole')];
export const GATED: readonly Series[] = [metric('masa/gate/gated', 'Skipped')];
export const CUT: readonly Series[] = [metric('masa/cutoff/cut', 'Cut')];
export const EXPERT_NLL: readonly Series[] = [metric('masa/expert/nll', 'Surprise')];
export const ADAPTER_NLL: readonly Series[] = [metric('masa/adapter/nll', 'Surprise')];
