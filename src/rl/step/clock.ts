/** The clock of a step: it stands still while the run is paused, so that a pause is not told as the step's time. */
import type { Control } from './context';

export class StepClock {
  private waited = 0;
  /** The given control, with its waiting left out of this clock's time. */
  readonly control: Control;

  constructor(control: Control) {
    this.control = {
      proceed: async () => {
        const from = performance.now();
        await control.proceed();
        this.waited += performance.now() - from;
      },
    };
  }

  /** Work that is no part of the step: as long as it takes, the clock stands still. */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    const from = this.now();
    try {
      return await work();
    } finally {
      this.waited += this.now() - from;
    }
  }

  /** Milliseconds. */
  now(): number {
    return performance.now() - this.waited;
  }
}
