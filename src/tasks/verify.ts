/** The verifier of the ladder and the long tail: what counts as a right answer. Never throws. */
import type { Problem } from './task';
import { ANS, EOS } from './tokens';

/** 1 when the last tokens are exactly `ANS answer EOS`, else 0. */
export function verify({ answer }: Problem, completion: readonly number[]): number {
  const start = completion.length - answer.length - 2;
  if (start < 0 || completion[start] !== ANS || completion[completion.length - 1] !== EOS) return 0;
  return answer.every((token, i) => completion[start + 1 + i] === token) ? 1 : 0;
}
