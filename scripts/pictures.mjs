/**
 * Pictures of every view and of every panel that is found on it, at three widths and in both themes, to be looked at:
 *
 *     npm run pictures                 all of them, into .cache/pictures/ (a folder a view)
 *     npm run pictures -- --readme     the few in e2e/pictures/ that the README shows
 *     npm run pictures -- --only run   views whose name contains "run"
 *     npm run pictures -- --url URL    of a page that is served already
 *
 * Nothing is known here of single panels: one that is added is in the pictures.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { ensureBrowser } from './lib/browser.mjs';
import { ROOT } from './lib/host.mjs';

const WIDTHS = [1440, 1024, 390];
const THEMES = /** @type {const} */ (['light', 'dark']);
const HEIGHT = 900;
/** A panel is taken as it is, without what floats over it. */
const WITHOUT_BARS = '#root > header, [data-testid=timeline] { visibility: hidden !important }';

/** Small enough for a software adapter, with predictions, gate, cutoff and hints. */
const SMALL =
  '?v=1&seed=3&prompts_per_step=6&num_generations=8&eval_problems=8&steps=40&masa_meta=train&masa_num_generations=6&masa_gate=true&masa_gate_min_prompts=3&masa_cutoff=true&masa_experts=true&masa_hint_share=0.25&masa_audit_share=0.5';

/** @typedef {import('playwright-core').Page} Page */

const control = (/** @type {Page} */ page, /** @type {RegExp} */ name) =>
  page.getByRole('group', { name: 'Run controls' }).getByRole('button', { name });

/** @param {Page} page */
async function opened(page, query = '') {
  await page.goto(query === '' ? './' : `./${query}`);
  await page.locator('[data-testid=run-first]:not([disabled])').waitFor({ timeout: 60_000 });
}

/** @param {Page} page @param {string} name @param {number} step */
async function recorded(page, name, step) {
  await page.goto(`./?replay=recordings/${name}.jsonl.gz`);
  await page.locator('[data-testid=groups-step]').waitFor({ timeout: 60_000 });
  await page.locator('[data-testid=replay-banner]:not(:has-text("Reading"))').waitFor();
  await page.getByRole('slider', { name: 'Step on screen' }).fill(String(step));
  await page.locator(`[data-testid=groups-step][data-value="${step}"]`).waitFor();
}

const dialog = (/** @type {(page: Page) => Promise<void>} */ open) => async (/** @type {Page} */ page) => {
  await recorded(page, 'first-look', 9);
  await open(page);
};

/**
 * Each puts the page into a state that then stands still.
 * @type {Record<string, (page: Page) => Promise<void>>}
 */
const VIEWS = {
  first: (page) => opened(page),
  'first-grpo': (page) => opened(page, '?v=1&seed=1'),
  empty: async (page) => {
    await opened(page, SMALL);
    await page.getByTestId('run-first').click();
    await page.locator('[data-testid=status][data-state=running]').waitFor({ timeout: 60_000 });
    await control(page, /^Reset/).click();
    await page
      .getByRole('alertdialog')
      .getByRole('button', { name: 'Reset' })
      .click({ timeout: 2000 })
      .catch(() => {});
    await page.locator('[data-testid=status][data-state=ready]').waitFor({ timeout: 60_000 });
  },
  growing: async (page) => {
    await opened(page, SMALL);
    await page.keyboard.press('s');
    await page.locator('[data-testid=status][data-state=paused][data-step="1"]').waitFor({ timeout: 60_000 });
    await page.keyboard.press('Space');
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll('[data-testid=bars][data-state=growing]')].some((bars) =>
          (bars.getAttribute('data-lengths') ?? '').split(' ').some((length) => Number(length) > 8),
        ),
      undefined,
      { polling: 'raf', timeout: 60_000 },
    );
    await page.keyboard.press('Space');
    await page.locator('[data-testid=status][data-state=paused]').waitFor({ timeout: 60_000 });
  },
  run: (page) => recorded(page, 'first-look', 15),
  'run-early': (page) => recorded(page, 'first-look', 2),
  'run-sampled': (page) => recorded(page, 'masa-efficient', 6),
  inspected: async (page) => {
    await recorded(page, 'first-look', 15);
    await page
      .getByTestId('panel-inspector')
      .getByRole('button', { name: 'Inspect the first rollout on screen' })
      .click();
    await page.getByTestId('inspected').waitFor();
  },
  race: async (page) => {
    await page.goto('./?race=grpo,masa-efficient&seeds=2&steps=40');
    await page.locator('[data-testid=race-start]:not([disabled])').waitFor({ timeout: 60_000 });
  },
  settings: dialog((page) => page.getByRole('button', { name: /^Settings/ }).click()),
  runs: dialog((page) => page.getByRole('button', { name: /^Runs/ }).click()),
  menu: dialog((page) => page.getByTestId('menu-self-knowledge').click()),
  enlarged: dialog(async (page) => {
    await page.getByTestId('menu-self-knowledge').click();
    await page.getByRole('menuitem', { name: 'Enlarge' }).click();
  }),
};

