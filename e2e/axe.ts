/** What axe finds wrong with a page, told as one line each. Used by every test that looks for it. */
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

/** Of axe's rules that are on, those that look at colours; the others read the document, which both themes share. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/**
 * What is serious or critical, in the part of the page that a selector names or on all of it, as it is drawn now.
 * @param rules those that look at colours alone, where the same was looked at by all in another theme.
 */
export async function seriousProblems(
  page: Page,
  part?: string,
  rules: 'all' | 'of colours' = 'all',
): Promise<string[]> {
  // No page of ours has a frame of another origin, which alone needs the page of its own that axe would open otherwise.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] });
  if (rules === 'of colours') axe.withRules(COLOUR_RULES);
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

/** In both themes, the second by the rules that it can break. */
export async function seriousInThemes(page: Page, part?: string): Promise<string[]> {
  await inTheme(page, 'light');
  const light = await seriousProblems(page, part);
  await inTheme(page, 'dark');
  const dark = await seriousProblems(page, part, 'of colours');
  return [...light.map((each) => `light: ${each}`), ...dark.map((each) => `dark: ${each}`)];
}

/** Draws the page in a theme and waits until it is, with nothing that moves by itself. */
export async function inTheme(page: Page, theme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
}
