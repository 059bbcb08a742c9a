/**
 * Readable and operable: in both themes nothing that axe calls serious on any view, three widths that nothing sticks out
 * of, and the page by keyboard alone. One page is led through many views, since opening it takes the longest.
 */
import { expect, type Page, test } from '@playwright/test';
import { seriousInThemes } from './axe';
import { LabPage, nothingSticksOut } from './lab';

/** Predictions, gate, cutoff, experts and hints: every panel there is. */
const EVERYTHING = {
  masa_meta: 'train',
  masa_num_generations: '2',
  masa_gate: 'true',
  masa_gate_min_prompts: '2',
  masa_cutoff: 'true',
  masa_experts: 'true',
  masa_hint_share: '0.25',
};

/** In both themes; `part` alone where the rest of the page was looked at before. */
async function nothingSerious(page: Page, view: string, part?: string): Promise<void> {
  expect(await seriousInThemes(page, part), view).toEqual([]);
}

test('nothing serious for axe on any view, in either theme', async ({ page }) => {
  const lab = new LabPage(page);
  await page.goto('./');
  await lab.canRun();
  await expect(page.getByTestId('recorded-step')).toBeVisible();
  await nothingSerious(page, 'first screen');
  await lab.open(EVERYTHING);
  await lab.takeStep(1);
  await lab.judgedRollouts();
  await nothingSerious(page, 'a run');

  const dialog = '[role=dialog]';
  await page.keyboard.press('?');
  await expect(page.getByTestId('keys')).toBeVisible();
  await nothingSerious(page, 'keys', dialog);
  await page.keyboard.press('Escape');

  await page.getByTestId('open-runs').click();
  const runs = page.getByRole('dialog', { name: /Runs kept/ });
  await expect(runs.locator('tbody tr').first()).toBeVisible();
  await nothingSerious(page, 'runs', dialog);
  await runs.locator('tbody tr').first().getByRole('button').last().click();
  await nothingSerious(page, 'what can be done with a run', '[role=menu]');
  await page.getByRole('menuitem', { name: /Kept steps/ }).click();
  await expect(page.getByTestId('checkpoints')).toBeVisible();
  await nothingSerious(page, 'kept steps', '[data-testid=checkpoints]');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);

  await page.getByTestId('menu-self-knowledge').click();
  await nothingSerious(page, 'a panel’s menu', '[role=menu]');
  await page.getByRole('menuitem', { name: 'Enlarge' }).click();
  await expect(page.getByTestId('enlarged-self-knowledge')).toBeVisible();
  await nothingSerious(page, 'an enlarged panel', dialog);
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Theme and more' }).click();
  await nothingSerious(page, 'the header’s menu', '[role=menu]');
  await page.keyboard.press('Escape');
  // The menu gives the focus back when it is gone.
  await expect(page.getByRole('menu')).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Theme and more' })).toBeFocused();
  // Scrolling puts tooltips away, and is told of in the frame after it.
  await page.evaluate(async () => {
    const frame = () => new Promise((next) => requestAnimationFrame(next));
    scrollTo({ top: 0, behavior: 'instant' });
    await frame();
    await frame();
  });
  await page
    .getByTestId('metric-accuracy')
    .locator('xpath=ancestor::div[1]')
    .getByRole('button')
    .first()
    .focus();
  await expect(page.getByRole('tooltip')).toContainText('Computed in');
  await lab.button(/^Settings/).click();
  await expect(page.getByTestId('settings')).toBeVisible();
  await nothingSerious(page, 'settings', '#settings');
  expect(lab.problems).toEqual([]);
});

test('nothing sticks out of a window 1440, 1024 or 390 pixels wide', async ({ page }) => {
  const lab = new LabPage(page);
  const fits = async (view: string) => {
    for (const width of [1440, 1024, 390]) {
      await page.setViewportSize({ width, height: 844 });
      await nothingSticksOut(page, `${view} at ${width}`);
    }
  };
  await page.goto('./');
  await lab.canRun();
  await fits('first screen');
  await lab.open({ ...EVERYTHING, prompts_per_step: '6' });
  await lab.takeStep(1);
  await lab.judgedRollouts();
  await fits('a run');
});
