/** Whose turn it is in a race. Pure; `setup.ts` says what the paces mean. Used by `race.ts`. */
import type { Pace } from './setup';

/** Where an arm stands. */
export interface Standing {
  steps: number;
  /** Generated for training so far, audit included: what it has spent. */
  tokens: number;
  isOver: boolean;
}

/** The arm that is behind, of those that are not over; the first of several that are even. null when all are over. */
export function nextOf<T>(arms: readonly T[], standing: (arm: T) => Standing, pace: Pace): T | null {
  let next: { arm: T; spent: number } | null = null;
  for (const arm of arms) {
    const { isOver, steps, tokens } = standing(arm);
    const spent = pace === 'steps' ? steps : tokens;
    if (!isOver && (next === null || spent < next.spent)) next = { arm, spent };
  }
  return next?.arm ?? null;
}
