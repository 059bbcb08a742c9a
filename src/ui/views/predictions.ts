/**
 * One step's predictions, prompt by prompt: lengths against lengths, notions with how often each stood in right and in
 * wrong rollouts, and the three rewards that add up to the meta reward. Pure; from one step's record.
 */
import type { Manifest } from '../../run/manifest';
import type { Table } from '../components/panel-offers';
import type { MetaGroup, StepRecord } from '../history/step-record';
import { candidateOf } from '../history/step-record';
import { type PassPrediction, predictedPassRate } from './self-knowledge';

export interface RolloutLength {
  /** Tokens; of a cut rollout those up to its limit. */
  length: number;
  verdict: 'right' | 'wrong' | 'cut';
}

export interface LengthTick {
  /** Place among the meta rollouts. */
  place: number;
  /** Tokens, inclusive; `high` is null for the last bucket, which has no upper end. */
  low: number;
  high: number | null;
  midpoint: number;
  /** Whether it was rewarded; null for a prompt without a truth. */
  inRange: boolean | null;
}

export interface NotionCount {
  /** Token of the vocabulary. */
  notion: number;
  /** Predictions that name it. */
  said: number;
  /** Whether it can be rewarded: the problem's own text does not name it. */
  counts: boolean;
  /** Right rollouts that use it, and wrong ones. */
  right: number;
  wrong: number;
}

/** One meta rollout with what it earned. */
export interface RewardBar {
  place: number;
  tokens: readonly number[];
  parsed: boolean;
  /** Each 0-1; the bar's parts are a third of each, so that they add up to `meta`. */
  length: number;
  difficulty: number;
  notion: number;
  meta: number;
  passRate: number | null;
  predictedLength: LengthTick | null;
  counted: readonly number[] | null;
  advantage: number;
}

export interface PromptPrediction {
  step: number;
  /** Number of the candidate. */
  index: number;
  /** The solution prompt, where it is known; the meta prompt else. */
  prompt: readonly number[];
  passRate: PassPrediction | null;
  /** [counts] the probabilities read off, where nothing was sampled. */
  distribution: readonly number[] | null;
  /** null without rollouts, as is `range` without a right one. */
  correct: number | null;
  total: number | null;
  lengths: RolloutLength[];
  range: { low: number; high: number } | null;
  ticks: LengthTick[];
  /** Tokens, where lengths were read off instead of sampled; else null. */
  expectedLength: number | null;
  notions: NotionCount[];
  rewards: RewardBar[];
}

/** The prompts of a step that were asked about, in order of candidate. */
export function promptPredictions(record: StepRecord): PromptPrediction[] {
  return record.metaGroups.map((group) => {
    const { truth } = group;
    const decision = record.decisions.find((each) => each.index === group.index);
    const solved = record.groups.find((each) => candidateOf(each) === group.index);
    const rights = truth?.lengths ?? [];
    return {
      step: record.step,
      index: group.index,
      prompt: solved?.prompt ?? decision?.prompt ?? group.prompt,
      passRate: predictedPassRate(group),
      distribution: group.predictions.length === 0 ? group.pass_distribution : null,
      correct: truth?.correct ?? null,
      total: truth?.total ?? null,
      lengths: lengthsOf(record, group.index),
      range: rights.length === 0 ? null : { low: Math.min(...rights), high: Math.max(...rights) },
      ticks: ticksOf(group),
      expectedLength: group.expected_length ?? null,
      notions: notionsOf(group),
      rewards: rewardsOf(group),
    };
  });
}

/** Lengths of the prompt's rollouts: of the trained group, or of one that was rolled out for the audit alone. */
function lengthsOf(record: StepRecord, index: number): RolloutLength[] {
  const group = record.groups.find((each) => candidateOf(each) === index);
  if (group)
    return group.rollouts.map(({ tokens, reward, cut }) => ({
      length: tokens.length,
      verdict: reward > 0 ? 'right' : cut ? 'cut' : 'wrong',
    }));
  const audited = record.audit?.gate?.entries.find((each) => each.index === index);
  return (audited?.lengths ?? []).map((length, i) => ({
    length,
    verdict: audited!.rewards[i] > 0 ? 'right' : 'wrong',
  }));
}

function ticksOf(group: MetaGroup): LengthTick[] {
  return group.predictions.flatMap(({ length, reward_length }, place) =>
    length === null
      ? []
      : [
          {
            place,
            low: length.low,
            high: length.high,
            midpoint: length.midpoint,
            inRange: reward_length === null ? null : reward_length > 0,
          },
        ],
  );
}

/** The predicted notions, those most often said first. */
function notionsOf(group: MetaGroup): NotionCount[] {
  const counts = new Map<number, NotionCount>();
  for (const { notions, counted } of group.predictions)
    for (const notion of notions ?? []) {
      const found = group.truth?.notion_counts.find((each) => each.notion === notion);
      const before = counts.get(notion) ?? {
        notion,
        said: 0,
        counts: (counted ?? []).includes(notion),
        right: found?.correct ?? 0,
        wrong: found?.incorrect ?? 0,
      };
      counts.set(notion, { ...before, said: before.said + 1 });
    }
  return [...counts.values()].sort((a, b) => b.said - a.said || a.notion - b.notion);
}

