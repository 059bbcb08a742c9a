/**
 * The random choices of MASA: which gated prompt is audited, which rollout is hinted, which experts are cloned.
 * Each is a pure function of (seed, kind, step, index), so that no choice depends on how many came before it.
 *
 * They share the purpose `audit` of the counter-based generator and are told apart by the top bits of its second
 * counter word. Not here: the sampling of tokens, which is the decoder's.
 */
import { Purpose, Stream } from '../../run/random';

export const Draw = {
  gateAudit: 0,
  cutoffAudit: 1,
  exploration: 2,
  hint: 3,
  experts: 4,
  anchors: 5,
} as const;
export type Draw = (typeof Draw)[keyof typeof Draw];

/** Indices of one kind and step: 2^28. */
const INDICES = 2 ** 28;

/** The draws of one kind at (seed, step, index); `index` is a whole number below 2^28. */
export function drawStream(seed: number, kind: Draw, step: number, index: number): Stream {
  if (!(Number.isInteger(index) && index >= 0 && index < INDICES))
    throw new Error(`drawStream: expected an index from 0 to ${INDICES - 1}, got ${index}`);
  return new Stream(seed, Purpose.audit, step, kind * INDICES + index);
}

/** Whether (seed, step, index) belongs to a random share (0-1) of its kind. A larger share contains a smaller one. */
export function inShare(seed: number, kind: Draw, step: number, index: number, share: number): boolean {
  if (!(share >= 0 && share <= 1)) throw new Error(`inShare: expected a share from 0 to 1, got ${share}`);
  return drawStream(seed, kind, step, index).chance(share);
}
