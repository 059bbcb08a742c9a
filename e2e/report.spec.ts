/** Runs beside each other, reports that open from the disk, and one panel of a recording inside another page. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, type Page, test } from '@playwright/test';
import { strToU8, zipSync } from 'fflate';
import type { RunEvent, RunEventOf } from '../src/run/events';
import { LabPage, nothingSticksOut } from './lab';

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const isStep = (event: RunEvent): event is RunEventOf<'step_metrics'> => event.type === 'step_metrics';
const isEvaluation = (event: RunEvent): event is RunEventOf<'evaluation'> =>
  event.type === 'evaluation' && event.suite === 'in-domain';

const STEPS = 6;

/** The beginning of a shipped recording, as a run of another seed: what was drawn at a step comes at another. */
function beginning(name: string, seed: number): RunEvent[] {
  const events: RunEvent[] = gunzipSync(readFileSync(`public/recordings/${name}.jsonl.gz`))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const end = events.findIndex((event) => isStep(event) && event.step === STEPS - 1);
  const steps = events.filter(isStep);
  return events.slice(0, end + 1).map((event): RunEvent => {
    if (event.type === 'run_started') return { ...event, manifest: { ...event.manifest, seed } };
    if (!isStep(event)) return event;
    const { reward } = steps[(event.step + 7 * seed) % steps.length].metrics;
    return { ...event, metrics: { ...event.metrics, reward } };
  });
}

/** A run's archive, as the page exports and imports it. */
function archive(
  name: string,
  events: readonly RunEvent[],
): { name: string; mimeType: string; buffer: Buffer } {
  const [started] = events;
  if (started.type !== 'run_started') throw new Error('expected a start');
  const files = {
    [`${name}/manifest.json`]: strToU8(JSON.stringify(started.manifest)),
    [`${name}/events.jsonl`]: strToU8(events.map((event) => `${JSON.stringify(event)}\n`).join('')),
  };
  return { name: `${name}.zip`, mimeType: 'application/zip', buffer: Buffer.from(zipSync(files)) };
}

async function saved(page: Page, click: () => Promise<void>): Promise<{ name: string; path: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), click()]);
  const path = test.info().outputPath(download.suggestedFilename());
  await download.saveAs(path);
  return { name: download.suggestedFilename(), path };
}

test('a report of a run opens from the disk without a network, with the numbers of the stream', async ({
  page,
  context,
}) => {
  const lab = new LabPage(page);
  await lab.record();
  await lab.open({ steps: '2' });
  await page.getByTestId('run-first').click();
  await lab.inState('finished');
  await page.getByRole('button', { name: 'Theme and more' }).click();
  const { path } = await saved(page, () => page.getByRole('menuitem', { name: 'Save report' }).click());
  const steps = await lab.events('step_metrics');
  const last = (await lab.events('evaluation')).at(-1)!;
  const [started] = await lab.events('run_started');
  expect(lab.problems).toEqual([]);

  await context.setOffline(true);
  const report = await context.newPage();
  const asked: string[] = [];
  report.on('request', (request) => asked.push(request.url()));
  const problems = new LabPage(report).problems;
  await report.setViewportSize({ width: 390, height: 844 });
  await report.goto(`file://${path}`);
  await expect(report.getByRole('heading', { level: 1 })).toHaveText('GRPO, changed, seed 7');
  const body = report.locator('main');
  await expect(body).toContainText(started.adapter.description || started.adapter.architecture);
  await expect(body).toContainText(`${last.total.correct}${last.total.samples}`);
  await report.getByText('The numbers behind them').click();
  const rows = report.getByRole('table').filter({ hasText: 'tokens by then' }).locator('tbody tr');
  await expect(rows).toHaveCount(2);
  for (const { step, metrics } of steps) {
    await expect(rows.nth(step)).toContainText(Number(metrics.num_tokens).toLocaleString('en'));
    await expect(rows.nth(step)).toContainText(String(Number(metrics.reward.toPrecision(6))));
  }
  await expect(report.getByRole('img', { name: /^Reward against steps/ })).toBeVisible();
  await nothingSticksOut(report);
  expect(asked).toEqual([`file://${path}`]);
  expect(problems).toEqual([]);
});

