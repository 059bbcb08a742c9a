/** The gate's arithmetic as a way down from its ceiling to what was measured, and as a formula. Pure. */
import type { Arithmetic, ArithmeticPair, Spread } from '../../lab/race/report';
import { formatFixed } from '../../run/format';
import type { Table } from '../components/panel-offers';

export interface Stage {
  key: string;
  label: string;
  definition: string;
  /** `total`: a speed-up that is reached; `factor`: what takes it from there to the next. */
  kind: 'total' | 'factor';
  /** Of a total the speed-up, of a factor what it multiplies by. */
  value: Spread;
  /** Speed-up before and after. */
  from: number;
  to: number;
}

const FACTORS = [
  [
    'recall',
    'let through',
    'Prompts without variance that the gate did not close on: their rollouts teach nothing and cost all the same.',
  ],
  [
    'falsePositives',
    'closed by mistake',
    'Prompts that would have taught something and were skipped: their tokens are spared, and what they teach is lost.',
  ],
  ['overhead', 'predictions and audit', 'Tokens of predictions, and of the audit that checks the gate.'],
  [
    'learning',
    'learning per prompt',
    'Each informative prompt teaches this arm more or less than the baseline: the factor e.',
  ],
  ['cutoff', 'cutoff', 'Solution tokens that the cutoff spares.'],
] as const;

/** Empty where something of it was not measured. */
export function stagesOf({ ceiling, lost, predicted, measured }: Arithmetic): Stage[] {
  if (!ceiling || !predicted || !measured || FACTORS.some(([key]) => !lost[key]) || !lost.unexplained)
    return [];
  const stages: Stage[] = [];
  let at = 1;
  const total = (key: string, label: string, definition: string, value: Spread) => {
    stages.push({ key, label, definition, kind: 'total', value, from: 1, to: value.mean });
    at = value.mean;
  };
  const factor = (key: string, label: string, definition: string, value: Spread) => {
    stages.push({ key, label, definition, kind: 'factor', value, from: at, to: at * value.mean });
    at *= value.mean;
  };
  total('ceiling', 'Ceiling', 'What a perfect gate for nothing would give: 1 / (1 - z).', ceiling);
  for (const [key, label, definition] of FACTORS) factor(key, label, definition, lost[key]!);
  total(
    'predicted',
    'By the arithmetic',
    'What the measured gate, overhead and learning should give.',
    predicted,
  );
  factor(
    'unexplained',
    'not explained',
    'What the arithmetic does not account for: the order of prompts, chance.',
    lost.unexplained,
  );
  total('measured', 'Measured', 'The baseline’s tokens over the arm’s, the audit’s counted.', measured);
  return stages;
}

const SYMBOLS = [
  [
    'z',
    'z',
    'share of the baseline’s solution tokens that went to prompts without variance, all right or all wrong',
  ],
  ['r', 'r', 'recall: of those tokens, the share that the gate spares'],
  ['f', 'f', 'false positives: of the other prompts’ tokens, the share that the gate spares by mistake'],
  [
    'm',
    'm',
    'overhead: tokens of predictions and audit over the solution tokens there would be without a gate',
  ],
  ['c', 'c', 'share of the solution tokens that the cutoff spares'],
  ['e', 'e', 'informative prompts the baseline needed over those the arm needed to the same accuracy'],
] as const satisfies readonly (readonly [keyof Arithmetic, string, string])[];

export const symbolsOf = (
  arithmetic: Arithmetic,
): { symbol: string; definition: string; value: Spread | null }[] =>
  SYMBOLS.map(([key, symbol, definition]) => ({ symbol, definition, value: arithmetic[key] }));

const SPEEDUP = String.raw`\text{speed-up}=\frac{e\,(1-f)}{m+1-r z-f\,(1-z)}\cdot\frac{1}{1-c}`;

/** With the numbers of a single pair filled in; over several seeds it is a mean of such, and stands in letters. */
export function formulaOf({ pairs, predicted }: Arithmetic): string {
  if (pairs.length !== 1 || !predicted) return SPEEDUP;
  const [{ z, r, f, m, c, e }]: readonly ArithmeticPair[] = pairs;
  const n = (value: number) => formatFixed(value, 2);
  return String.raw`${SPEEDUP}=\frac{${n(e)}\,(1-${n(f)})}{${n(m)}+1-${n(r)}\cdot${n(z)}-${n(f)}\,(1-${n(z)})}\cdot\frac{1}{1-${n(c)}}=${n(predicted.mean)}`;
}

/** Whether it pays, and from which learning per prompt on it would. */
export function breakEvenText({ break_even_e, e, predicted }: Arithmetic): string {
  if (!break_even_e || !e || !predicted) return '';
  const pays = e.mean > break_even_e.mean;
  return `It ${pays ? 'pays' : 'does not pay'} in tokens: each informative prompt taught ${formatFixed(e.mean, 2)} times what it teaches the baseline, and it pays above ${formatFixed(break_even_e.mean, 2)}.`;
}

/** Every pair in full. */
export const pairsTable = (arm: string, { pairs, target }: Arithmetic): Table => ({
  columns: [
    'arm',
    'to',
    'seed',
    'z',
    'r',
    'f',
    'm',
    'c',
    'e',
    'ceiling',
    'let through',
    'closed by mistake',
    'predictions and audit',
    'learning',
    'predicted',
    'measured',
    'break-even e',
  ],
  rows: pairs.map((pair) => [
    arm,
    target,
    pair.seed,
    pair.z,
    pair.r,
    pair.f,
    pair.m,
    pair.c,
    pair.e,
    pair.savings.ceiling,
    pair.savings.lost.recall,
    pair.savings.lost.falsePositives,
    pair.savings.lost.overhead,
    pair.savings.lost.learning,
    pair.predicted,
    pair.measured,
    pair.break_even_e,
  ]),
});
