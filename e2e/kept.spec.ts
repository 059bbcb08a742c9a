/** Runs are kept: through a crash, a full disk, forks and deletion. Each test has an origin without any. */
import { expect, type Page, test } from '@playwright/test';
import { LabPage } from './lab';

/** Kept runs with their streams, read from the origin's private files past the page's own code. */
async function keptStreams(page: Page): Promise<Record<string, string>> {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const runs = await root.getDirectoryHandle('runs', { create: true });
    const streams: Record<string, string> = {};
    const entries = (
      runs as unknown as { entries(): AsyncIterable<[string, FileSystemDirectoryHandle]> }
    ).entries();
    for await (const [id, folder] of entries) {
      const file = await (await folder.getFileHandle('events.jsonl')).getFile();
      streams[id] = await file.text();
    }
    return streams;
  });
}

const WALL_CLOCK = new Set(['phases_ms', 'step_ms', 'duration_ms', 'step_time', 'tokens_per_second']);

/** What a stream says of training: without wall-clock fields, and without what tells how often the page was opened. */
const said = (stream: string): unknown[] =>
  stream
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line, (key, value: unknown) => (WALL_CLOCK.has(key) ? undefined : value)))
    .filter(({ type }) => !['run_started', 'checkpoint', 'finished'].includes(type));

const dialog = (page: Page) => page.getByTestId('runs');

/** Opens the menu of a run in the table and chooses from it. */
async function choose(page: Page, row: number, item: RegExp): Promise<void> {
  await dialog(page)
    .getByTestId('run-row')
    .nth(row)
    .getByRole('button', { name: /^More for/ })
    .click();
  await page.getByRole('menuitem', { name: item }).click();
}

async function runToEnd(lab: LabPage): Promise<void> {
  await lab.page.getByTestId('run-first').click();
  await lab.inState('finished');
}

test('a page killed in mid-step goes on with the identical run when it is opened again', async ({
  page,
  context,
}) => {
  const lab = new LabPage(page);
  await lab.open();
  await runToEnd(lab);
  const [whole] = Object.values(await keptStreams(page));

  const second = new LabPage(await context.newPage());
  await page.close();
  await second.open();
  await expect(second.page.getByTestId('continue-offer')).toHaveCount(0);
  await second.takeStep(1);
  // However slowly this test goes on, the run does not end before it.
  await second.page.getByTestId('speed').click();
  await second.page.getByRole('option', { name: '+5 s a step' }).click();
  await expect(second.page.getByTestId('speed')).toContainText('+5 s a step');
  const crashed = second.page.waitForEvent('crash');
  const devtools = await context.newCDPSession(second.page);
  const growing = await second.lookOutForRollouts();
  await second.control(/^Resume/).click();
  await growing();
  // The renderer's process ends here, the trainer's worker with it; the answer never comes.
  devtools.send('Page.crash').catch(() => {});
  await crashed;

  const third = new LabPage(await context.newPage());
  await second.page.close();
  await third.open();
  const offer = third.page.getByTestId('continue-offer');
  await expect(offer).toContainText(/left at step [12] of 3/);
  await offer.getByRole('button', { name: 'Continue' }).click();
  await third.inState('finished');
  await third.atStep(3);
  const streams = Object.values(await keptStreams(third.page));
  expect(streams).toHaveLength(2);
  for (const stream of streams) expect(said(stream)).toEqual(said(whole));
  // The steps before the crash are on the page as well.
  await expect(third.page.getByTestId('metric-reward')).toBeVisible();
  expect(third.problems).toEqual([]);
});

test('a full disk is told before anything is lost, and old checkpoints go only when the user says so', async ({
  page,
  context,
}) => {
  const lab = new LabPage(page);
  await lab.open({ steps: '4', eval_steps: '10' });
  for (const step of [1, 2, 3]) await lab.takeStep(step);
  const devtools = await context.newCDPSession(page);
  const { origin } = new URL(page.url());
  const { usage } = await devtools.send('Storage.getUsageAndQuota', { origin });
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + 600_000 });
  await page.keyboard.press('Space');
  const full = page.getByTestId('storage-full');
  await expect(full).toContainText('nothing of it is lost', { timeout: 60_000 });
  await expect(full).toContainText('2 oldest checkpoints');
  await lab.inState('paused');
  await full.getByRole('button', { name: 'Delete them and go on' }).click();
  await lab.inState('finished');
  await lab.atStep(4);
  await expect(full).toHaveCount(0);
  const [stream] = Object.values(await keptStreams(page));
  expect(stream).toContain('"reason":"completed"');
  await page.getByTestId('open-runs').click();
  await choose(page, 0, /Kept steps/);
  const kept = page.getByTestId('checkpoints').locator('tbody tr');
  await expect(kept).toHaveCount(3);
  await expect(page.getByTestId('kept-step-3')).toBeVisible();
  await expect(page.getByTestId('kept-step-4')).toBeVisible();
  expect(lab.problems).toEqual([]);
});

