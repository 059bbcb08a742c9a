/**
 * Out of domain: sorting 3-7 digits in ascending order by insertion. Body `SORT L0 d L1 d ...`; step
 * `Li d s0 .. si`, the digits so far in order after the i-th is put in; two at once `SKIP Li+1 d s0 .. si+1`;
 * again `WAIT` and the step; end `ANS s0 .. sn EOS`. Never trained on, in the corpus only.
 */

import type { Stream } from '../run/random';
import type { Family } from './family';
import { ANS, digit, EOS, label, SKIP, SORT } from './tokens';
import { retry, SKIP_RIGHT, SKIP_TWO, SLIP, type Writer } from './writers';

/** Probability that a sloppy step is wrong. */
const SLOPPY_WRONG = 0.15;

const countOf = (body: readonly number[]): number => (body.length - 1) / 2;
const digitAt = (body: readonly number[], i: number): number => body[2 * i + 2];
/** Tokens of step i: label, digit, and i + 1 sorted ones. */
const costOf = (i: number): number => i + 3;

/** `sorted` with the digit before the first that is greater. Digit tokens are in the digits' order. */
function insert(sorted: readonly number[], token: number): number[] {
  const place = sorted.findIndex((each) => each > token);
  return place < 0 ? [...sorted, token] : [...sorted.slice(0, place), token, ...sorted.slice(place)];
}

/** Two neighbours the wrong way round; the same again when no two differ. */
function misplace(stream: Stream, tokens: readonly number[]): number[] {
  const places = tokens.flatMap((token, i) => (i > 0 && tokens[i - 1] !== token ? [i] : []));
  const swapped = [...tokens];
  if (places.length > 0) {
    const i = stream.pick(places);
    [swapped[i - 1], swapped[i]] = [swapped[i], swapped[i - 1]];
  }
  return swapped;
}

const same = (a: readonly number[], b: readonly number[]): boolean => a.every((token, i) => token === b[i]);

function write(body: readonly number[], writer: Writer, stream: Stream): number[] {
  const out: number[] = [];
  const count = countOf(body);
  let reserve = count + 2;
  for (let i = 0; i < count; i++) reserve += costOf(i);
  let held: number[] = [];
  for (let i = 0; i < count; i++) {
    const right = insert(held, digitAt(body, i));
    const writeStep = (step: number, shown: number[]): void => {
      held = shown;
      out.push(label(step), digitAt(body, step), ...held);
    };
    const redo = (isRight: boolean): void => writeStep(i, isRight ? right : misplace(stream, right));
    reserve -= costOf(i);

    const careful = writer.flawless || stream.chance(writer.carefulness);
    if (!careful && i + 1 < count && stream.chance(SKIP_TWO)) {
      const target = insert(right, digitAt(body, i + 1));
      out.push(SKIP);
      writeStep(i + 1, stream.chance(SKIP_RIGHT) ? target : misplace(stream, target));
      const length = out.length;
      // Whoever notices goes back to the first of the two, and then puts the second in on its own.
      if (!same(held, target)) retry(out, stream, 1 + costOf(i), writer.limit - reserve, true, redo);
      if (out.length === length) reserve -= costOf(++i);
      continue;
    }
    const wrong = !writer.flawless && stream.chance(careful ? SLIP : SLOPPY_WRONG);
    writeStep(i, wrong ? misplace(stream, right) : right);
    if (!same(held, right)) retry(out, stream, 1 + costOf(i), writer.limit - reserve, true, redo);
  }
  out.push(ANS, ...held, EOS);
  return out;
}

export const SORTING: Family = {
  name: 'sorting',
  tiers: [
    { name: 'short', share: 0.2, sizes: [3] },
    { name: 'medium', share: 0.4, sizes: [4, 5] },
    { name: 'long', share: 0.4, sizes: [6, 7] },
  ],
  makeBody(stream, _tier, size) {
    const body = [SORT];
    for (let i = 0; i < size; i++) body.push(label(i), digit(stream.integer(0, 9)));
    return body;
  },
  solve: (body) => Array.from({ length: countOf(body) }, (_, i) => digitAt(body, i)).sort((a, b) => a - b),
  write,
};
