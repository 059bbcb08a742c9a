/** The benchmark sets in the page, asked for as a visitor does, and their figures beside the stream's. */
import { expect, type Page, test } from '@playwright/test';
import { wilson } from '../src/run/statistics';
import { getTask } from '../src/tasks';
import { inTheme, seriousProblems } from './axe';
import { LabPage, nothingSticksOut } from './lab';

async function choose(page: Page, name: string | RegExp): Promise<void> {
  await page.getByTestId('benchmark-names').click();
  await page.getByRole('option', { name, exact: typeof name === 'string' }).click();
}

const PANEL = '[data-testid=panel-benchmarks]';

const stage = (page: Page) => page.getByTestId('benchmark-status');

/** The numbers of a row as the page has them, by column. */
async function row(page: Page, name: string): Promise<Record<string, number>> {
  const cells = await page
    .getByTestId(`benchmark-${name}`)
    .locator('td')
    .evaluateAll((all) =>
      all.map((cell) => [cell.getAttribute('data-cell'), cell.getAttribute('data-value')] as const),
    );
  return Object.fromEntries(cells.map(([cell, value]) => [cell, Number(value)]));
}

test('a set is answered by the policy on screen in the middle of a run, which goes on', async ({ page }) => {
  const lab = new LabPage(page);
  await lab.record();
  // More steps than can be done meanwhile.
  await lab.open({ steps: '200', max_completion_length: '24' });
  await page.getByTestId('run-first').click();
  await lab.inState('running');
  // The list and the button by keyboard alone.
  await page.getByTestId('benchmark-names').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('option', { name: 'All sets' }).waitFor();
  const set = getTask('ladder').benchmarks.find(({ name }) => name === 'and-or');
  if (!set) throw new Error('benchmarks: expected a set and-or, got none');
  await page.keyboard.type(set.label);
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('benchmark-names')).toContainText(set.label);
  await page.getByTestId('benchmark-run').focus();
  await page.keyboard.press('Enter');
  await expect(stage(page)).toHaveAttribute('data-stage', 'done', { timeout: 60_000 });
  const [{ step: answered }] = await lab.events('benchmarks');
  await lab.pastStep(answered);
  await lab.inState('running');
  await lab.control(/^Pause/).click();
  await lab.inState('paused');

  const [event, ...others] = await lab.events('benchmarks');
  expect(others).toEqual([]);
  expect(event).toMatchObject({ asked: ['and-or'], chosen: 1, samples: 1 });
  const [{ mean, base_score }] = event.sets;
  expect(mean.samples).toBe(60);
  // From the count of right answers anew.
  const share = mean.correct / 60;
  const shown = await row(page, 'and-or');
  expect(shown.mean).toBe(share);
  expect(shown.guess).toBe(set.randomGuess);
  expect(shown.base).toBe(set.baseScore?.accuracy);
  expect(shown.change).toBeCloseTo(share - (base_score ?? Number.NaN), 12);
  const { low, high } = wilson(mean.correct, 60);
  const percent = (value: number) => `${(value * 100).toFixed(1)}`;
  await expect(page.getByTestId('benchmark-and-or').locator('[data-cell="mean"]')).toHaveText(
    `${percent(share)}%${percent(low)}–${percent(high)}%`,
  );
  expect((await row(page, 'mean-out-of-domain')).mean).toBe(share);
  await expect(page.getByTestId('benchmark-mean-out-of-domain')).toContainText('1 of 13 sets');
  await inTheme(page, 'light');
  expect(await seriousProblems(page, PANEL)).toEqual([]);
  expect(lab.problems).toEqual([]);
});

test('an evaluation can be cancelled; a wrong number of answers is named; on the long tail nothing is measured', async ({
  page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const lab = new LabPage(page);
  await lab.record();
  await lab.open({ task: 'long-tail', model: 'long-tail-base', max_completion_length: '24' });
  await lab.takeStep(1);
  await page.getByTestId('benchmark-samples').fill('0');
  await expect(page.getByText(/expected a whole number from 1 to 64, got “0”/)).toBeVisible();
  await expect(page.getByTestId('benchmark-run')).toBeDisabled();
  await page.getByTestId('benchmark-samples').fill('2');
  await choose(page, 'Logic');
  const answering = await lab.lookOut('[data-testid=status][data-state=benchmarking]');
  const secondSet = await lab.lookOut('[data-testid=benchmark-status]', 'set 2 of 5');
  await page.getByTestId('benchmark-run').click();
  await answering();
  await secondSet();
  await page.getByTestId('benchmark-cancel').click();
  await expect(stage(page)).toHaveAttribute('data-stage', 'cancelled');
  await lab.inState('paused');
  await lab.atStep(1);

  const [event] = await lab.events('benchmarks');
  expect([event.step, event.chosen]).toEqual([1, 5]);
  // Those that were done when it was cancelled: the first, and what came before the word got there.
  expect(event.sets.length).toBeGreaterThanOrEqual(1);
  expect(event.sets.length).toBeLessThan(5);
  for (const set of event.sets) {
    expect(set.mean.samples).toBe(120);
    const shown = await row(page, set.name);
    expect(shown).toMatchObject({ mean: set.mean.correct / 120, pass: set.pass[1].value });
    await expect(page.getByTestId(`benchmark-${set.name}`).locator('[data-cell="base"]')).toHaveText(
      'not measured',
    );
  }
  await expect(page.getByTestId('benchmark-summary')).toContainText(
    `Cancelled after ${event.sets.length} of 5 sets`,
  );
  await nothingSticksOut(page);
  await inTheme(page, 'dark');
  expect(await seriousProblems(page, PANEL)).toEqual([]);
  expect(lab.problems).toEqual([]);
});