test('kept runs are set beside each other by arm over seeds, with the numbers of their streams', async ({
  page,
}) => {
  const lab = new LabPage(page);
  await page.goto('./');
  await page.getByTestId('open-runs').click();
  const streams = [1, 2, 3].map((seed) => beginning('grpo', seed));
  const all = [...streams, beginning('masa-efficient', 1)];
  const rows = page.getByTestId('run-row');
  for (const [i, events] of all.entries()) {
    await page.getByTestId('import-file').setInputFiles(archive(`run-${i}`, events));
    await expect(rows).toHaveCount(i + 1);
  }
  await expect(page.getByTestId('compare')).toBeDisabled();
  await page.getByRole('button', { name: 'Choose all' }).click();
  await page.getByTestId('compare').click();
  const dialog = page.getByTestId('comparison');
  const cell = (quantity: string, arm: string) =>
    dialog.locator(`tr[data-quantity="${quantity}"] td[data-arm="${arm}"]`);
  const rewards = streams.map((events) => mean(events.filter(isStep).map(({ metrics }) => metrics.reward)));
  const shown = (quantity: string, arm: string) =>
    expect.poll(async () => Number(await cell(quantity, arm).getAttribute('data-mean')));
  await expect(cell('reward', 'GRPO, watched')).toContainText('±');
  await shown('reward', 'GRPO, watched').toBeCloseTo(mean(rewards), 9);
  await shown('reward', 'MASA, efficient').toBeCloseTo(
    mean(all[3].filter(isStep).map(({ metrics }) => metrics.reward)),
    9,
  );
  await shown('accuracy/in-domain', 'GRPO, watched').toBeCloseTo(
    mean(streams.map((events) => events.findLast(isEvaluation)!.total.accuracy)),
    9,
  );
  await expect(dialog.getByRole('img', { name: /^Reward against steps/ })).toBeVisible();

  // Everything that is drawn, as a file: at each step the mean of the three runs, inside of its band.
  for (const name of ['Tokens', 'Steps']) {
    const axis = dialog.getByRole('radio', { name });
    await axis.click();
    await expect(axis).toBeChecked();
  }
  const csv = await saved(page, () => dialog.getByRole('button', { name: 'Export as CSV' }).click());
  const lines = readFileSync(csv.path, 'utf8').trim().split('\r\n');
  const points = lines
    .filter((line) => line.startsWith('curve,reward,"GRPO, watched"'))
    .map((line) => line.replace('"GRPO, watched"', 'arm').split(','));
  expect(points).toHaveLength(STEPS);
  for (const [step, [, , , , , axis, place, value, low, high]] of points.entries()) {
    const wanted = mean(streams.map((events) => events.filter(isStep)[step].metrics.reward));
    expect([axis, Number(place)]).toEqual(['steps', step]);
    expect(Number(value)).toBeCloseTo(wanted, 9);
    expect(Number(low)).toBeLessThanOrEqual(wanted);
    expect(Number(high)).toBeGreaterThanOrEqual(wanted);
  }

  const { name, path } = await saved(page, () => dialog.getByRole('button', { name: 'Save report' }).click());
  expect(name).toBe('comparison-of-4-runs-report.html');
  await page.setViewportSize({ width: 390, height: 844 });
  await expect(dialog.getByRole('img', { name: /^Reward against steps/ })).toBeVisible();
  const report = await page.context().newPage();
  await report.goto(`file://${path}`);
  const figures = report.getByRole('table').filter({ hasText: '± deviation' });
  await expect(
    figures.locator('tr', { hasText: 'Reward' }).filter({ hasText: 'GRPO, watched' }).first(),
  ).toContainText(mean(rewards).toFixed(3));
  expect(lab.problems).toEqual([]);
});

test('a panel of a recording stands in a frame of another page, plays there, and leads to the lab', async ({
  page,
  context,
  baseURL,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const lab = new LabPage(page);
  await page.goto('./?replay=recordings/masa-efficient.jsonl.gz');
  // Its first step in full: from then on no panel comes or moves.
  await expect(page.getByTestId('groups-step')).toHaveAttribute('data-value', '0', { timeout: 60_000 });
  await expect(page.getByTestId('panel-gate')).toBeVisible();
  const own = await saved(page, () => page.getByRole('button', { name: 'Save report' }).click());
  expect(own.name).toBe('masa-efficient-report.html');
  expect(readFileSync(own.path, 'utf8')).toContain('40 of 40 steps');
  await page.getByTestId('menu-learning').click();
  const copied = await lab.lookOut('[data-testid=panel-learning]', 'Embed code copied');
  await page.getByRole('menuitem', { name: 'Copy embed code' }).click();
  await copied();
  const code = await page.evaluate(() => navigator.clipboard.readText());
  expect(code).toMatch(
    /^<iframe src="[^"]*\?embed=learning&amp;replay=recordings%2Fmasa-efficient.jsonl.gz"/,
  );

  const host = await context.newPage();
  await host.setViewportSize({ width: 390, height: 700 });
  await host.emulateMedia({ reducedMotion: 'reduce' });
  await host.route('**/host.html', (route) =>
    route.fulfill({ contentType: 'text/html', body: `<!doctype html><title>host</title>${code}` }),
  );
  await host.goto(new URL('host.html', baseURL).href);
  const frame = host.frameLocator('iframe');
  await expect(frame.getByTestId('panel-learning')).toBeVisible({ timeout: 60_000 });
  await expect(frame.getByRole('region', { name: 'Is it learning?' })).toBeVisible();
  await expect(frame.getByTestId('panel-groups')).toHaveCount(0);
  await expect(frame.getByTestId('status')).toHaveCount(0);
  await frame.getByRole('slider', { name: 'Step on screen' }).fill('3');
  const events = gunzipSync(readFileSync('public/recordings/masa-efficient.jsonl.gz')).toString().split('\n');
  const third: RunEventOf<'step_metrics'> = JSON.parse(
    events.find((line) => line.startsWith('{"type":"step_metrics","v":1,"step":3,'))!,
  );
  await expect(frame.locator('[data-value=reward]')).toHaveAttribute(
    'data-now',
    String(third.metrics.reward),
  );
  await frame.getByTestId('play').click();
  await expect(frame.getByTestId('shown-step')).not.toHaveAttribute('data-value', '3');
  await nothingSticksOut(host.frames()[1]);
  await expect(frame.getByRole('link', { name: 'Open in MASA Lab' })).toHaveAttribute(
    'href',
    /\?replay=recordings%2Fmasa-efficient.jsonl.gz#panel-learning$/,
  );

  await host.goto('./?embed=nonsense&replay=recordings/masa-efficient.jsonl.gz');
  const unknown = host.getByTestId('embed-unknown');
  await expect(unknown).toContainText('got “nonsense”', { timeout: 60_000 });
  await expect(unknown.getByRole('link', { name: 'learning' })).toBeVisible();
  await host.goto('./?embed=gate');
  await expect(host.getByRole('alert')).toContainText('expected a recording beside the panel');
  expect(lab.problems).toEqual([]);
});