/** @param {string[]} given */
function argumentsOf(given) {
  /** @type {{ url?: string, out: string, only: string, readme: boolean }} */
  const asked = { out: join(ROOT, '.cache/pictures'), only: '', readme: false };
  for (let i = 0; i < given.length; i++) {
    const name = given[i].replace(/^--/, '');
    if (name === 'readme') asked.readme = true;
    else if ((name === 'url' || name === 'out' || name === 'only') && given[i + 1] !== undefined)
      asked[name] = given[++i];
    else
      throw new Error(`pictures: expected --url URL, --out FOLDER, --only NAME or --readme, got ${given[i]}`);
  }
  return asked;
}

/** The built page on a port of its own. */
async function served() {
  const outDir = join(ROOT, '.cache/site-pictures');
  await build({ root: ROOT, logLevel: 'error', build: { outDir, emptyOutDir: true } });
  return preview({
    root: ROOT,
    logLevel: 'error',
    build: { outDir },
    preview: { host: '127.0.0.1', port: 4620 },
  });
}

/** Drawn anew after a change of size or theme: two frames, and the fonts. */
const settled = (/** @type {Page} */ page) =>
  page.evaluate(async () => {
    await document.fonts.ready;
    for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
  });

/** @param {Page} page @param {ReturnType<typeof argumentsOf>} asked */
async function everything(page, asked) {
  for (const [name, reach] of Object.entries(VIEWS)) {
    if (!name.includes(asked.only)) continue;
    const folder = join(asked.out, name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await page.setViewportSize({ width: WIDTHS[0], height: HEIGHT });
    await reach(page);
    let count = 0;
    for (const width of WIDTHS)
      for (const colorScheme of THEMES) {
        await page.setViewportSize({ width, height: HEIGHT });
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await settled(page);
        const path = (/** @type {string} */ what) => join(folder, `${what}-${width}-${colorScheme}.png`);
        const modal = page.locator('[role=dialog], [role=menu]').last();
        if (await modal.count()) {
          await page.screenshot({ path: path('view') });
          count++;
          continue;
        }
        await page.screenshot({ path: path('page'), fullPage: true });
        count++;
        for (const panel of await page.locator('section[data-testid^=panel-]').all()) {
          const what = ((await panel.getAttribute('data-testid')) ?? '').replace('panel-', '');
          await panel.screenshot({ path: path(what), style: WITHOUT_BARS });
          count++;
        }
      }
    console.log(`${name}: ${count} pictures in ${folder}`);
  }
}

// As WebP, which the browser itself writes: a fifth of the PNG.
/** @param {Page} page @param {Buffer} png */
async function webp(page, png) {
  const bytes = await page.evaluate(async (base64) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext('2d')?.drawImage(image, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.9 });
    return [...new Uint8Array(await blob.arrayBuffer())];
  }, png.toString('base64'));
  return Buffer.from(bytes);
}

/** @param {Page} page */
async function forReadme(page) {
  const folder = join(ROOT, 'e2e/pictures');
  const save = async (/** @type {string} */ name, /** @type {Buffer} */ png) => {
    const bytes = await webp(page, png);
    writeFileSync(join(folder, `${name}.webp`), bytes);
    console.log(`${name}.webp: ${Math.round(bytes.length / 1024)} KiB`);
  };
  await page.setViewportSize({ width: 1280, height: 1000 });
  await VIEWS.run(page);
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await settled(page);
    await save(`run-${colorScheme}`, await page.screenshot());
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  for (const [view, panel] of [
    ['run', 'self-knowledge'],
    ['run', 'gate'],
    ['run-sampled', 'cutoffs'],
  ]) {
    await VIEWS[view](page);
    await settled(page);
    await save(panel, await page.getByTestId(`panel-${panel}`).screenshot({ style: WITHOUT_BARS }));
  }
}

const asked = argumentsOf(process.argv.slice(2));
const { path: executablePath } = await ensureBrowser();
const server = asked.url ? null : await served();
const browser = await chromium.launch({
  executablePath,
  args: [
    '--enable-unsafe-webgpu',
    '--use-webgpu-adapter=swiftshader',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ],
});
try {
  const baseURL = asked.url ?? server?.resolvedUrls?.local[0];
  const page = await browser.newPage({ baseURL });
  page.on('pageerror', (error) => {
    console.error(`page error: ${error.message}`);
    process.exitCode = 1;
  });
  await (asked.readme ? forReadme(page) : everything(page, asked));
} finally {
  await browser.close();
  await server?.close();
}
