/**
 * End-to-end tests: the built page in a real Chromium with SwiftShader, so that they need no GPU and see the
 * same adapter everywhere. `npm test` sets the browser and a free port; `npx playwright test` works as well.
 * With E2E_URL the tests drive a page that is served already (`npm start`) instead of building one. One test is the
 * first visit; all others begin in a fresh browser that keeps what that visit found out about the adapter.
 */
import { defineConfig, devices } from '@playwright/test';
import { VISITED } from './e2e/lab';
import { installedBrowsers } from './scripts/lib/browser.mjs';

const site = '.cache/site';
const port = process.env.E2E_PORT ?? '4617';
const served = process.env.E2E_URL;
const vite = 'node node_modules/vite/bin/vite.js';
const isRoot = process.getuid?.() === 0;

const chromium = {
  ...devices['Desktop Chrome'],
  launchOptions: {
    executablePath: installedBrowsers()[0],
    args: [
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      // Nothing but the page under test is reached, whatever the browser would like to look up.
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
      '--disable-domain-reliability',
      '--no-pings',
      // Chromium's sandbox refuses to work for root, which is what containers run as.
      ...(isRoot ? ['--no-sandbox'] : []),
    ],
  },
};

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  workers: 1,
  retries: 0,
  forbidOnly: true,
  // Several times what they take on two cores: a slow machine is no failure.
  timeout: 300_000,
  expect: { timeout: 30_000 },
  reporter: [['list'], ['json', { outputFile: '.cache/results/playwright.json' }]],
  use: {
    baseURL: served ?? `http://127.0.0.1:${port}/`,
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
  },
  projects: [
    { name: 'first visit', testMatch: /\.setup\.ts$/, use: chromium },
    { name: 'chromium', dependencies: ['first visit'], use: { ...chromium, storageState: VISITED } },
  ],
  webServer: served
    ? undefined
    : {
        command: `${vite} build --logLevel warn --outDir ${site} --emptyOutDir && ${vite} preview --outDir ${site} --host 127.0.0.1 --port ${port} --strictPort`,
        url: `http://127.0.0.1:${port}/`,
        timeout: 180_000,
        stdout: 'ignore',
        stderr: 'pipe',
      },
});
