import { describe, expect, test } from 'vitest';
import { type ColourRole, PALETTE, paletteCss, THEMES } from './palette';

/** Relative luminance and contrast of WCAG 2.2, from `#rrggbb`. */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const TEXT: ColourRole[] = [
  'ink',
  'ink-2',
  'ink-3',
  'accent',
  'right',
  'wrong',
  'above',
  'below',
  'predicted',
  'good',
  'bad',
];
const GROUNDS: ColourRole[] = ['page', 'surface', 'sunken'];

describe.each(THEMES)('the %s theme', (theme) => {
  const colours = PALETTE[theme];

  test.each(TEXT.flatMap((text) => GROUNDS.map((ground) => [text, ground] as const)))(
    'text in %s can be read on %s',
    (text, ground) => {
      expect(contrast(colours[text], colours[ground])).toBeGreaterThanOrEqual(4.5);
    },
  );

  test('lines and bars stand out from the panel they are drawn on', () => {
    const drawn: ColourRole[] = [
      'right',
      'wrong',
      'truncated',
      'held-out',
      'line-1',
      'line-strong',
      'tier-1',
      'tier-2',
      'tier-3',
      'tier-4',
      'arm-1',
      'arm-2',
      'arm-3',
      'arm-4',
    ];
    for (const role of drawn)
      expect(contrast(colours[role], colours.surface), role).toBeGreaterThanOrEqual(3);
  });
});

test('both themes name the same roles, and every role becomes a custom property', () => {
  expect(Object.keys(PALETTE.dark)).toEqual(Object.keys(PALETTE.light));
  const css = paletteCss();
  for (const role of Object.keys(PALETTE.light)) expect(css).toContain(`--${role}:`);
});
