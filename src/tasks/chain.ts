/**
 * Families whose problems are a value of one token and k operations on it: body `marker v L0 op d L1 op d ...`,
 * step `Li op d v`, two at once `SKIP Li+1 op d v`, again `WAIT` and the step, end `ANS v EOS`. What the values
 * and operations are is the family's (`boolean.ts`, `extremes.ts`).
 */

import type { Stream } from '../run/random';
import type { Family, Tier } from './family';
import { ANS, EOS, label, SKIP } from './tokens';
import { retry, SKIP_RIGHT, SKIP_TWO, SLIP, type Writer } from './writers';

export interface ChainRules {
  name: string;
  marker: number;
  /** Tokens a value or operand can be. */
  values: readonly number[];
  /** Tokens of the operations. */
  operations: readonly number[];
  /** Tokens in, token out. */
  apply(operation: number, value: number, operand: number): number;
}

/** Probability that a sloppy step is wrong. */
const SLOPPY_WRONG = 0.15;
const STEP_COST = 4;
const ANSWER_COST = 3;

const tiers: readonly Tier[] = [
  { name: 'short', share: 1 / 3, sizes: [2, 3] },
  { name: 'medium', share: 1 / 3, sizes: [4, 5] },
  { name: 'long', share: 1 / 3, sizes: [6, 7] },
];

export function chainFamily(rules: ChainRules): Family {
  const stepsOf = (body: readonly number[]): number => (body.length - 2) / 3;

  const applyAt = (body: readonly number[], step: number, value: number): number =>
    rules.apply(body[3 * step + 3], value, body[3 * step + 4]);

  const other = (stream: Stream, value: number): number => {
    const place = rules.values.indexOf(value) + stream.integer(1, rules.values.length - 1);
    return rules.values[place % rules.values.length];
  };

  function write(body: readonly number[], writer: Writer, stream: Stream): number[] {
    const out: number[] = [];
    const steps = stepsOf(body);
    let value = body[1];
    for (let i = 0; i < steps; i++) {
      const right = applyAt(body, i, value);
      const writeStep = (step: number, shown: number): void => {
        value = shown;
        out.push(label(step), body[3 * step + 3], body[3 * step + 4], value);
      };
      const redo = (isRight: boolean): void => writeStep(i, isRight ? right : other(stream, right));
      const again = (): void =>
        retry(
          out,
          stream,
          1 + STEP_COST,
          writer.limit - ANSWER_COST - STEP_COST * (steps - 1 - i),
          true,
          redo,
        );

      const careful = writer.flawless || stream.chance(writer.carefulness);
      if (!careful && i + 1 < steps && stream.chance(SKIP_TWO)) {
        const target = applyAt(body, i + 1, right);
        out.push(SKIP);
        writeStep(i + 1, stream.chance(SKIP_RIGHT) ? target : other(stream, target));
        const length = out.length;
        // Whoever notices goes back to the first of the two, and then does the second on its own.
        if (value !== target) again();
        if (out.length === length) i++;
        continue;
      }
      const wrong = !writer.flawless && stream.chance(careful ? SLIP : SLOPPY_WRONG);
      writeStep(i, wrong ? other(stream, right) : right);
      if (wrong) again();
    }
    out.push(ANS, value, EOS);
    return out;
  }

  return {
    name: rules.name,
    tiers,
    makeBody(stream, _tier, size) {
      const body = [rules.marker, stream.pick(rules.values)];
      for (let i = 0; i < size; i++)
        body.push(label(i), stream.pick(rules.operations), stream.pick(rules.values));
      return body;
    },
    solve(body) {
      let value = body[1];
      for (let i = 0; i < stepsOf(body); i++) value = applyAt(body, i, value);
      return [value];
    },
    write,
  };
}