test('a fork goes on beside its run and shows where it comes from; what is deleted is gone', async ({
  page,
  context,
}) => {
  const lab = new LabPage(page);
  await lab.open();
  await runToEnd(lab);
  const open = () => page.getByTestId('open-runs').click();
  await open();
  const rows = dialog(page).getByTestId('run-row');
  await expect(rows).toHaveCount(1);
  await choose(page, 0, /Name, tags/);
  const edit = page.getByTestId('edit-run');
  await edit.getByLabel('Name').fill('first');
  await edit.getByLabel(/^Tags/).fill('base, tiny');
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(rows.first()).toContainText('first');
  await expect(rows.first()).toContainText('tiny');
  await expect(rows.first()).toContainText('3 of 3');

  await choose(page, 0, /Kept steps/);
  await page.getByTestId('kept-step-2').getByRole('button', { name: /^Fork/ }).click();
  const note = page.getByTestId('fork-note');
  await expect(note).toContainText('A fork of first from step 2');
  await page
    .getByTestId('knob-steps')
    .locator('input')
    .or(page.locator('input[data-testid="knob-steps"]'))
    .first()
    .fill('4');
  await expect(note).toContainText('Changed: steps.');
  await note.getByRole('button', { name: 'Start the fork' }).click();
  await lab.atStep(4);
  await lab.inState('finished');

  await open();
  await expect(rows).toHaveCount(2);
  await expect(dialog(page).getByTestId('lineage')).toHaveText('fork of first at step 2');
  const streams = await keptStreams(page);
  const forked = rows.filter({ hasText: 'fork of first' });
  await expect(forked).toHaveAttribute('data-parent', /./);
  const parent = (await forked.getAttribute('data-parent')) ?? '';
  const [fork] = Object.keys(streams).filter((id) => id !== parent);
  const common = said(streams[parent]).filter((event) => (event as { step: number }).step < 2);
  expect(said(streams[fork]).slice(0, common.length)).toEqual(common);
  expect(streams[fork].match(/"type":"step_metrics"/g)).toHaveLength(4);

  // Sorting, filtering, and the archive there and back.
  await dialog(page).getByRole('button', { name: 'Steps' }).click();
  await expect(rows.first()).toContainText('3 of 3');
  await dialog(page).getByLabel('Filter runs').fill('tiny first');
  await expect(rows).toHaveCount(1);
  const [download] = await Promise.all([page.waitForEvent('download'), choose(page, 0, /Export/)]);
  expect(download.suggestedFilename()).toBe('first.zip');
  await page.getByTestId('import-file').setInputFiles(await download.path());
  await expect(rows).toHaveCount(2);
  await dialog(page).getByLabel('Filter runs').fill('');
  await expect(rows).toHaveCount(3);

  // Another tab sees that the fork is taken.
  const other = await context.newPage();
  await other.goto('./');
  await other.getByTestId('open-runs').click();
  const taken = dialog(other).getByTestId('run-row').filter({ hasText: 'open in another tab' });
  await expect(taken).toHaveCount(1);
  await expect(taken.getByRole('button', { name: /^More for/ })).toBeDisabled();
  await other.close();

  await choose(page, 0, /^Delete/);
  await page.getByTestId('confirm').getByRole('button', { name: 'Delete' }).click();
  await expect(rows).toHaveCount(2);
  expect(Object.keys(await keptStreams(page))).toHaveLength(2);
  await dialog(page).getByRole('button', { name: 'Delete all…' }).click();
  await page.getByTestId('confirm').getByRole('button', { name: 'Delete all' }).click();
  await expect(rows).toHaveCount(0);
  expect(await keptStreams(page)).toEqual({});
  expect(lab.problems).toEqual([]);
});
