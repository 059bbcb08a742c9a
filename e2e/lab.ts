/** How the end-to-end tests use the page: as a person would, by names and roles, with a few short cuts in one place. */
import { expect, type Locator, type Page } from '@playwright/test';
import type { Progress } from '../src/lab/protocol';
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

/** Where the page keeps what it knows of the adapter (`src/lab/store/kernel-choices.ts`). */
export const ADAPTER_DATABASE = 'masa-lab-kernels';
/** A browser that has been on the page once: the setup of the tests writes it, and nothing else of that visit. */
export const VISITED = '.cache/e2e/visited.json';

export function link(settings: Record<string, string> = {}): string {
  return `./?${new URLSearchParams({ ...SMALL, ...settings })}`;
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
    await expect(this.page.getByTestId('run-first')).toBeEnabled({ timeout: 60_000 });
  }

  /** Listens to the worker beside the page, from the next `open` on; `events` and `progress` have what it said. */
  async record(): Promise<void> {
    await this.page.addInitScript(() => {
      const heard: unknown[] = [];
      const progress: unknown[] = [];
      const Original = window.Worker;
      window.Worker = class extends Original {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options);
          this.addEventListener('message', ({ data }) => {
            if (data.type === 'events') heard.push(...data.events);
            if (data.type === 'progress') progress.push(data.progress);
          });
        }
      };
      Object.assign(window, { heard, progress });
    });
  }

  /** What the worker has said of how far it is with a task. */
  async progress(task: Progress['task']): Promise<Progress[]> {
    const all = await this.page.evaluate(() => (window as unknown as { progress: Progress[] }).progress);
    return all.filter((each) => each.task === task);
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
    const all = await this.page.evaluate(() => (window as unknown as { heard: RunEvent[] }).heard);
    return all.filter((event): event is RunEventOf<T> => event.type === type);
  }

  get status(): Locator {
    return this.page.getByTestId('status');
  }

  async inState(state: string): Promise<void> {
    await expect(this.status).toHaveAttribute('data-state', state, { timeout: 90_000 });
  }

  /** Steps finished, as the page shows them. Looked at in every frame: while a run goes on a number is soon gone. */
  async atStep(step: number): Promise<void> {
    await this.page.waitForFunction(
      (wanted) => document.querySelector('[data-testid=status]')?.getAttribute('data-step') === wanted,
      String(step),
      { polling: 'raf', timeout: 60_000 },
    );
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

  /** A rollout on screen is being written. Looked at in every frame: a short step comes and goes within a second. */
  async rolloutsGrow(): Promise<void> {
    await this.page.waitForFunction(
      () =>
        document.querySelector('[data-testid=rollout-text]:is([data-verdict=growing], [data-verdict=ended])'),
      undefined,
      { polling: 'raf', timeout: 60_000 },
    );
  }

  /** The texts of the rollouts of the group on screen, once they are judged. */
  async judgedRollouts(): Promise<string[]> {
    const texts = this.page.getByTestId('rollout-text');
    await expect(texts.first()).toHaveAttribute('data-verdict', /right|wrong|truncated/, { timeout: 60_000 });
    return texts.allInnerTexts();
  }
}
