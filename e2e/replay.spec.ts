/** Recorded runs: played without WebGPU, in every panel, on a phone; and files that are none. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, type Page, test } from '@playwright/test';
import { seriousProblems } from './axe';
import { LabPage, nothingSticksOut } from './lab';

function recording(name: string) {
  const packed = readFileSync(`public/recordings/${name}.jsonl.gz`);
  const lines = gunzipSync(packed).toString().trim().split('\n');
  const events: { type: string; step: number; metrics: Record<string, number>; index: number }[] = lines.map(
    (line) => JSON.parse(line),
  );
  const steps = events.filter((event) => event.type === 'step_metrics');
  return {
    bytes: packed.length,
    lines,
    metricsOf: (step: number) => steps.find((event) => event.step === step)!.metrics,
    groupsOf: (step: number) =>
      events.filter((event) => event.type === 'prompt_group' && event.step === step),
    last: Math.max(...steps.map((event) => event.step)),
  };
}
const MASA = recording('masa-efficient');
const GRPO = recording('grpo');
/** Enough of a run to be damaged. */
const LINES = MASA.lines.slice(
  0,
  MASA.lines.findIndex((line) => line.includes('"step_metrics","v":1,"step":2,')) + 1,
);
const TEXT = `${LINES.join('\n')}\n`;

async function withoutGpu(page: Page): Promise<void> {
  await page.route('**/assets/worker-*.js', async (route) => {
    const response = await route.fetch();
    const body = `Object.defineProperty(navigator, 'gpu', { get: () => undefined });\n${await response.text()}`;
    await route.fulfill({ response, body });
  });
}

/** Drops a file on the page, as from the desktop: once the page is seen, which may be later than its load event. */
async function drop(page: Page, name: string, content: string): Promise<void> {
  await expect(page.getByRole('banner')).toBeVisible();
  const transfer = await page.evaluateHandle(
    ([name, content]) => {
      const data = new DataTransfer();
      data.items.add(new File([content], name));
      return data;
    },
    [name, content],
  );
  await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}

test.beforeEach(({ page }) => page.emulateMedia({ reducedMotion: 'reduce' }));

