/**
 * What a run may cost, and a meter of what it has cost so far, read off its events. Tokens are those of training
 * (the metric `num_tokens`: solutions and predictions, audit apart), seconds the sum of the steps' times; a budget
 * in steps is the manifest's own `steps`. A run ends with the first step at which its budget is used up.
 *
 * Used by comparisons; a run without a budget takes all steps of its manifest.
 */
import type { RunEvent } from './events';

export const BUDGET_UNITS = ['tokens', 'steps', 'seconds'] as const;
export type BudgetUnit = (typeof BUDGET_UNITS)[number];

export interface Budget {
  unit: BudgetUnit;
  /** Above 0. */
  amount: number;
}

export class BudgetMeter {
  #steps = 0;
  #tokens = 0;
  #seconds = 0;

  constructor(readonly budget: Budget) {}

  /** Takes the events of the whole run in order; one that goes on hands in its earlier ones first. */
  event(event: RunEvent): void {
    if (event.type !== 'step_metrics') return;
    this.#steps = event.step + 1;
    this.#tokens = event.metrics.num_tokens ?? this.#tokens;
    this.#seconds += event.step_ms / 1000;
  }

  get isSpent(): boolean {
    return isSpent(this.budget, { steps: this.#steps, tokens: this.#tokens, seconds: this.#seconds });
  }
}

/** Whether a run that has cost so much has used up its budget. */
export const isSpent = ({ unit, amount }: Budget, cost: Readonly<Record<BudgetUnit, number>>): boolean =>
  cost[unit] >= amount;

/** Reads `tokens=200000`. @throws Error saying what was expected. */
export function parseBudget(text: string): Budget {
  const [unit, amount, ...rest] = text.split('=');
  const known = BUDGET_UNITS.find((each) => each === unit);
  const value = Number(amount);
  const isWhole = unit === 'seconds' || Number.isInteger(value);
  if (!known || rest.length > 0 || !amount?.trim() || !(value > 0) || !Number.isFinite(value) || !isWhole)
    throw new Error(
      `expected ${BUDGET_UNITS.map((each) => `${each}=N`).join(' or ')} with N above 0, got "${text}"`,
    );
  return { unit: known, amount: value };
}
