/**
 * Collects what arrives between two animation frames and hands it over once a frame, within a budget of time,
 * so that a burst of messages never blocks the page. In a hidden tab, where no frames come, a slow timer does.
 */

/** Time the handing over may take in one frame, in milliseconds: half a frame. */
const BUDGET_MS = 8;
const HIDDEN_INTERVAL_MS = 500;

export class FrameQueue<T> {
  #waiting: T[] = [];
  #scheduled = false;
  readonly #take: (items: readonly T[]) => void;

  /** `take` is called with items in order of arrival, never twice with one item. */
  constructor(take: (items: readonly T[]) => void) {
    this.#take = take;
  }

  push(items: readonly T[]): void {
    for (const item of items) this.#waiting.push(item);
    this.#schedule();
  }

  /** Hands over all that waits, now and however long it takes: for what is said after it and must not be seen before. */
  flush(): void {
    const items = this.#waiting;
    this.#waiting = [];
    if (items.length > 0) this.#take(items);
  }

  clear(): void {
    this.#waiting = [];
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    const go = () => {
      this.#scheduled = false;
      this.#handOver();
      this.#schedule();
    };
    if (document.hidden) setTimeout(go, HIDDEN_INTERVAL_MS);
    else requestAnimationFrame(go);
  }

  #handOver(): void {
    const end = performance.now() + BUDGET_MS;
    let chunk = 64;
    while (this.#waiting.length > 0 && performance.now() < end) {
      const items = this.#waiting.splice(0, chunk);
      this.#take(items);
      chunk = 16;
    }
  }
}
