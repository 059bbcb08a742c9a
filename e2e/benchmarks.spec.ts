/** The benchmark sets in the page, asked for as a visitor does, and their figures beside the stream's. */
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { wilson } from '../src/run/statistics';
import { getTask } from '../src/tasks';
import { LabPage } from './lab';

async function choose(page: Page, name: string | RegExp): Promise<void> {
  await page.getByTestId('benchmark-names').click();
  await page.getByRole('option', { name, exact: typeof name === 'string' }).click();
}

async function seriousProblems(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).include('[data-testid="panel-benchmarks"]').analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

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
  await lab.open({ steps: '4', max_completion_length: '24' });
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
  await lab.inState('finished');
  await lab.atStep(4);

  const [event, ...others] = await lab.events('benchmarks');
  expect(others).toEqual([]);
  expect(event).toMatchObject({ asked: ['and-or'], chosen: 1, samples: 1 });
  expect(event.step).toBeLessThanOrEqual(4);
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
  expect(await seriousProblems(page)).toEqual([]);
  expect(lab.problems).toEqual([]);
});

test('an evaluation can be cancelled; a wrong number of answers is named; on the long tail nothing is measured', async ({
  page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const lab = new LabPage(page);
  await lab.record();
  await lab.open({ task: 'long-tail', model: 'long-tail-base', max_completion_length: '24' });
  await page.keyboard.press('s');
  await lab.inState('paused');
  await page.getByTestId('benchmark-samples').fill('0');
  await expect(page.getByText(/expected a whole number from 1 to 64, got “0”/)).toBeVisible();
  await expect(page.getByTestId('benchmark-run')).toBeDisabled();
  await page.getByTestId('benchmark-samples').fill('2');
  await choose(page, 'Logic');
  await page.getByTestId('benchmark-run').click();
  await expect(stage(page)).toContainText('set 2 of 5', { timeout: 60_000 });
  await expect(lab.status).toHaveAttribute('data-state', 'benchmarking');
  await page.getByTestId('benchmark-cancel').click();
  await expect(stage(page)).toHaveAttribute('data-stage', 'cancelled');
  await lab.inState('paused');
  await lab.atStep(1);

  const [event] = await lab.events('benchmarks');
  expect([event.step, event.chosen, event.sets.length]).toEqual([1, 5, 1]);
  const [set] = event.sets;
  expect(set.mean.samples).toBe(120);
  const shown = await row(page, set.name);
  expect(shown).toMatchObject({ mean: set.mean.correct / 120, pass: set.pass[1].value });
  await expect(page.getByTestId(`benchmark-${set.name}`).locator('[data-cell="base"]')).toHaveText(
    'not measured',
  );
  await expect(page.getByTestId('benchmark-summary')).toContainText('Cancelled after 1 of 5 sets');
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await seriousProblems(page)).toEqual([]);
  expect(lab.problems).toEqual([]);
});
