/** What axe finds wrong with a page, told as one line each. Used by every test that looks for it. */
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

/** What is serious or critical, in the part of the page that a selector names or on all of it, as it is drawn now. */
export async function seriousProblems(page: Page, part?: string): Promise<string[]> {
  const axe = new AxeBuilder({ page });
  if (part) {
    await expect(page.locator(part).first()).toBeVisible();
    axe.include(part);
  }
  const { violations } = await axe.analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => {
      const places = nodes.map(({ target, any }) => `${target.join(' ')} ${any[0]?.message ?? ''}`.trim());
      return `${id}: ${places.join(', ')}`;
    });
}

/** Draws the page in a theme and waits until it is, with nothing that moves by itself. */
export async function inTheme(page: Page, theme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
}
