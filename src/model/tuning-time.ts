/**
 * The time there is for choosing kernels: whether something may still be begun, judged by what the like of it took. What
 * cannot be interrupted, a kernel's first run, is not begun when it would end too late. Used by `tune.ts`.
 */

/** How often it is looked whether the time is up while a kernel compiles, in milliseconds. */
const LOOK_MS = 20;

export class TuningTime {
  private readonly start = performance.now();
  private firstRuns = 0;
  /** Whether anything was left out for want of time. */
  wasUp = false;
  private firstRunsMs = 0;

  /** @param isAwaited whether somebody waits who would rather have what is not measured put off. */
  constructor(
    private readonly mostMs: number,
    readonly isAwaited: () => boolean = () => false,
  ) {}

  /** Whether nothing may be begun any more that makes so many kernels run for the first time. */
  isUp(firstRuns = 0): boolean {
    // A software adapter compiles a kernel when it first runs, which takes it up to a second.
    const expected = this.firstRuns > 0 ? (firstRuns * this.firstRunsMs) / this.firstRuns : 0;
    const isUp = this.isAwaited() || performance.now() - this.start + expected > this.mostMs;
    this.wasUp ||= isUp;
    return isUp;
  }

  /** Does what makes a kernel run for the first time. */
  async firstRun<T>(work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    try {
      return await work();
    } finally {
      this.firstRuns++;
      this.firstRunsMs += performance.now() - begun;
    }
  }

  /** Resolves with the work or when the time is up, whichever is sooner. */
  async orUp(work: Promise<unknown>): Promise<void> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    while (!isDone && !this.isUp())
      await Promise.race([done, new Promise((look) => setTimeout(look, LOOK_MS))]);
  }
}
