/**
 * `npm run bench:page`: what the page costs the training, and the training the page, in a real Chromium.
 *
 * 1. Training: the default run, with the page on screen and drawing, and the same worker on an empty page, in turns.
 *    Both take the same steps with the same tokens, so that each step is compared with itself.
 * 2. A long run: what a worker said in part 1, said again for 2,000 steps to the page as it is; what the main thread
 *    does for a step, what it holds and how long it lets a user wait, at the start and at the end.
 *
 * Software adapters compute on the same cores that the page draws on: there the numbers are the worst case. The load
 * of the machine stands beside each number. docs/page-cost.md says how to read them.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBrowser } from '../scripts/lib/browser.mjs';
import { CACHE, isRoot, SetupError } from '../scripts/lib/host.mjs';
import { ensurePackages } from '../scripts/lib/packages.mjs';
import { measureLongRun } from './page/long-run.mjs';
import { reportLongRun, reportTraining } from './page/report.mjs';
import { openSite } from './page/site.mjs';
import { measureTraining } from './page/training.mjs';

/** Below it, the start, the middle and the end of a long run would overlap. */
const LEAST_LONG = 500;

const USAGE = `Usage: npm run bench:page [-- OPTIONS]

  --steps N      steps of each training run (default 5; the first is left out)
  --pairs N      pairs of runs with and without the page (default 2)
  --set KEY=N    a setting of the run, as in a link; may be repeated (default: none, the default run)
  --long N       steps of the long run (default 2000, at least 500; 0 leaves it out)
  --rate N       its steps a second (default 20)
  --replay FILE  messages of an earlier bench, instead of part 1
  --url URL      a page that is served already, instead of a new build
  --out FILE     the figures as JSON (default .cache/results/page-cost.json)`;

/** What was expected of an option. */
class WrongArgument extends Error {}

/** @param {string[]} argv */
async function main(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      steps: { type: 'string', default: '5' },
      pairs: { type: 'string', default: '2' },
      set: { type: 'string', multiple: true, default: [] },
      long: { type: 'string', default: '2000' },
      rate: { type: 'string', default: '20' },
      replay: { type: 'string' },
      url: { type: 'string' },
      out: { type: 'string', default: join(CACHE, 'results', 'page-cost.json') },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const number = (/** @type {'steps' | 'pairs' | 'long' | 'rate'} */ name, least = 1) => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < least)
      throw new WrongArgument(`--${name} to be a whole number from ${least} on, got ${values[name]}`);
    return value;
  };
  const steps = number('steps', 2);
  const pairs = number('pairs');
  const long = number('long', 0);
  if (long > 0 && long < LEAST_LONG)
    throw new WrongArgument(`--long to be 0 or at least ${LEAST_LONG}, got ${long}`);
  const rate = number('rate');
  const settings = Object.fromEntries(values.set.map((each) => each.split('=', 2)));

  await ensurePackages();
  const { path, version } = await ensureBrowser();
  const { chromium } = await import('@playwright/test');
  const site = await openSite(values.url);
  const browser = await chromium.launch({
    executablePath: path,
    args: [
      '--enable-unsafe-webgpu',
      ...(process.env.BENCH_GPU === 'hardware' ? [] : ['--use-webgpu-adapter=swiftshader']),
      '--enable-precise-memory-info',
      ...(isRoot ? ['--no-sandbox'] : []),
    ],
  });
  console.log(`${version} at ${site.url}`);
  /** @type {Record<string, unknown>} */
  const figures = { browser: version, at: new Date().toISOString() };
  const folder = join(CACHE, 'results');
  mkdirSync(folder, { recursive: true });
  try {
    let said = values.replay ? JSON.parse(readFileSync(values.replay, 'utf8')) : null;
    if (!said) {
      const training = await measureTraining(browser, site.url, { steps, pairs, settings });
      ({ said } = training);
      writeFileSync(join(folder, 'page-messages.json'), JSON.stringify(said));
      figures.training = training.figures;
      reportTraining(training.figures);
    }
    if (long > 0) {
      const figuresLong = await measureLongRun(browser, site.url, said, { steps: long, rate, settings });
      figures.long = figuresLong;
      reportLongRun(figuresLong);
    }
    writeFileSync(values.out, `${JSON.stringify(figures, null, 2)}\n`);
    console.log(`Figures are in ${values.out}`);
  } finally {
    await browser.close();
    await site.close();
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (error instanceof WrongArgument || code.startsWith('ERR_PARSE_ARGS')) {
    const what = error instanceof WrongArgument ? `expected ${error.message}.` : error.message;
    console.error(`bench: ${what}\n\n${USAGE}`);
    process.exitCode = 2;
  } else if (error instanceof SetupError) {
    console.error(error.describe());
    process.exitCode = 1;
  } else throw error;
}
