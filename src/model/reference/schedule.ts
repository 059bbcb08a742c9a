/**
 * The learning rate as a share of its peak: linear warm-up, then constant, linear to 0, or half a cosine to 0.
 * After warm-up it equals the schedules of Hugging Face's transformers; during warm-up it is (step + 1) / warmup
 * instead of step / warmup, because a first step of rate 0 would generate rollouts and learn nothing from them.
 */

export type Schedule = 'constant' | 'linear' | 'cosine';

/** Share of the peak rate at `step`, counted from 0, of `steps`. */
export function learningRateFactor(schedule: Schedule, step: number, warmup: number, steps: number): number {
  if (step < warmup) return (step + 1) / warmup;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  switch (schedule) {
    case 'constant':
      return 1;
    case 'linear':
      return 1 - progress;
    case 'cosine':
      return (1 + Math.cos(Math.PI * progress)) / 2;
  }
}
