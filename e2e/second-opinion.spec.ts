/** ONNX Runtime beside the trainer: evaluated while it trains, exported, and tried where there is no WebGPU. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { unzipSync } from 'fflate';
import { seriousProblems } from './axe';
import { LabPage, nothingSticksOut } from './lab';

test('the policy is evaluated by ONNX Runtime while training goes on, as the run evaluates itself, and is saved', async ({
  page,
}) => {
  const lab = new LabPage(page);
  await lab.record();
  const fetched: string[] = [];
  page.on('request', (request) => fetched.push(request.url()));
  // More steps than can be done meanwhile.
  await lab.open({ steps: '200', eval_steps: '1' });
  const growing = await lab.lookOutForRollouts();
  await page.getByTestId('run-first').click();
  await growing();
  expect(fetched.filter((url) => /\.wasm$/.test(url))).toEqual([]);
  await page.getByTestId('opinion-run').click();
  const result = page.getByTestId('opinion-result');
  await expect(result).toBeVisible({ timeout: 60_000 });
  await lab.inState('running');
  const step = Number(await result.getAttribute('data-step'));
  await expect
    .poll(async () => (await lab.events('evaluation')).some((each) => each.step === step), {
      timeout: 30_000,
    })
    .toBe(true);
  const own = (await lab.events('evaluation')).find((each) => each.step === step)!;
  await expect(result).toHaveAttribute('data-correct', String(own.total.correct));
  await expect(result).toHaveAttribute('data-own-step', String(step));
  await expect(page.getByTestId('opinion-agreement')).toContainText('Both engines agree');
  await lab.pastStep(step);
  await lab.control(/^Pause/).click();
  await lab.inState('paused');
  const { origin } = new URL(page.url());
  expect(fetched.filter((url) => !url.startsWith(origin) && !url.startsWith('blob:'))).toEqual([]);
  expect(fetched.filter((url) => /\.wasm$/.test(url))).toHaveLength(1);

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByTestId('export-onnx').click(),
  ]);
  const finished = await lab.status.getAttribute('data-step');
  expect(download.suggestedFilename()).toMatch(new RegExp(`-step-${finished}-onnx\\.zip$`));
  const files = unzipSync(new Uint8Array(readFileSync(await download.path())));
  const sizes = Object.fromEntries(
    Object.entries(files).map(([path, bytes]) => [path.slice(path.indexOf('/') + 1), bytes.length]),
  );
  expect(Object.keys(sizes)).toEqual(
    expect.arrayContaining(['model.onnx', 'model_with_past.onnx', 'tokenizer.json']),
  );
  expect(sizes['model.onnx']).toBeGreaterThan(500_000);
  expect(lab.problems).toEqual([]);
});

test('without WebGPU, on a phone, a trained policy is tried on a problem of one’s own', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.route('**/assets/worker-*.js', async (route) => {
    const response = await route.fetch();
    const body = `Object.defineProperty(navigator, 'gpu', { get: () => undefined });\n${await response.text()}`;
    await route.fulfill({ response, body });
  });
  await page.route('**/*.wasm', (route) => route.abort());
  await page.goto('./');
  const problem = page.getByTestId('try-problem');
  await problem.fill('47 + 12', { timeout: 60_000 });
  await expect(page.getByTestId('try-wrong')).toContainText('At character 6: expected one digit, 0 to 9');
  await expect(page.getByTestId('try-run')).toBeDisabled();
  await problem.fill('47 + 8');
  await expect(page.getByTestId('try-reading')).toContainText('55');

  // Offline: it says so and what to do, and works once the connection is back.
  await problem.press('Enter');
  await expect(page.getByTestId('opinion-error')).toHaveAttribute('data-code', 'runtime-missing');
  await page.unroute('**/*.wasm');
  await problem.press('Enter');
  const tried = page.getByTestId('tried');
  await expect(tried).toHaveAttribute('data-done', 'true', { timeout: 60_000 });
  await expect(page.getByTestId('opinion-error')).toHaveCount(0);
  await expect(page.getByTestId('tried-forecast')).toHaveAttribute('data-ready', 'true');
  const texts = page.getByTestId('tried-text');
  await expect(texts).toHaveCount(8);
  for (const text of await texts.all())
    await expect(text).toHaveAttribute('data-verdict', /right|wrong|truncated/);
  await expect(texts.first()).toContainText('47 + 8 = ');
  await nothingSticksOut(page);
  expect(await seriousProblems(page, '[data-testid=panel-try]')).toEqual([]);
});
