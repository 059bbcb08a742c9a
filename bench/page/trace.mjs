/**
 * Tasks of the page's main thread, from Chromium's own trace: how long each took by the clock, and how much of that the
 * thread was really at work. On a machine with more to do than cores the clock also counts the waiting for a core,
 * which is not the page's doing.
 */

/** A task longer than this holds up what a user does. */
export const LONG_MS = 50;

/** @param {import('@playwright/test').Browser} browser @param {import('@playwright/test').Page} page */
export const startTrace = (browser, page) => browser.startTracing(page, { categories: ['toplevel'] });

/**
 * @param {import('@playwright/test').Browser} browser
 * @returns what there was of tasks over 50 ms, by the clock and by the thread's own time, and the longest of each.
 */
export async function endTrace(browser) {
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString('utf8'));
  const threads = (/** @type {string} */ called) =>
    new Set(
      traceEvents
        .filter(({ ph, name, args }) => ph === 'M' && name === 'thread_name' && args.name === called)
        .map(({ pid, tid }) => `${pid} ${tid}`),
    );
  const mains = threads('CrRendererMain');
  const workers = threads('DedicatedWorker thread');
  let worker = 0;
  /** @type {Map<string, any[]>} */
  const byThread = new Map();
  for (const event of traceEvents) {
    const thread = `${event.pid} ${event.tid}`;
    if (event.ph !== 'X' || !event.name.endsWith('::RunTask')) continue;
    if (workers.has(thread)) worker += (event.tdur ?? 0) / 1000;
    if (!mains.has(thread)) continue;
    const known = byThread.get(thread);
    if (known) known.push(event);
    else byThread.set(thread, [event]);
  }
  // Other renderers of the browser, a blank tab's for one, hardly have any.
  const tasks = [...byThread.values()].sort((a, b) => b.length - a.length)[0] ?? [];
  const clock = tasks.map(({ dur }) => dur / 1000);
  const own = tasks.map(({ tdur }) => (tdur ?? Number.NaN) / 1000);
  return {
    tasks: tasks.length,
    over_by_clock: clock.filter((ms) => ms > LONG_MS).length,
    longest_by_clock_ms: longest(clock),
    over_by_own_time: own.filter((ms) => ms > LONG_MS).length,
    longest_by_own_time_ms: longest(own),
    busy_own_ms: own.reduce((sum, ms) => sum + ms, 0),
    /** Of all dedicated workers. */
    worker_own_ms: worker,
  };
}

const longest = (values) => values.reduce((most, ms) => Math.max(most, ms), 0);
