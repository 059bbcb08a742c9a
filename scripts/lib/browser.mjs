/**
 * A Chromium for the end-to-end tests: an installed one is found, else one is installed. Used by the test
 * command and by Playwright's configuration.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { distribution, installMissing } from './apt.mjs';
import { ROOT, run, SetupError, say, which, withLock } from './host.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ...[process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe')),
];

/**
 * Browsers that are there, in the order of preference: CHROME_PATH, those on the path, the usual places.
 * @returns {string[]}
 */
export function installedBrowsers() {
  if (process.env.CHROME_PATH) return [process.env.CHROME_PATH];
  const named = NAMES.map(which).filter((path) => path !== undefined);
  return [...named, ...PLACES.filter((path) => existsSync(path))];
}

/**
 * The first of them that starts, or Playwright's own. Ubuntu's `chromium-browser` is there and does not start
 * where there are no snaps, so being there is not enough.
 * @returns {Promise<{ path: string, version: string } | undefined>}
 */
async function workingBrowser() {
  const { chromium } = await import('playwright-core');
  for (const path of [...installedBrowsers(), chromium.executablePath()]) {
    if (!existsSync(path)) continue;
    // Chrome on Windows opens a window instead of printing its version.
    if (process.platform === 'win32') return { path, version: 'Chrome' };
    const { code, stdout } = await run(path, ['--version'], { timeout: 30_000 });
    if (code === 0) return { path, version: stdout.trim().split('\n').at(-1) ?? '' };
  }
  return undefined;
}

/**
 * @returns {Promise<{ path: string, version: string }>}
 * @throws {SetupError} when there is none and none can be installed
 */
export async function ensureBrowser() {
  const found = await workingBrowser();
  if (found !== undefined) return found;
  if (process.env.CHROME_PATH) {
    throw new SetupError(
      `browser: expected CHROME_PATH to name a Chromium, got ${process.env.CHROME_PATH}.`,
      ['unset CHROME_PATH'],
    );
  }
  return await withLock('browser', async () => {
    const isDebian = distribution().id === 'debian';
    // Ubuntu's package of that name only points to a snap.
    if (isDebian) await installMissing(['chromium']);
    let browser = await workingBrowser();
    if (browser === undefined) {
      say("Downloading Playwright's Chromium (npx playwright install chromium) ...");
      const cli = join(ROOT, 'node_modules', 'playwright', 'cli.js');
      await run(process.execPath, [cli, 'install', 'chromium'], { output: 'stderr' });
      browser = await workingBrowser();
    }
    if (browser !== undefined) return browser;
    throw new SetupError(
      'browser: expected an installed Chromium or Chrome, got none, and none could be installed.',
      [isDebian ? 'sudo apt-get install chromium' : 'npx playwright install --with-deps chromium'],
    );
  });
}
