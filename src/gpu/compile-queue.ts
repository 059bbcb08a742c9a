/**
 * Whose turn it is to be compiled. Only a few kernels are handed to the driver at a time, which would take any number
 * and keep no order: what is needed first is compiled first, and what is needed much later may wait until nothing
 * urgent is computed. Knows no kernels. Used by `kernel.ts`.
 */

/**
 * When something is needed: to begin with, for what comes next, soon after that, as it is faster than what computes the
 * same meanwhile, or only a good while later.
 */
export type Urgency = 'first' | 'next' | 'soon' | 'later';

const ORDER: readonly Urgency[] = ['first', 'next', 'soon', 'later'];

/** Below zero where the first is more urgent. */
export const compareUrgency = (a: Urgency, b: Urgency): number => ORDER.indexOf(a) - ORDER.indexOf(b);

export const isNeededBy = (urgency: Urgency, by: Urgency): boolean => compareUrgency(urgency, by) <= 0;

interface Place {
  urgency: Urgency;
  isHeld: boolean;
  start(): void;
}

/** Work in the queue. */
export interface Queued<T> {
  done: Promise<T>;
  /** Somebody needs it by then, whether or not it was held. */
  hurry(by: Urgency): void;
}

export class CompileQueue {
  private running = 0;
  private readonly waiting: Place[] = [];

  /** @param most at a time. */
  constructor(private readonly most: number) {}

  /** Whether anything is being compiled now. */
  get isBusy(): boolean {
    return this.running > 0;
  }

  /**
   * Does `work` when it is its turn; not at once, since more urgent work may be asked for in the same breath.
   * @param until it is not begun before that, unless it is hurried.
   */
  enter<T>(work: () => Promise<T>, urgency: Urgency, until?: Promise<unknown>): Queued<T> {
    const place: Place = { urgency, isHeld: until !== undefined, start: () => {} };
    const turn = new Promise<void>((start) => {
      place.start = start;
    });
    this.waiting.push(place);
    const hurry = (by: Urgency) => {
      place.isHeld = false;
      if (isNeededBy(by, place.urgency)) place.urgency = by;
      queueMicrotask(() => this.next());
    };
    if (until) void until.then(() => hurry('later'));
    else queueMicrotask(() => this.next());
    return { done: turn.then(work).finally(() => this.left()), hurry };
  }

  private left(): void {
    this.running--;
    this.next();
  }

  private next(): void {
    while (this.running < this.most) {
      const ready = this.waiting.filter(({ isHeld }) => !isHeld);
      const place = ORDER.flatMap((urgency) => ready.filter((each) => each.urgency === urgency))[0];
      if (!place) return;
      this.waiting.splice(this.waiting.indexOf(place), 1);
      this.running++;
      place.start();
    }
  }
}
