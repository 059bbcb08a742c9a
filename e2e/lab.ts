/** How the end-to-end tests use the page: as a person would, by names and roles, with a few short cuts in one place. */
import { expect, type Frame, type Locator, type Page } from '@playwright/test';
import type { LabState, Message, Progress } from '../src/lab/protocol';
import type { RunEvent, RunEventOf } from '../src/run/events';

/** A run small enough for a software adapter: a step takes well under a second. */
export const SMALL: Record<string, string> = {
  v: '1',
  seed: '7',
  prompts_per_step: '4',
  num_generations: '4',
  max_completion_length: '40',
  eval_problems: '8',
  micro_batch_tokens: '512',
  checkpoint_steps: '1',
  steps: '3',
};

/** Where the page keeps what it knows of the adapter (`src/lab/store/adapter-store.ts`). */
export const ADAPTER_DATABASE = 'masa-lab-kernels';
/** A browser that has been on the page once: the setup of the tests writes it, and nothing else of that visit. */
export const VISITED = '.cache/e2e/visited.json';

export function link(settings: Record<string, string> = {}): string {
  return `./?${new URLSearchParams({ ...SMALL, ...settings })}`;
}

/** What the trainer's worker says of a run and of how far it is; the rest, files among it, is not listened to. */
type Heard = Extract<Message, { type: 'state' | 'progress' | 'events' | 'race' }>;

/** A window in which something sticks out scrolls sideways. What charts adapt to its width comes a moment later. */
export async function nothingSticksOut(page: Page | Frame, message?: string): Promise<void> {
  const overflow = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await expect.poll(overflow, { message }).toBeLessThanOrEqual(0);
}

export class LabPage {
  readonly problems: string[] = [];

