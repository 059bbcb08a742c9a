/**
 * Which theme is on: the system's unless the user chose one, which is remembered. Sets `data-theme` on the
 * root element; charts, which draw on canvas, subscribe. Knows no React.
 */
import { createStore } from 'zustand/vanilla';
import { PALETTE, paletteCss, type Theme } from './palette';

export type ThemeChoice = 'system' | Theme;
const KEY = 'masa-lab.theme';

const systemDark = matchMedia('(prefers-color-scheme: dark)');

function remembered(): ThemeChoice {
  try {
    const text = localStorage.getItem(KEY);
    return text === 'light' || text === 'dark' ? text : 'system';
  } catch {
    // Storage can be switched off; the page then follows the system.
    return 'system';
  }
}

const themeOf = (choice: ThemeChoice): Theme =>
  choice === 'system' ? (systemDark.matches ? 'dark' : 'light') : choice;

export const themeStore = createStore<{ choice: ThemeChoice; theme: Theme }>(() => {
  const choice = remembered();
  return { choice, theme: themeOf(choice) };
});

export function chooseTheme(choice: ThemeChoice): void {
  themeStore.setState({ choice, theme: themeOf(choice) });
  try {
    if (choice === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    // See above: the choice then holds until the page is closed.
  }
}

/** Puts the palette into the document and keeps the theme on the root element. Called once, before drawing. */
export function installTheme(): void {
  const sheet = document.createElement('style');
  sheet.textContent = paletteCss();
  document.head.append(sheet);
  const apply = () => {
    const { theme } = themeStore.getState();
    document.documentElement.dataset.theme = theme;
    document.querySelector('meta[name="theme-color"]')?.setAttribute('content', PALETTE[theme].page);
  };
  apply();
  themeStore.subscribe(apply);
  systemDark.addEventListener('change', () => {
    const { choice } = themeStore.getState();
    themeStore.setState({ theme: themeOf(choice) });
  });
}
