/** The lab as a visitor uses it: real training steps on a real (software) adapter. */
import { expect, test } from '@playwright/test';
import { LabPage } from './lab';

/** Of what is kept of the adapter, all but the self-test. */
const choicesOf = (kept: Record<string, string>) =>
  Object.entries(kept).filter(([key]) => !key.startsWith('self-test'));

test('a visitor opens the page, presses Run, and watches a run to its end', async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await expect(page.getByTestId('self-test')).toHaveAttribute('data-status', 'passed');
  await expect(page.getByTestId('welcome')).toBeVisible();

  const running = await lab.lookOut('[data-testid=status][data-state=running]');
  // Rollouts are on screen before they are judged, and grow.
  const growing = await lab.lookOutForRollouts();
  await page.getByTestId('run-first').click();
  await running();
  await growing();

  await lab.inState('finished');
  await lab.atStep(3);
  await lab.judgedRollouts();
  const reward = Number(await page.getByTestId('metric-reward').getAttribute('data-value'));
  expect(reward).toBeGreaterThanOrEqual(0);
  expect(reward).toBeLessThanOrEqual(1);
  // The headline's reward is the share of right rollouts in the groups on screen.
  const cards = page.getByTestId(/^group-\d+$/);
  await expect(cards).toHaveCount(4);
  let right = 0;
  for (const label of await cards.evaluateAll((all) => all.map((c) => c.getAttribute('aria-label') ?? '')))
    right += Number(/(\d+) of 4 right/.exec(label)?.[1] ?? Number.NaN);
  expect(right / 16).toBeCloseTo(reward, 6);
  expect(lab.problems).toEqual([]);
});

test('a later visit neither waits for the self-test nor chooses kernels again', async ({ page }) => {
  const lab = new LabPage(page);
  await lab.record();
  await lab.open();
  await expect(page.getByTestId('self-test')).toHaveAttribute('data-status', 'passed');
  const choices = choicesOf(await lab.keptOfAdapter());
  await lab.takeStep(1);
  const course = await lab.course();
  expect(course).not.toContain('tuning');
  // The test was made after all, before the first update: when nobody waited for it any more.
  expect(course).toContain('self-test');
  expect(course.indexOf('idle')).toBeLessThan(course.indexOf('self-test'));
  expect(choices).not.toEqual([]);
  expect(choicesOf(await lab.keptOfAdapter())).toEqual(choices);
  expect(lab.problems).toEqual([]);
});

test('step, pause, resume and reset do what they say', async ({ page }) => {
  const lab = new LabPage(page);
  // More than can be done between two keys.
  await lab.open({ steps: '200' });
  await lab.takeStep(1);
  const once = await lab.judgedRollouts();
  expect(once).toHaveLength(4);

  await page.keyboard.press('Space');
  await lab.inState('running');
  await page.keyboard.press('Space');
  await lab.inState('paused');
  // The step that is under way, or one more.
  const before = Number(await lab.status.getAttribute('data-step'));
  await lab.control(/^Step/).click();
  await lab.atStep(before + 1);
  await lab.inState('paused');

  await lab.control(/^Reset/).click();
  await lab.inState('ready');
  await lab.atStep(0);
  await lab.control(/^Step/).click();
  await lab.atStep(1);
  await lab.inState('paused');
  // The same initialisation and the same random numbers: the same rollouts, to the token.
  expect(await lab.judgedRollouts()).toEqual(once);
  expect(lab.problems).toEqual([]);
});

test('a link with a seed reproduces the first rollouts, another seed does not', async ({ page, context }) => {
  const lab = new LabPage(page);
  await lab.open({ seed: '11' });
  await lab.takeStep(1);
  const rollouts = await lab.judgedRollouts();

  const again = new LabPage(await context.newPage());
  await page.close();
  await again.page.goto(lab.page.url());
  await again.canRun();
  await again.takeStep(1);
  expect(await again.judgedRollouts()).toEqual(rollouts);

  await again.open({ seed: '12' });
  await again.takeStep(1);
  expect(await again.judgedRollouts()).not.toEqual(rollouts);
});

test('a changed setting is checked, announced, and used after a reset', async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await lab.takeStep(1);
  await lab.button(/^Settings/).click();
  const knob = page.getByTestId('knob-num_generations');
  const field = (await knob.evaluate((e) => e.tagName)) === 'INPUT' ? knob : knob.locator('input').first();
  await field.fill('1');
  await field.blur();
  await expect(page.getByText(/from 2 to 256/).first()).toBeVisible();
  await field.fill('6');
  await field.blur();
  await expect(page.getByTestId('settings-changed')).toBeVisible();
  await expect(page).toHaveURL(/num_generations=6/);
  await page.getByTestId('settings-changed').getByRole('button').first().click();
  await lab.inState('ready');
  await page.keyboard.press('Escape');
  await lab.control(/^Step/).click();
  await lab.atStep(1);
  await expect(page.getByTestId('rollout-text')).toHaveCount(6);
});

test('the engine matches PyTorch in every stored case, on this browser’s adapter', async ({ page }) => {
  const lab = new LabPage(page);
  await lab.open();
  await page.getByRole('button', { name: 'What was checked' }).click();
  const dialog = page.getByTestId('self-test-dialog');
  await dialog.getByRole('button', { name: 'Check every stored case' }).click();
  await expect(dialog.getByText('Case gqa-untied-dapo-kl: passed')).toBeVisible({ timeout: 90_000 });
  await expect(dialog.getByText('Case mha-tied-grpo: passed')).toBeVisible();
  // Logits, log-probabilities, eight losses, every gradient, ten steps' curves and the weights after them.
  await expect.poll(() => dialog.locator('tbody tr').count()).toBeGreaterThan(120);
  await expect(dialog.getByText('out of tolerance')).toHaveCount(0);
  expect(lab.problems).toEqual([]);
});
