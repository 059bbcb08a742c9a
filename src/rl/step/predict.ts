/**
 * The phase `meta`: asking the policy for predictions of its own rollouts, and reading off its probabilities what it
 * believes of their pass rate. Used by the step (`select.ts`) and by evaluations (`rl/evaluate-alignment.ts`).
 */
import { positionsFrom, type Row } from '../../model/batch';
import type { Decoded, DecodeRow, Randomness, SamplingSettings } from '../../model/decoder';
import type { Policy, Through } from '../../model/policy';
import type { MetaTask } from '../../tasks/meta';
import type { Problem } from '../../tasks/task';
import { expectedPassRate, meanDistribution } from '../masa/gate';
import { type Decoding, decodeInPasses, type OnRolloutsGrown } from '../rollouts';
import { type MetaRollouts, tokensOf } from './context';

/**
 * @param asked problems with their numbers: meta rollout m of number i draws the random numbers of id i * M + m.
 * @param generations M; 0 samples nothing, and leaves everything to what is read off the probabilities.
 * @returns [problems]
 */
export async function predict(
  policy: Decoding,
  meta: MetaTask,
  asked: readonly { index: number; problem: Problem }[],
  generations: number,
  settings: SamplingSettings,
  randomness: Randomness,
  through: Through,
  onGrown?: OnRolloutsGrown,
): Promise<MetaRollouts[]> {
  const prompts = asked.map(({ problem }) => meta.metaPrompt(problem));
  const rows = asked.flatMap(({ index }, p) =>
    Array.from(
      { length: generations },
      (_, m): DecodeRow => ({
        prompt: prompts[p],
        id: index * generations + m,
        limit: meta.maxCompletionLength,
      }),
    ),
  );
  const decoded = await decodeInPasses(policy, rows, settings, randomness, onGrown, through);
  return prompts.map((prompt, p) => {
    const completions = decoded.slice(p * generations, (p + 1) * generations);
    return {
      prompt,
      completions,
      predictions: completions.map((c) => meta.parseMeta(c.tokens)),
      passDistribution: null,
      expectedLength: null,
      tokens: tokensOf(completions),
    };
  });
}

/**
 * What the policy believes of each prompt's pass rate: the probabilities of the pass counts where each meta rollout
 * says one, averaged. Where none says one, behind the meta prompt and the bare marker.
 */
export async function readPassDistributions(
  policy: Pick<Policy, 'score'>,
  meta: MetaTask,
  asked: readonly MetaRollouts[],
  through: Through,
): Promise<(number[] | null)[]> {
  const rows = asked.map(({ prompt, completions }) => {
    const said = completions.flatMap((c) => passRow(meta, prompt, c));
    return said.length > 0 ? said : [rowOf([...prompt, ...meta.passMarker, meta.passTokens[0]])];
  });
  const scored = await policy.score(rows.flat(), { logits: true, through });
  let at = 0;
  return rows.map((group) => {
    const read = scored.slice(at, at + group.length);
    at += group.length;
    return meanDistribution(read.map(({ logits }) => softmaxOver(logits!, meta.passTokens)));
  });
}

/**
 * The predictions of prompts for which nothing was sampled, read behind the bare markers: the probabilities of the
 * pass counts, and behind the likeliest of them the expected length in tokens. Two read-outs a prompt, each counted
 * as a token, are the price.
 * @returns `asked` with what was read.
 */
export async function readExpectations(
  policy: Pick<Policy, 'score'>,
  meta: MetaTask,
  asked: readonly MetaRollouts[],
  through: Through,
): Promise<MetaRollouts[]> {
  const distributions = await readPassDistributions(policy, meta, asked, through);
  const beginnings = asked.map(({ prompt }, p) => {
    const distribution = distributions[p] ?? [];
    const likeliest = distribution.indexOf(Math.max(...distribution));
    return [...prompt, ...meta.passMarker, meta.passTokens[Math.max(0, likeliest)], ...meta.lengthMarker];
  });
  const scored = await policy.score(
    beginnings.map((tokens) => rowOf([...tokens, meta.lengthTokens[0]])),
    { logits: true, through },
  );
  const midpoints = meta.lengthTokens.map((_, bucket) => meta.bucketMidpoint(bucket));
  return asked.map((each, p) => ({
    ...each,
    passDistribution: distributions[p],
    expectedLength: softmaxOver(scored[p].logits!, meta.lengthTokens).reduce(
      (sum, probability, bucket) => sum + probability * midpoints[bucket],
      0,
    ),
    tokens: each.tokens + READ_OUTS,
  }));
}

const READ_OUTS = 2;

/** What is predicted of a prompt as a whole, where it was read off probabilities; null where it was sampled. */
export const expectationsOf = ({ completions, passDistribution, expectedLength }: MetaRollouts) =>
  completions.length > 0
    ? { expectedPassRate: null, expectedLength: null }
    : { expectedPassRate: passDistribution && expectedPassRate(passDistribution), expectedLength };

function passRow(meta: MetaTask, prompt: readonly number[], { tokens }: Decoded): Row[] {
  const position = meta.passPosition(tokens);
  return position === null ? [] : [rowOf([...prompt, ...tokens.slice(0, position + 1)])];
}

/** The row that scores the last of `tokens`. */
const rowOf = (tokens: readonly number[]): Row => ({
  tokens,
  active: positionsFrom(tokens.length - 1, tokens.length),
});

/** Probabilities of `tokens` by `logits` [vocabulary], as if there were no others. */
export function softmaxOver(logits: ArrayLike<number>, tokens: readonly number[]): number[] {
  const most = Math.max(...tokens.map((t) => logits[t]));
  const weights = tokens.map((t) => Math.exp(logits[t] - most));
  const total = weights.reduce((sum, w) => sum + w, 0);
  return weights.map((w) => w / total);
}
