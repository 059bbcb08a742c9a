/**
 * From opening the page to its first rollout and its first finished step, as a visitor has it: the built page in
 * Chromium, Run pressed as soon as it can be. Cold is a fresh profile, warm the second opening of the same profile by
 * a browser that was closed in between. Used by run.mjs as the part `startup`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromiumArguments } from './page/browser.mjs';
import { load, median, openSite } from './page/site.mjs';
import { endTrace, startTrace } from './page/trace.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
/** What a visitor waits for, in the order that it comes in. */
export const STATIONS = {
  first_paint: 'first paint',
  worker_started: 'worker speaks',
  device: 'adapter ends',
  self_tested: 'self-test ends',
  button_pressed: 'button pressed',
  model_loaded: 'model ends',
  tuned: 'tuning ends',
  compiled: 'pipelines ends',
  ready: 'state ready',
  first_rollout: 'rollouts_grown',
  first_rollout_on_screen: 'rollout on screen',
  first_step: 'step_metrics',
};
const PATIENCE_MS = 180_000;

/**
 * @param {{ executablePath: string, url?: string, rounds: number, note(text: string): void, settings?: string, timeline?: boolean }} options
 *   url of a page that is served already, instead of a new build; settings as in a link; a timeline notes every event
 * @returns what `StartupResult` in report.ts says
 */
export async function benchStartup({ executablePath, url, rounds, note, settings = '', timeline = false }) {
  const { chromium } = await import('@playwright/test');
  const site = await openSite(url);
  /** @type {Record<'cold' | 'warm', Record<string, number>[]>} */
  const openings = { cold: [], warm: [] };
  let step;
  try {
    for (let round = 0; round < rounds; round++) {
      const profile = mkdtempSync(join(tmpdir(), 'masa-lab-bench-'));
      try {
        for (const kind of /** @type {const} */ (['cold', 'warm'])) {
          const isLast = kind === 'warm' && round === rounds - 1;
          const opened = await open(chromium, {
            executablePath,
            profile,
            url: `${site.url}?${settings}`,
            goesOn: isLast,
          });
          const { at } = opened;
          step ??= opened.step;
          openings[kind].push(at);
          note(
            `startup, ${kind}: first rollout after ${seconds(at[STATIONS.first_rollout])}, first step after ${seconds(at[STATIONS.first_step])}, load ${load()}`,
          );
          if (timeline)
            for (const [name, ms] of Object.entries(at).sort((a, b) => a[1] - b[1]))
              note(`  ${ms.toFixed(0).padStart(6)} ms ${name}`);
        }
      } finally {
        rmSync(profile, { recursive: true, force: true });
      }
    }
  } finally {
    await site.close();
  }
  return { rounds, cold: summary(openings.cold), warm: summary(openings.warm), step };
}

const seconds = (/** @type {number} */ ms) => `${(ms / 1000).toFixed(2)} s`;

/**
 * Opens the page in a browser of its own, until its first step is finished.
 * @returns when what happened; what threads did for the second step, where it goes on to that.
 */
async function open(chromium, { executablePath, profile, url, goesOn }) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: chromiumArguments(),
    viewport: { width: 1440, height: 900 },
  });
  try {
    await context.addInitScript(readFileSync(join(HERE, 'page', 'opening.js'), 'utf8'));
    const page = context.pages()[0] ?? (await context.newPage());
    // A visitor's browser has been up for a while.
    await new Promise((done) => setTimeout(done, 1500));
    await page.goto(url, { waitUntil: 'commit' });
    await page.waitForFunction(() => 'step_metrics' in window.opening.at, undefined, {
      polling: 200,
      timeout: PATIENCE_MS,
    });
    // What is to be told of the opening is over by now, so that tracing costs it nothing.
    const step = goesOn ? await measureStep(context.browser(), page) : undefined;
    const at = await page.evaluate(() => ({
      ...window.opening.at,
      'first paint': performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
    }));
    return { at, step };
  } finally {
    await context.close();
  }
}

/** What threads are busy for while the page computes its second step, by their own time. */
async function measureStep(browser, page) {
  const start = performance.now();
  await startTrace(browser, page);
  await page.waitForFunction(() => 'second step' in window.opening.at, undefined, {
    polling: 100,
    timeout: PATIENCE_MS,
  });
  const trace = await endTrace(browser);
  return {
    seconds: (performance.now() - start) / 1000,
    main_thread_ms: trace.busy_own_ms,
    worker_ms: trace.worker_own_ms,
  };
}

/** Median seconds by station. @param {Record<string, number>[]} openings */
function summary(openings) {
  return Object.fromEntries(
    Object.entries(STATIONS).flatMap(([name, mark]) => {
      const values = openings.flatMap((at) => (Number.isFinite(at[mark]) ? [at[mark] / 1000] : []));
      return values.length > 0 ? [[name, median(values)]] : [];
    }),
  );
}
