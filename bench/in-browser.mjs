/** The benchmark in a page of its own, in Chromium. Used by run.mjs. */
import { freemem } from 'node:os';
import { ROOT } from '../scripts/lib/host.mjs';
import { chromiumArguments } from './page/browser.mjs';

/**
 * @param {{ path: string, version: string }} browser
 * @param {{ quick: boolean, parts: string[], versions: Record<string, string>, machine: string, before: any, keep(report: any): void }} options
 */
export async function benchInBrowser({ path: executablePath, version }, { keep, ...options }) {
  const [{ createServer }, { chromium }] = await Promise.all([import('vite'), import('@playwright/test')]);
  const server = await createServer({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    // A file that changes meanwhile is none of a measurement's business.
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
    optimizeDeps: { entries: ['bench/page.html'], exclude: ['onnxruntime-web'] },
  });
  await server.listen();
  const browser = await chromium.launch({
    executablePath,
    args: [...chromiumArguments(), '--js-flags=--expose-gc', '--enable-precise-memory-info'],
    // An interrupt is run.mjs's to answer, which keeps what there is.
    handleSIGINT: false,
  });
  try {
    const page = await browser.newPage();
    page.on('console', (message) => console.error(message.text()));
    page.on('pageerror', (error) => console.error(error.message));
    await page.exposeFunction('keepReport', keep);
    await page.goto(new URL('/bench/page.html', server.resolvedUrls?.local[0]).href);
    await page.waitForFunction('window.benchInPage');
    return await page.evaluate((given) => /** @type {any} */ (window).benchInPage(given), {
      ...options,
      runtime: `${version} (page)`,
      freeMemory: freemem(),
    });
  } finally {
    await browser.close();
    await server.close();
  }
}
