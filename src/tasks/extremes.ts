/** Out of domain: a chain of maximum, minimum and sum modulo 10 on digits. Never trained on, in the corpus only. */
import { chainFamily } from './chain';
import { digit, digitValue, MAX, MIN, MM, PLUS } from './tokens';

export const EXTREMES = chainFamily({
  name: 'extremes',
  marker: MM,
  values: Array.from({ length: 10 }, (_, value) => digit(value)),
  operations: [MAX, MIN, PLUS],
  apply(operation, value, operand) {
    const a = digitValue(value);
    const b = digitValue(operand);
    return digit(operation === MAX ? Math.max(a, b) : operation === MIN ? Math.min(a, b) : (a + b) % 10);
  },
});
