import { expect, it } from 'vitest';
import type { Gpu } from '../gpu/device';
import { adoptChoices, choicesText, isMeasured, setChoice, sureness } from './choices';

/** A device, as far as choices know it. */
const device = () => ({ choices: new Map<string, string>() }) as Gpu;

it('are kept as they were measured, and not at all where they were guessed', () => {
  const gpu = device();
  setChoice(gpu, 'forward 8x8', 'tile', 'measured');
  setChoice(gpu, 'forward 8x16', 'vec4', 'partly');
  setChoice(gpu, 'forward 16x8', 'tile', 'guessed');
  const text = choicesText(gpu);
  expect(JSON.parse(text)).toEqual([
    ['forward 8x8', 'tile'],
    ['forward 8x16', 'vec4', 'partly'],
  ]);

  const later = device();
  adoptChoices(later, text);
  expect([...later.choices]).toEqual([
    ['forward 8x8', 'tile'],
    ['forward 8x16', 'vec4'],
  ]);
  expect(sureness(later, 'forward 8x8')).toBe('measured');
  expect(sureness(later, 'forward 8x16')).toBe('partly');
  expect(sureness(later, 'forward 16x8')).toBeNull();
  expect(choicesText(later)).toBe(text);
});

it('become surer by being measured again', () => {
  const gpu = device();
  setChoice(gpu, 'norm 8', 'row', 'guessed');
  expect(isMeasured(gpu, 'norm 8')).toBe(false);
  setChoice(gpu, 'norm 8', 'row', 'partly');
  expect(isMeasured(gpu, 'norm 8')).toBe(true);
  setChoice(gpu, 'norm 8', 'eight', 'measured');
  expect(sureness(gpu, 'norm 8')).toBe('measured');
  expect(JSON.parse(choicesText(gpu))).toEqual([['norm 8', 'eight']]);
});