test('a visitor without WebGPU watches the recorded runs that come with the lab, on a phone', async ({
  page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await withoutGpu(page);
  const lab = new LabPage(page);
  await page.goto('./');
  await expect(page.getByTestId('error-panel')).toHaveAttribute('data-code', 'no-webgpu', {
    timeout: 60_000,
  });
  expect(MASA.bytes + GRPO.bytes).toBeLessThan(5_000_000);
  const { last: LAST, metricsOf, groupsOf } = MASA;
  const offer = page.getByTestId('offer-recording');
  await offer.getByRole('button', { name: 'Watch MASA, efficient' }).click();
  const banner = page.getByTestId('replay-banner');
  await expect(banner).toContainText('Recorded');
  await expect(banner).toContainText('llvmpipe');
  await expect(banner).toContainText(`${LAST + 1} of ${LAST + 1} steps`);
  await expect(page.getByTestId('error-panel')).toHaveCount(0);
  for (const step of [0, 4, LAST]) {
    await lab.seek(step);
    await expect(page.getByTestId('metric-reward')).toHaveAttribute(
      'data-value',
      String(metricsOf(step).reward),
    );
    await expect(page.getByTestId('groups-step')).toHaveAttribute('data-value', String(step));
    await expect(page.getByTestId(/^group-\d+$/)).toHaveCount(groupsOf(step).length);
    await expect(page.getByTestId('chart-pass-rate-error').locator('[data-now]').first()).toHaveAttribute(
      'data-now',
      String(metricsOf(step)['masa/pass_rate_mae']),
    );
  }
  await nothingSticksOut(page);
  expect(await seriousProblems(page)).toEqual([]);
  // From its end it plays from the first step on, every step in turn.
  const shown = await page.evaluateHandle(() => {
    const place = document.querySelector<HTMLElement>('[data-testid=shown-step]');
    const steps: number[] = [];
    new MutationObserver(() => {
      const step = Number(place?.dataset.value);
      if (steps.at(-1) !== step) steps.push(step);
    }).observe(place!, { attributes: true });
    return steps;
  });
  await page.getByTestId('speed').click();
  await page.getByRole('option', { name: '20 steps/s' }).click();
  await page.getByTestId('play').click();
  await page.waitForFunction(([steps, last]) => steps.at(-1) === last, [shown, LAST] as const, {
    timeout: 120_000,
  });
  expect(await shown.jsonValue()).toEqual(Array.from({ length: LAST + 1 }, (_, step) => step));
  await page.getByRole('button', { name: 'Close recording' }).click();
  await expect(page.getByTestId('error-panel')).toBeVisible();
  await offer.getByRole('button', { name: 'Watch GRPO' }).click();
  await expect(banner).toContainText(`${GRPO.last + 1} of ${GRPO.last + 1} steps`);
  await lab.seek(GRPO.last);
  await expect(page.getByTestId('metric-reward')).toHaveAttribute(
    'data-value',
    String(GRPO.metricsOf(GRPO.last).reward),
  );
  await expect(page.getByTestId(/^group-\d+$/)).toHaveCount(GRPO.groupsOf(GRPO.last).length);
  expect(lab.problems).toEqual([]);
});

test('a link opens a recording of this site, and of no other', async ({ page }) => {
  await page.goto('./?replay=recordings/masa-efficient.jsonl.gz');
  await expect(page.getByTestId('groups-step')).toHaveAttribute('data-value', '0', { timeout: 60_000 });
  await expect(page.getByTestId('link-issues')).toHaveCount(0);
  await page.goto('./?replay=https://example.org/run.jsonl');
  await expect(page.getByTestId('replay-error')).toContainText('expected an address on this site');
  await page.goto('./?replay=recordings/none.jsonl');
  await expect(page.getByTestId('replay-error')).toContainText(
    /expected a recorded run, got (a page|status 404)/,
  );
});

test('files that are damaged, cut short or of a newer lab are told for what they are', async ({ page }) => {
  const lab = new LabPage(page);
  await page.goto('./');
  const error = page.getByTestId('replay-error');
  await drop(page, 'notes.txt', 'not a run\n');
  await expect(error).toContainText('line 1: expected a JSON object');
  const newer = LINES.map((line) => line.replace('"type":"gate_plan","v":1', '"type":"gate_plan","v":2'));
  await drop(page, 'newer.jsonl', newer.join('\n'));
  await expect(error).toContainText(
    /gate_plan: expected version 1 or older, got 2.*newer version of the lab/,
  );
  await expect(page.getByTestId('replay-banner')).toHaveCount(0);
  const broken = LINES.map((line, i) => (i === LINES.length - 6 ? '{"type":' : line));
  await drop(page, 'broken.jsonl', broken.join('\n'));
  await expect(error).toContainText(`line ${LINES.length - 5}: expected a JSON object`);
  await expect(error).toContainText('What came before is shown');
  await expect(page.getByTestId('groups-step')).toBeVisible();
  await page.getByRole('button', { name: 'Dismiss the problem of the recording' }).click();
  await drop(page, 'cut.jsonl', TEXT.slice(0, TEXT.length / 2));
  await expect(page.getByTestId('replay-banner')).toContainText(/stops inside line \d+/);
  await expect(error).toHaveCount(0);
  expect(lab.problems).toEqual([]);
});

test('HTML in a recording is text', async ({ page }) => {
  const lab = new LabPage(page);
  await page.goto('./');
  const evil = '<img src=x onerror="document.title=1">';
  const hostile = [...LINES, MASA.lines.at(-1)!].map((line) => {
    const event = JSON.parse(line);
    if (event.type === 'run_started') event.adapter.description = evil;
    if (event.problem) event.problem.tier = evil;
    if (event.type === 'finished') Object.assign(event, { reason: 'failed', message: evil });
    return JSON.stringify(event);
  });
  await drop(page, `${evil}.jsonl`, hostile.join('\n'));
  await expect(page.getByTestId('replay-banner')).toContainText(`on ${evil}`, { timeout: 60_000 });
  await expect(page.getByTestId('rollouts')).toContainText(evil, { timeout: 60_000 });
  await expect(page.getByTestId('error-panel')).toContainText(evil);
  await expect(page.locator('img[src="x"]')).toHaveCount(0);
  expect(await page.title()).toBe('MASA Lab');
  expect(lab.problems).toEqual([]);
});