function rewardsOf(group: MetaGroup): RewardBar[] {
  const ticks = ticksOf(group);
  return group.predictions.flatMap((each, place) =>
    each.reward === null
      ? []
      : [
          {
            place,
            tokens: each.tokens,
            parsed: each.parsed,
            length: each.reward_length ?? 0,
            difficulty: each.reward_difficulty ?? 0,
            notion: each.reward_notion ?? 0,
            meta: each.reward,
            passRate: each.pass_rate,
            predictedLength: ticks.find((tick) => tick.place === place) ?? null,
            counted: each.counted,
            advantage: each.advantage,
          },
        ],
  );
}

/** Where a number ends up in a formula: three significant digits, so that a line of them stays readable. */
const digits = (value: number): string => String(Number(value.toPrecision(3)));

/** The rewards' formulas with a meta rollout's numbers filled in, as TeX; one a line. */
export function rewardFormulas(
  prompt: Pick<PromptPrediction, 'correct' | 'total' | 'range' | 'notions'>,
  bar: RewardBar,
  settings: Pick<Manifest, 'masa_pass_reward' | 'masa_length_reward' | 'masa_length_tolerance'>,
): { name: 'meta' | 'length' | 'difficulty' | 'notion'; tex: string }[] {
  const { length, difficulty, notion, meta } = bar;
  return [
    {
      name: 'meta',
      tex: `r_{\\text{meta}} = \\tfrac{1}{3}\\,(r_{\\text{length}} + r_{\\text{difficulty}} + r_{\\text{notion}}) = \\tfrac{1}{3}\\,(${digits(length)} + ${digits(difficulty)} + ${digits(notion)}) = ${digits(meta)}`,
    },
    { name: 'length', tex: `r_{\\text{length}} = ${lengthTex(prompt.range, bar, settings)}` },
    { name: 'difficulty', tex: `r_{\\text{difficulty}} = ${passTex(prompt, bar, settings)}` },
    { name: 'notion', tex: `r_{\\text{notion}} = ${notionTex(bar)}` },
  ];
}

function passTex(
  { correct, total }: Pick<PromptPrediction, 'correct' | 'total'>,
  { passRate, difficulty }: RewardBar,
  { masa_pass_reward: form }: Pick<Manifest, 'masa_pass_reward'>,
): string {
  if (passRate === null) return '0 \\quad\\text{(no pass rate could be read)}';
  const error = `${digits(passRate)} - \\tfrac{${correct}}{${total}}`;
  const value = digits(difficulty);
  return form === 'paper' ? `0.01^{\\,\\left|${error}\\right|} = ${value}` : `1 - (${error})^2 = ${value}`;
}

function lengthTex(
  range: PromptPrediction['range'],
  { predictedLength, length }: RewardBar,
  settings: Pick<Manifest, 'masa_length_reward' | 'masa_length_tolerance'>,
): string {
  if (predictedLength === null) return '0 \\quad\\text{(no length could be read)}';
  if (range === null) return '0 \\quad\\text{(no rollout was right, so no length is)}';
  const { low, high, midpoint } = predictedLength;
  if (settings.masa_length_reward === 'strict')
    return `\\left[\\,${range.low} < ${digits(midpoint)} < ${range.high}\\,\\right] = ${length}`;
  const widened = settings.masa_length_tolerance;
  const said = high === null ? `${low}\\text{ or more}` : `${low}\\text{ to }${high}`;
  return `\\left[\\,${said}\\text{ meets }${range.low - widened}\\text{ to }${range.high + widened}\\,\\right] = ${length}`;
}

/** The numerator follows from the share: a share of n notions that hold is a whole number of them. */
function notionTex({ counted, notion }: RewardBar): string {
  if (counted === null) return '0 \\quad\\text{(no notions could be read)}';
  if (counted.length === 0) return '0 \\quad\\text{(the problem names all of its notions)}';
  return `\\tfrac{${Math.round(notion * counted.length)}\\text{ that mark right rollouts}}{${counted.length}\\text{ counted}} = ${digits(notion)}`;
}

export const lengthsTable = (prompts: readonly PromptPrediction[]): Table => ({
  columns: ['step', 'prompt', 'kind', 'tokens', 'up to', 'what'],
  rows: prompts.flatMap(({ step, index, lengths, ticks }) => [
    ...lengths.map((each) => [step, index, 'rollout', each.length, each.length, each.verdict]),
    ...ticks.map((tick) => [
      step,
      index,
      'prediction',
      tick.low,
      tick.high,
      tick.inRange === null ? null : tick.inRange ? 'in range' : 'out of range',
    ]),
  ]),
});

export const notionsTable = (
  prompts: readonly PromptPrediction[],
  name: (notion: number) => string,
): Table => ({
  columns: ['step', 'prompt', 'notion', 'predictions', 'counts', 'right rollouts', 'wrong rollouts'],
  rows: prompts.flatMap(({ step, index, notions }) =>
    notions.map((n) => [step, index, name(n.notion), n.said, n.counts ? 'yes' : 'no', n.right, n.wrong]),
  ),
});

export const rewardsTable = (prompts: readonly PromptPrediction[]): Table => ({
  columns: ['step', 'prompt', 'prediction', 'length', 'pass rate', 'notions', 'meta reward', 'advantage'],
  rows: prompts.flatMap(({ step, index, rewards }) =>
    rewards.map((r) => [step, index, r.place, r.length, r.difficulty, r.notion, r.meta, r.advantage]),
  ),
});
