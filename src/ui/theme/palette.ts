/**
 * Every colour of the page, by meaning, for both themes. A colour means one thing wherever it appears: in
 * text, in a bar, in a chart, on a token. Nothing else in the page names a colour.
 *
 * The pairs that carry meaning (right/wrong, advantage above/below zero) differ in hue and lightness so that
 * they stay apart for red-green and blue-yellow colour-blind eyes (hues after Okabe and Ito, and Paul Tol's
 * "muted" set), and each is paired with a sign or a texture where it is drawn. Text colours hold 4.5:1 on
 * `page`, `surface` and `sunken`.
 */

export const THEMES = ['light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const LIGHT = {
  page: '#f6f5f1',
  surface: '#ffffff',
  sunken: '#efede7',
  line: '#e1ded6',
  'line-strong': '#8b867b',
  ink: '#1c1b18',
  'ink-2': '#4b4840',
  'ink-3': '#656157',
  /** Text on `ink`: the primary button. */
  'on-ink': '#ffffff',
  /** Focus, links, what is selected. */
  accent: '#4340a0',
  'accent-soft': '#e9e8f6',
  /** The verifier said right; also the reward of training, which is the share of right rollouts. */
  right: '#0b62a8',
  'right-soft': '#dceaf6',
  /** The verifier said wrong. */
  wrong: '#b34706',
  'wrong-soft': '#fae7da',
  /** Ran into the length limit. */
  truncated: '#6d6a64',
  /** Not judged yet. */
  growing: '#b9b4a8',
  /** Advantage above and below zero. */
  above: '#12745a',
  below: '#85358a',
  /** What the policy predicted of itself, wherever it stands beside what happened. */
  predicted: '#1f6e67',
  'predicted-soft': '#d8ebe8',
  'predicted-band': '#1f6e6722',
  /** Accuracy on held-out problems. */
  'held-out': '#1c1b18',
  'held-out-band': '#1c1b1820',
  /** Lines that need no meaning of their own, first to third. */
  'line-1': '#4340a0',
  'line-2': '#8a87d0',
  'line-3': '#6a675f',
  'line-band': '#4340a022',
  'tier-1': '#2f8f80',
  'tier-2': '#8a8a1f',
  'tier-3': '#c4566a',
  'tier-4': '#7b1f50',
  'tier-5': '#332288',
  'tier-6': '#4f9fc4',
  'tier-7': '#117733',
  'tier-8': '#a0742a',
  /** Arms of a race, the baseline first; each has a dash and a mark of its own beside it. */
  'arm-1': '#4b4840',
  'arm-2': '#4340a0',
  'arm-3': '#8a5f12',
  'arm-4': '#8c2f63',
  'phase-meta': '#2f7f78',
  'phase-gate': '#9ccbc5',
  'phase-rollout': '#37358a',
  'phase-reward': '#9a97d8',
  'phase-advantage': '#4a3f78',
  'phase-update': '#6663bd',
  'phase-clone': '#56a89f',
  'phase-evaluate': '#c4c2ea',
  'phase-checkpoint': '#8c887e',
  /** What holds device memory. */
  'held-weights': '#3d5f80',
  'held-gradients': '#7f9fbd',
  'held-optimizer': '#b4c8da',
  'held-activations': '#77682c',
  'held-backward': '#bba65c',
  'held-cache': '#7d5a7e',
  good: '#12745a',
  warn: '#8a5a00',
  'warn-soft': '#fbf0d6',
  bad: '#a3241c',
  'bad-soft': '#fae3e1',
  shadow: '#1c1b1818',
} as const;

export type ColourRole = keyof typeof LIGHT;

const DARK: Record<ColourRole, string> = {
  page: '#131315',
  surface: '#1b1b1e',
  sunken: '#242428',
  line: '#303036',
  'line-strong': '#76767f',
  ink: '#f0eee8',
  'ink-2': '#c3bfb6',
  'ink-3': '#a19d94',
  'on-ink': '#131315',
  accent: '#a9a6f2',
  'accent-soft': '#2b2a45',
  right: '#62aff0',
  'right-soft': '#1a3147',
  wrong: '#f2935a',
  'wrong-soft': '#45291a',
  truncated: '#9b9aa2',
  growing: '#5d5d66',
  above: '#4fc49c',
  below: '#d590db',
  predicted: '#66c2b8',
  'predicted-soft': '#1d3a37',
  'predicted-band': '#66c2b826',
  'held-out': '#f0eee8',
  'held-out-band': '#f0eee826',
  'line-1': '#a9a6f2',
  'line-2': '#6f6cc0',
  'line-3': '#a19d94',
  'line-band': '#a9a6f22a',
  'tier-1': '#5cc7b5',
  'tier-2': '#c6c65c',
  'tier-3': '#ec8c9c',
  'tier-4': '#b34f9c',
  'tier-5': '#8f83e6',
  'tier-6': '#7cc4e6',
  'tier-7': '#62b878',
  'tier-8': '#d6ab68',
  'arm-1': '#c3bfb6',
  'arm-2': '#a9a6f2',
  'arm-3': '#e0b25a',
  'arm-4': '#e38fbd',
  'phase-meta': '#5fb8ae',
  'phase-gate': '#2f6a64',
  'phase-rollout': '#a9a6f2',
  'phase-reward': '#56539c',
  'phase-advantage': '#c9c2ee',
  'phase-update': '#7d7ad2',
  'phase-clone': '#3f8f86',
  'phase-evaluate': '#d3d2f4',
  'phase-checkpoint': '#85848d',
  'held-weights': '#8fb3d6',
  'held-gradients': '#5f82a5',
  'held-optimizer': '#3f5a75',
  'held-activations': '#d0bb6b',
  'held-backward': '#8a7a3e',
  'held-cache': '#b98cba',
  good: '#4fc49c',
  warn: '#e6b450',
  'warn-soft': '#3a301a',
  bad: '#f28a80',
  'bad-soft': '#45211e',
  shadow: '#00000066',
};

export const PALETTE: Readonly<Record<Theme, Readonly<Record<ColourRole, string>>>> = {
  light: LIGHT,
  dark: DARK,
};

/** Tiers that have a colour of their own, in rising difficulty. */
export const TIER_COLOURS: Readonly<Record<string, ColourRole>> = {
  easy: 'tier-1',
  mid: 'tier-2',
  hard: 'tier-3',
  unsolvable: 'tier-4',
};

/** For every other tier, in order. */
export const SPARE_TIER_COLOURS: readonly ColourRole[] = ['tier-5', 'tier-6', 'tier-7', 'tier-8'];

/** Arms that are compared, in order: none of these colours means anything else beside them. */
export const ARM_COLOURS: readonly ColourRole[] = ['tier-5', 'wrong', 'above', 'below', 'tier-6', 'tier-8'];

/** The palette as custom properties (`--ink`, ...), for the style sheets. */
export function paletteCss(): string {
  const block = (theme: Theme) =>
    Object.entries(PALETTE[theme])
      .map(([role, colour]) => `--${role}:${colour};`)
      .join('');
  return THEMES.map((theme) => `:root[data-theme="${theme}"]{color-scheme:${theme};${block(theme)}}`).join(
    '\n',
  );
}
