/** Rolling out prompts: every prompt several times, in as many decoding passes as the plan has room for. */
import type { Decoded, DecodeRow, Randomness, SamplingSettings } from '../model/decoder';
import type { Policy, Through } from '../model/policy';

/** What rolling out needs of a policy: the one on the device, or another runtime's of the same weights. */
export interface Decoding extends Pick<Policy, 'decode'> {
  /** Rows of one pass at most. */
  readonly capacity: { readonly decodeRows: number };
}

/** Called as rollouts grow, with arrays over all rows of the call; may wait, to pause; may throw, to stop. */
export type OnRolloutsGrown = (grown: number[][], finished: boolean[]) => void | Promise<void>;

/**
 * @param prompts [prompts] tokens
 * @returns [prompts][generations]; rollout number r of the call draws the random numbers of id r, whatever the passes.
 */
export async function rollOut(
  policy: Decoding,
  prompts: readonly (readonly number[])[],
  generations: number,
  limit: number,
  settings: SamplingSettings,
  randomness: Randomness,
  onGrown?: OnRolloutsGrown,
): Promise<Decoded[][]> {
  const rows: DecodeRow[] = prompts.flatMap((prompt, p) =>
    Array.from({ length: generations }, (_, g) => ({ prompt, id: p * generations + g, limit })),
  );
  const decoded = await decodeInPasses(policy, rows, settings, randomness, onGrown);
  return prompts.map((_, p) => decoded.slice(p * generations, (p + 1) * generations));
}

/** Decodes any number of rows, each with its own prompt, id and limit. */
export async function decodeInPasses(
  policy: Decoding,
  rows: readonly DecodeRow[],
  settings: SamplingSettings,
  randomness: Randomness,
  onGrown?: OnRolloutsGrown,
  through?: Through,
): Promise<Decoded[]> {
  const most = policy.capacity.decodeRows;
  const finished = rows.map(() => false);
  const decoded: Decoded[] = [];
  for (let first = 0; first < rows.length; first += most) {
    const part = rows.slice(first, first + most);
    const grown: number[][] = rows.map(() => []);
    decoded.push(
      ...(await policy.decode(
        part,
        settings,
        randomness,
        async (added, done) => {
          added.forEach((tokens, i) => {
            grown[first + i] = tokens;
            finished[first + i] = done[i];
          });
          await onGrown?.(grown, [...finished]);
        },
        { through },
      )),
    );
  }
  return decoded;
}
