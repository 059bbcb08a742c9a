/** Out of domain: a chain of and, or and exclusive or on truth values. Never trained on, in the corpus only. */
import { chainFamily } from './chain';
import { AND, BOOL, FALSE, OR, TRUE, XOR } from './tokens';

export const BOOLEAN = chainFamily({
  name: 'boolean',
  marker: BOOL,
  values: [TRUE, FALSE],
  operations: [AND, OR, XOR],
  apply(operation, value, operand) {
    const a = value === TRUE;
    const b = operand === TRUE;
    const result = operation === AND ? a && b : operation === OR ? a || b : a !== b;
    return result ? TRUE : FALSE;
  },
});
