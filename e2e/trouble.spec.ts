/** Bad input and bad luck: each is named, says what to do, and loses nothing. */
import { expect, test } from '@playwright/test';
import { LabPage, link } from './lab';

test('a lost device stops the run with its checkpoint, and recovering goes on from there', async ({
  page,
}) => {
  // The page keeps no handle on its worker for others; the test takes one as it is made.
  await page.addInitScript(() => {
    const Original = window.Worker;
    window.Worker = class extends Original {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        Object.assign(window, { testWorker: this });
      }
    };
  });
  const lab = new LabPage(page);
  // More steps than can be done before the device is lost.
  await lab.open({ steps: '200' });
  await lab.takeStep(1);
  await page.keyboard.press('Space');
  await lab.inState('running');
  await page.evaluate(() =>
    (window as unknown as { testWorker: Worker }).testWorker.postMessage({ type: 'lose-device' }),
  );
  const error = page.getByTestId('error-panel');
  await expect(error).toHaveAttribute('data-code', 'device-lost', { timeout: 60_000 });
  await expect(error).toContainText(/checkpoint/);
  const recover = error.getByRole('button', { name: /Recover from step [1-9]/ });
  const named = Number(/\d+/.exec((await recover.textContent()) ?? '')?.[0]);
  await recover.click();
  await lab.inState('ready');
  // The state after the step that was the last may have been on its way to the disk when the device was lost.
  const step = Number(await lab.status.getAttribute('data-step'));
  expect([named, named + 1]).toContain(step);
  await lab.control(/^Run|^Resume/).click();
  await lab.pastStep(step + 1);
  await lab.control(/^Pause/).click();
  await lab.inState('paused');
  await expect(error).toHaveCount(0);
});

test('a truncated model is refused by name, and the page says what to do', async ({ page }) => {
  await page.route('**/models/**/model.safetensors', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.body()).subarray(0, 100_000), headers: {} });
  });
  await page.goto(link());
  await page.getByTestId('run-first').click({ timeout: 60_000 });
  const error = page.getByTestId('error-panel');
  await expect(error).toHaveAttribute('data-code', 'model-file', { timeout: 60_000 });
  await expect(error).toContainText(/safetensors/);
});

test('a run that does not fit is refused before anything is taken, and smaller settings then load', async ({
  page,
}) => {
  const lab = new LabPage(page);
  await lab.open({ micro_batch_tokens: '1048576' });
  await page.getByTestId('run-first').click();
  const error = page.getByTestId('error-panel');
  await expect(error).toHaveAttribute('data-code', 'memory-plan', { timeout: 60_000 });
  await expect(error).toContainText(/MiB/);
  await expect(error).toContainText(/micro_batch_tokens/);
  await lab.open();
  await lab.takeStep(1);
});

test('wrong keys and values in a link are listed and ignored', async ({ page }) => {
  await page.goto(`${link()}&num_generations=1&colour=blue`);
  const notice = page.getByTestId('link-issues');
  await expect(notice).toContainText('colour');
  await expect(notice).toContainText(/num_generations/);
  await new LabPage(page).canRun();
});

test('without WebGPU the page says which browsers have it and how to switch it on', async ({ page }) => {
  await page.route('**/assets/worker-*.js', async (route) => {
    const response = await route.fetch();
    const body = `Object.defineProperty(navigator, 'gpu', { get: () => undefined });\n${await response.text()}`;
    await route.fulfill({ response, body });
  });
  await page.goto(link());
  await expect(page.getByTestId('error-panel')).toHaveAttribute('data-code', 'no-webgpu', {
    timeout: 60_000,
  });
  await expect(page.getByTestId('browser-help')).toContainText(/Chrome/);
  await expect(page.getByTestId('browser-help')).toContainText(/Firefox/);
  await expect(page.getByTestId('browser-help')).toContainText(/Safari/);
});

test('with WebGPU but no adapter the page helps as well', async ({ page }) => {
  await page.route('**/assets/worker-*.js', async (route) => {
    const response = await route.fetch();
    const body = `navigator.gpu.requestAdapter = async () => null;\n${await response.text()}`;
    await route.fulfill({ response, body });
  });
  await page.goto(link());
  await expect(page.getByTestId('error-panel')).toHaveAttribute('data-code', 'no-adapter', {
    timeout: 60_000,
  });
  await expect(page.getByTestId('browser-help')).toBeVisible();
});
