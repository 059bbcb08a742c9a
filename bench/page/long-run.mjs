/** Part 2: a long run on the page, its events said again by a worker in the trainer's place. */
import { inPage, load, median } from './site.mjs';
import { endTrace, startTrace } from './trace.mjs';

/** Steps over which the start and the end are looked at. */
const WINDOW = 100;
/** Groups that are clicked, and steps that are gone back, in each. */
const CLICKS = 8;

/**
 * @param {import('@playwright/test').Browser} browser
 * @param {string} url
 * @param {readonly unknown[]} messages
 * @param {{ steps: number, rate: number, settings: Record<string, string> }} options
 */
export async function measureLongRun(browser, url, messages, { steps, rate, settings }) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const script = inPage('worker.js');
  await page.route('**/bench-worker.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: script }),
  );
  await page.route('**/bench-messages.json', (route) =>
    route.fulfill({ contentType: 'application/json', body: JSON.stringify({ messages, steps, rate }) }),
  );
  await page.addInitScript(inPage('stand-in.js'));
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto(`${url}?${new URLSearchParams({ v: '1', steps: String(steps), ...settings })}`);
  const cdp = await context.newCDPSession(page);
  await cdp.send('Performance.enable');
  await page.getByTestId('run-first').click();
  const at = (step) =>
    page.waitForFunction((least) => window.bench.step >= least, step, { polling: 200, timeout: 1_800_000 });
  const task = async () => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration').value;
  };
  const heap = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    return (await cdp.send('Runtime.getHeapUsage')).usedSize;
  };
  const window = Math.min(WINDOW, Math.floor(steps / 4));

  /** Main-thread time of a step, what is held, and what a user waits for. */
  const look = async (from) => {
    await at(from);
    const before = load();
    await startTrace(browser, page);
    const start = { task: await task(), step: await page.evaluate(() => window.bench.step) };
    await at(from + window);
    const end = { task: await task(), step: await page.evaluate(() => window.bench.step) };
    const tasks = await endTrace(browser);
    const lag = await page.evaluate(
      () =>
        window.bench.step - Number(document.querySelector('[data-testid=status]')?.getAttribute('data-step')),
    );
    const bytes = await heap();
    return {
      from_step: start.step,
      task_ms_per_step: ((end.task - start.task) * 1000) / (end.step - start.step),
      own_ms_per_step: tasks.busy_own_ms / (end.step - start.step),
      tasks,
      behind_steps: lag,
      heap_bytes: bytes,
      interactions: await interact(page),
      load: before,
    };
  };
  const early = await look(window);
  const middle = await look(Math.floor(steps / 2));
  const late = await look(Math.max(steps - 4 * window, window * 3));
  await at(steps);
  const toFinish = Date.now();
  await page.waitForFunction(
    (last) => document.querySelector('[data-testid=status]')?.getAttribute('data-step') === String(last),
    steps,
    { polling: 50, timeout: 120_000 },
  );
  const figures = {
    steps,
    rate,
    early,
    middle,
    late,
    caught_up_ms: Date.now() - toFinish,
    heap_at_end: await heap(),
    long_tasks: await page.evaluate(() => window.bench.longTasks),
    problems,
  };
  await context.close();
  return figures;
}

/** Clicks and scrubs while the run goes on; how long each took until it was painted. */
async function interact(page) {
  await page.evaluate(() => {
    window.bench.waits.length = 0;
  });
  const groups = page.getByTestId(/^group-\d+$/);
  const count = Math.max(1, await groups.count());
  for (let i = 0; i < CLICKS; i++)
    await groups.nth(i % count).click({ timeout: 10_000, force: true, noWaitAfter: true });
  const clicks = await waits(page);
  const slider = page.getByRole('slider', { name: 'Step on screen' });
  await slider.focus();
  for (let i = 0; i < CLICKS; i++) await page.keyboard.press('ArrowLeft');
  const scrubs = await waits(page);
  await page.keyboard.press('End');
  await waits(page);
  return { click: clicks, scrub: scrubs };
}

async function waits(page) {
  await page.waitForTimeout(400);
  const all = await page.evaluate(() => window.bench.waits.splice(0));
  return { count: all.length, median_ms: median(all), most_ms: Math.max(0, ...all) };
}
