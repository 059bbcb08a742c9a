/**
 * The phase `meta`: asking the policy for predictions of its own rollouts, and reading off its probabilities what it
 * believes of their pass rate. Used by the step (`select.ts`) and by evaluations (`rl/evaluate-alignment.ts`).
 */
import { positionsFrom, type Row } from '../../model/batch';
import type { Decoded, DecodeRow, Randomness, SamplingSettings } from '../../model/decoder';
import type { Policy } from '../../model/policy';
import type { MetaTask } from '../../tasks/meta';
import type { Problem } from '../../tasks/task';
import { meanDistribution } from '../masa/gate';
import { decodeInPasses, type OnRolloutsGrown } from '../rollouts';
import { type MetaRollouts, tokensOf } from './context';

/**
 * @param asked problems with their numbers: meta rollout m of number i draws the random numbers of id i * M + m.
 * @returns [problems]
 */
export async function predict(
  policy: Policy,
  meta: MetaTask,
  asked: readonly { index: number; problem: Problem }[],
  generations: number,
  settings: SamplingSettings,
  randomness: Randomness,
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
  const decoded = await decodeInPasses(policy, rows, settings, randomness, onGrown);
  return prompts.map((prompt, p) => {
    const completions = decoded.slice(p * generations, (p + 1) * generations);
    return {
      prompt,
      completions,
      predictions: completions.map((c) => meta.parseMeta(c.tokens)),
      passDistribution: null,
      tokens: tokensOf(completions),
    };
  });
}

/**
 * What the policy believes of each prompt's pass rate: the probabilities of the pass counts where each meta rollout
 * says one, averaged. Where none says one, behind the meta prompt and the bare marker.
 */
export async function readPassDistributions(
  policy: Policy,
  meta: MetaTask,
  asked: readonly MetaRollouts[],
): Promise<(number[] | null)[]> {
  const rows = asked.map(({ prompt, completions }) => {
    const said = completions.flatMap((c) => passRow(meta, prompt, c));
    return said.length > 0 ? said : [rowOf([...prompt, ...meta.passMarker, meta.passTokens[0]])];
  });
  const scored = await policy.score(rows.flat(), { logits: true });
  let at = 0;
  return rows.map((group) => {
    const read = scored.slice(at, at + group.length);
    at += group.length;
    return meanDistribution(read.map(({ logits }) => softmaxOver(logits!, meta.passTokens)));
  });
}

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