  constructor(readonly page: Page) {
    page.on('pageerror', (error) => this.problems.push(`page error: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(`console: ${message.text()}`);
    });
  }

  /** Opens the page and waits until the adapter is tested and Run can be pressed. */
  async open(settings: Record<string, string> = {}): Promise<void> {
    await this.page.goto(link(settings));
    await this.canRun();
  }

  /** The adapter is open, and Run on the first screen can be pressed. */
  async canRun(): Promise<void> {
    await this.shows('[data-testid=run-first]:enabled', 90_000);
  }

  /** Listens to the worker beside the page, from the next `open` on. */
  async record(): Promise<void> {
    await this.page.addInitScript(() => {
      const heard: Heard[] = [];
      const listened = ['state', 'progress', 'events', 'race'];
      const Original = window.Worker;
      window.Worker = class extends Original {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options);
          this.addEventListener('message', ({ data }) => {
            if (listened.includes(data.type)) heard.push(data);
          });
        }
      };
      Object.assign(window, { heard });
    });
  }

  /** What the worker has said so far, of one type, in the order in which it came. */
  async heard<T extends Heard['type']>(type: T): Promise<Extract<Heard, { type: T }>[]> {
    const said = await this.page.evaluate(
      (wanted) => (window as unknown as { heard: Heard[] }).heard.filter((each) => each.type === wanted),
      type,
    );
    return said as Extract<Heard, { type: T }>[];
  }

  /** The states that the worker has entered and the tasks it has told its progress of, in the order of first mention. */
  async course(): Promise<(LabState | Progress['task'])[]> {
    return this.page.evaluate(() => {
      const { heard } = window as unknown as { heard: Heard[] };
      const said = heard.flatMap((each) =>
        each.type === 'state' ? [each.state] : each.type === 'progress' ? [each.progress.task] : [],
      );
      return [...new Set(said)];
    });
  }

  /** What the worker has said of how far it is with a task. */
  async progress(task: Progress['task']): Promise<Progress[]> {
    const all = await this.heard('progress');
    return all.flatMap(({ progress }) => (progress.task === task ? [progress] : []));
  }

  /** What the browser keeps of its adapter for the next visit: kernel choices and the self-test, by their keys. */
  async keptOfAdapter(): Promise<Record<string, string>> {
    return this.page.evaluate(async (name) => {
      const answer = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const database = await answer(indexedDB.open(name));
      const store = database.transaction('choices').objectStore('choices');
      const [keys, values] = await Promise.all([answer(store.getAllKeys()), answer(store.getAll())]);
      database.close();
      return Object.fromEntries(keys.map((key, i) => [String(key), String(values[i])]));
    }, ADAPTER_DATABASE);
  }

  /** The events of a type that the worker has sent so far. */
  async events<T extends RunEvent['type']>(type: T): Promise<RunEventOf<T>[]> {
    return (await this.allEvents()).filter((event): event is RunEventOf<T> => event.type === type);
  }

  /** All events that the worker has sent so far. */
  async allEvents(): Promise<RunEvent[]> {
    return (await this.heard('events')).flatMap(({ events }) => events);
  }

  get status(): Locator {
    return this.page.getByTestId('status');
  }

  /**
   * The run comes into a state and stays there: at rest, or running on for longer than this test can be kept waiting.
   * For a state that may be over before it is looked for there is `lookOut`.
   */
  async inState(state: LabState): Promise<void> {
    await this.shows(`[data-testid=status][data-state=${state}]`, 120_000);
  }

  /** Steps finished, as the page shows them, of a run that rests there. */
  async atStep(step: number): Promise<void> {
    await this.shows(`[data-testid=status][data-step="${step}"]`, 90_000);
  }

  /** More steps are finished than `step`, of a run that goes on. */
  async pastStep(step: number): Promise<void> {
    await this.page.waitForFunction(
      (before) => Number(document.querySelector<HTMLElement>('[data-testid=status]')?.dataset.step) > before,
      step,
      { polling: 'raf', timeout: 90_000 },
    );
  }

  /** Takes one step, by its key, up to `step` finished ones. */
  async takeStep(step: number): Promise<void> {
    await this.page.keyboard.press('s');
    await this.atStep(step);
    await this.inState('paused');
    await this.allDrawn();
  }

  /** Every panel is there, down to the last: those below the first screenful come a while after the first rollouts. */
  async allDrawn(): Promise<void> {
    await this.shows('[data-testid=panel-about]', 60_000);
  }

  /** Looked at in every frame, so that no test waits longer than it has to. */
  private async shows(selector: string, timeout: number): Promise<void> {
    const isThere = (wanted: string) => document.querySelector(wanted) !== null;
    await this.page
      .waitForFunction(isThere, selector, { polling: 'raf', timeout })
      .catch(async (error: unknown) => {
        const status = await this.status
          .evaluateAll((all) => all.map((each) => each.outerHTML))
          .catch(() => []);
        throw new Error(`the page: expected ${selector}, got ${status.join() || 'no run'}: ${error}`);
      });
  }

  /**
   * Begins to look for what may be on screen for a moment only. Called before what brings it about, it sees every change
   * of the page, however long the test is kept waiting; the answer resolves once it was there.
   * @param text what the first such element has to contain.
   */
  async lookOut(selector: string, text = ''): Promise<() => Promise<void>> {
    const looking = await this.page.evaluateHandle(
      ([selector, text]) => {
        const seen = new Promise<void>((resolve) => {
          const look = () => {
            if (!document.querySelector(selector)?.textContent.includes(text)) return;
            observer.disconnect();
            resolve();
          };
          const observer = new MutationObserver(look);
          const all = { subtree: true, childList: true, attributes: true, characterData: true };
          observer.observe(document, all);
          look();
        });
        return { seen };
      },
      [selector, text],
    );
    return () =>
      looking.evaluate(({ seen }, what) => {
        const tooLate = new Promise<void>((_, fail) => {
          setTimeout(() => fail(new Error(`the page: expected ${what}, it was never there`)), 90_000);
        });
        return Promise.race([seen, tooLate]);
      }, `${selector} ${text}`.trim());
  }

  button(name: RegExp): Locator {
    return this.page.getByRole('button', { name }).first();
  }

  /** Of the controls in the timeline: run, pause, step, phase, reset, stop. */
  control(name: RegExp): Locator {
    return this.page.getByRole('group', { name: 'Run controls' }).getByRole('button', { name });
  }

  /** Moves every panel to a step, as dragging the timeline's slider does. */
  async seek(step: number): Promise<void> {
    await this.page.getByRole('slider', { name: 'Step on screen' }).fill(String(step));
    await expect(this.page.getByTestId('shown-step')).toHaveAttribute('data-value', String(step));
  }

  /** A rollout on screen is being written, which a short step does within a second. */
  lookOutForRollouts(): Promise<() => Promise<void>> {
    return this.lookOut('[data-testid=rollout-text]:is([data-verdict=growing], [data-verdict=ended])');
  }

  /** The texts of the rollouts of the group on screen, of a run at rest that has judged them. */
  async judgedRollouts(): Promise<string[]> {
    const texts = this.page.getByTestId('rollout-text');
    await expect(texts.first()).toHaveAttribute('data-verdict', /right|wrong|truncated/, { timeout: 60_000 });
    return texts.allInnerTexts();
  }
}
