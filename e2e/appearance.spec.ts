/** Readable and operable: both themes, three widths, by keyboard, and without anything axe calls serious. */
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { LabPage } from './lab';

async function seriousProblems(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
}

for (const colorScheme of ['light', 'dark'] as const)
  test(`nothing serious for axe in the ${colorScheme} theme, before and during a run`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    const lab = new LabPage(page);
    await lab.open();
    expect(await seriousProblems(page)).toEqual([]);
    await page.keyboard.press('s');
    await lab.atStep(1);
    await lab.inState('paused');
    await lab.judgedRollouts();
    expect(await seriousProblems(page)).toEqual([]);
    await lab.button(/^Settings/).click();
    await expect(page.getByTestId('settings')).toBeVisible();
    expect(await seriousProblems(page)).toEqual([]);
  });

for (const width of [1440, 1024, 390])
  test(`fits a window ${width} pixels wide`, async ({ page }) => {
    await page.setViewportSize({ width, height: 844 });
    const lab = new LabPage(page);
    await lab.open({ prompts_per_step: '6' });
    const overflow = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.keyboard.press('s');
    await lab.atStep(1);
    await lab.inState('paused');
    await lab.judgedRollouts();
    expect(await overflow()).toBeLessThanOrEqual(0);
  });
