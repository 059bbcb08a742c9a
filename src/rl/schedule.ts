/** The learning rate over a run. */
import type { Manifest } from '../run/manifest';

type ScheduleKnobs = Pick<Manifest, 'learning_rate' | 'lr_scheduler_type' | 'warmup_steps' | 'steps'>;

/**
 * The rate of the step of this number, counted from 0: a linear rise over `warmup_steps` (the first step is at
 * 1 / warmup_steps of the peak, never at 0), then constant, linear to 0, or half a cosine to 0.
 */
export function learningRate(manifest: ScheduleKnobs, step: number): number {
  const { learning_rate: peak, warmup_steps: warmup, steps } = manifest;
  if (step < warmup) return (peak * (step + 1)) / warmup;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  switch (manifest.lr_scheduler_type) {
    case 'constant':
      return peak;
    case 'linear':
      return peak * (1 - progress);
    case 'cosine':
      return (peak * (1 + Math.cos(Math.PI * progress))) / 2;
  }
}
