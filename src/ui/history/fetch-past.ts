/**
 * Keeps the steps around the one on screen in memory where a source of older steps has them: panels look back over
 * the recent steps, and a playing recording is read ahead. One request at a time, what is on screen first.
 */
import type { PageStore } from '../state/store';
import { keepNear } from './older';
import { knownSteps, shownStepNumber } from './select';

/** Steps before the one on screen that panels draw, and after it that playing needs next. */
const BEFORE = 24;
const AFTER = 8;
/** Steps of one request, so that what is looked at next does not wait for long. */
const AT_ONCE = 4;

export class PastFetcher {
  readonly #store: PageStore;
  #busy = false;
  /** The step on screen, and what was asked for since it came there: what is let go again is not asked for twice. */
  #near: number | null = null;
  #asked = new Set<number>();

  constructor(store: PageStore) {
    this.#store = store;
    store.subscribe((page, before) => {
      if (page.older !== before.older) this.#near = null;
      if (page.older && (page.looking !== before.looking || page.older !== before.older)) this.#go();
    });
  }

  #go(): void {
    const page = this.#store.getState();
    const near = shownStepNumber(page);
    if (near !== this.#near) {
      this.#near = near;
      this.#asked = new Set();
    }
    const { older } = page;
    if (this.#busy || near === null || older === null) return;
    const steps = this.#missing(near);
    if (steps.length === 0) return;
    for (const step of steps) this.#asked.add(step);
    this.#busy = true;
    older
      .read(steps)
      .then((records) => {
        this.#store.setState((now) => {
          // Of another run by now, or of none.
          if (now.older !== older) return {};
          return { past: keepNear(now.past, records, shownStepNumber(now) ?? near), pastError: null };
        });
      })
      .catch((error: Error) => {
        this.#store.setState((now) => (now.older === older ? { pastError: error.message } : {}));
      })
      .finally(() => {
        this.#busy = false;
        this.#go();
      });
  }

  /** What to read next: the step on screen, then those after it, then those before it, the nearest first. */
  #missing(near: number): number[] {
    const page = this.#store.getState();
    const { older, past, history } = page;
    const there = new Set([...past, ...history.records].map((record) => record.step));
    const known = knownSteps(page);
    const at = known.findLastIndex((step) => step <= near);
    const wanted = [
      ...known.slice(Math.max(at, 0), at + 1 + AFTER),
      ...known.slice(Math.max(0, at - BEFORE), at).reverse(),
    ];
    return wanted
      .filter((step) => older?.has(step) && !there.has(step) && !this.#asked.has(step))
      .slice(0, this.#asked.size === 0 ? 1 : AT_ONCE);
  }
}
