/**
 * What is wanted of the training loop, and how it is held to that: run on, take one step or one phase, pause, stop.
 * The loop asks at every place where it can wait (`proceed`). Knows neither trainer nor device; used by `training-loop.ts`.
 */

/** Thrown inside a step to abandon it. */
export class Abandoned extends Error {}

export type Wanted = 'run' | 'step' | 'phase' | 'pause' | 'stop';

/** How often a wait between steps looks whether something else is wanted by now. */
const LOOK_MS = 20;

export class LoopControl {
  private now: Wanted = 'pause';
  private wake: (() => void) | null = null;
  /** Waited between two steps while running on, so that they can be watched. */
  delayMs = 0;

  /**
   * @param onPaused called when the loop has come to rest in a pause.
   * @param isAwaited whether something waits for the end of the step, so that a pause within it is not kept to.
   * @param meanwhile what there is to be done wherever the loop can wait, before it goes on; null when nothing is.
   */
  constructor(
    private readonly onPaused: () => void,
    private readonly isAwaited: () => boolean = () => false,
    private readonly meanwhile: () => Promise<void> | null = () => null,
  ) {}

  get wanted(): Wanted {
    return this.now;
  }

  want(wanted: Wanted): void {
    this.now = wanted;
    this.wake?.();
  }

  /** Something waits for the end of the step by now, or there is something to be done meanwhile. */
  lookAgain(): void {
    this.wake?.();
  }

  /** Between pieces of work: waits out a pause, gives up on a stop. @throws Abandoned */
  async proceed(): Promise<void> {
    const before = this.meanwhile();
    if (before) await before;
    while (this.now === 'pause' && !this.isAwaited()) {
      this.onPaused();
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = null;
      await this.meanwhile();
    }
    if (this.now === 'stop') throw new Abandoned();
  }

  /** A phase begins: who wanted one phase more has had it. */
  phaseBegins(): void {
    if (this.now === 'phase') this.now = 'pause';
  }

  /** A step has ended, with all that belongs to it. */
  stepEnds(): void {
    if (this.now === 'step' || this.now === 'phase') this.now = 'pause';
  }

  /** Between two steps: as long as `delayMs` asks for, or until something else than running on is wanted. */
  async rest(): Promise<void> {
    const from = performance.now();
    for (;;) {
      const left = this.now === 'run' ? from + this.delayMs - performance.now() : 0;
      if (left <= 0) return;
      await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_MS, left)));
    }
  }
}
