/** Part 1: the same run with the page and without it, in turns. */
import { inPage, load, median } from './site.mjs';
import { endTrace, startTrace } from './trace.mjs';

/** Longest that a run may take. */
const PATIENCE_MS = 1_800_000;

/**
 * @param {import('@playwright/test').Browser} browser
 * @param {string} url
 * @param {{ steps: number, pairs: number, settings: Record<string, string> }} options
 */
export async function measureTraining(browser, url, { steps, pairs, settings }) {
  const query = new URLSearchParams({ v: '1', steps: String(steps), eval_steps: '1000', ...settings });
  const runs = [];
  let said = null;
  /** What the page asked of its worker: the empty page asks the same. */
  let asked = null;
  for (let pair = 0; pair < pairs; pair++) {
    // The order turns round from pair to pair, so that a machine that slows down favours neither.
    const order = pair % 2 === 0 ? ['page', 'empty'] : ['empty', 'page'];
    for (const kind of order) {
      const before = load();
      const run =
        kind === 'page' ? await withPage(browser, `${url}?${query}`) : await withoutPage(browser, url, asked);
      if (kind === 'page') {
        said = run.said;
        asked = { worker: run.worker, manifest: run.manifest };
      }
      runs.push({ pair, kind, load_before: before, load_after: load(), ...run.figures });
      const each = run.figures.step_ms.map((ms) => ms.toFixed(0)).join(' ');
      console.log(
        `pair ${pair + 1}, ${kind === 'page' ? 'with the page' : 'empty page  '}: steps of ${each} ms, load ${load()}`,
      );
    }
  }
  return { said, figures: { steps, settings, runs, ...compare(runs, pairs) } };
}

/** @param {readonly any[]} runs @param {number} pairs */
function compare(runs, pairs) {
  const of = (pair, kind) => runs.find((each) => each.pair === pair && each.kind === kind);
  // The first step compiles what is not compiled yet.
  const ratios = Array.from({ length: pairs }, (_, pair) =>
    of(pair, 'page')
      .step_ms.slice(1)
      .map((ms, i) => ms / of(pair, 'empty').step_ms[i + 1]),
  );
  const pages = runs.filter((each) => each.kind === 'page');
  return {
    /** Step with the page over the same step without it; each pair's median, and that of all. */
    ratio_of_pairs: ratios.map(median),
    ratio: median(ratios.flat()),
    long_tasks: pages.flatMap((each) => each.long_tasks),
    tasks: pages.map((each) => each.tasks),
    /** Share of the time that the main thread was busy, of each run with the page. */
    busy: pages.map((each) => each.busy),
  };
}

const finishedIn = (page) =>
  page.waitForFunction(
    () => window.bench.heard.some(({ data }) => data.events?.some((event) => event.type === 'finished')),
    undefined,
    { polling: 500, timeout: PATIENCE_MS },
  );

const stepTimes = (page) =>
  page.evaluate(() =>
    window.bench.heard.flatMap(({ data }) =>
      (data.events ?? []).filter((event) => event.type === 'step_metrics').map((event) => event.step_ms),
    ),
  );

/** @param {import('@playwright/test').Browser} browser @param {string} url */
async function withPage(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(inPage('listen.js'));
  await page.goto(url);
  const button = page.getByTestId('run-first');
  await button.waitFor();
  await page.waitForFunction(
    () => !document.querySelector('[data-testid=run-first]')?.hasAttribute('disabled'),
    undefined,
    { timeout: 120_000 },
  );
  await button.click();
  // From the first step on: before it the page is built and the shaders compile.
  await page.waitForFunction(
    () =>
      window.bench.heard.some(({ data }) => data.events?.some((event) => event.type === 'rollouts_started')),
    undefined,
    { polling: 100, timeout: PATIENCE_MS },
  );
  const cdp = await context.newCDPSession(page);
  await cdp.send('Performance.enable');
  const metrics = async () =>
    Object.fromEntries(
      (await cdp.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]),
    );
  await startTrace(browser, page);
  const from = await metrics();
  const startedAt = await page.evaluate(() => performance.now());
  await finishedIn(page);
  const to = await metrics();
  const tasks = await endTrace(browser);
  const seconds = to.Timestamp - from.Timestamp;
  const share = (name) => (to[name] - from[name]) / seconds;
  const longTasks = await page.evaluate(
    (start) => window.bench.longTasks.filter(({ at }) => at >= start),
    startedAt,
  );
  const result = {
    said: await page.evaluate(() => window.bench.heard.map(({ data }) => data)),
    worker: await page.evaluate(() => window.bench.worker),
    manifest: await page.evaluate(() => window.bench.sent.find(({ type }) => type === 'load').manifest),
    figures: {
      step_ms: await stepTimes(page),
      seconds,
      long_tasks: longTasks,
      tasks,
      busy: {
        task: share('TaskDuration'),
        script: share('ScriptDuration'),
        layout: share('LayoutDuration'),
        style: share('RecalcStyleDuration'),
      },
    },
  };
  await context.close();
  return result;
}

/** @param {import('@playwright/test').Browser} browser @param {string} url @param {any} asked */
async function withoutPage(browser, url, asked) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.route('**/empty.html', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Nothing</title>' }),
  );
  await page.goto(`${url}empty.html`);
  await page.evaluate(
    `(${inPage('drive.js')
      .replace(/^(\/\/.*\n)+/, '')
      .trim()
      .replace(/;$/, '')})(${JSON.stringify({ ...asked, base: url })})`,
  );
  await finishedIn(page);
  const figures = { step_ms: await stepTimes(page) };
  await context.close();
  return { figures };
}
