/**
 * What is known of the kernels chosen: how surely, and as text for the next visit. Measures nothing; that is `tune.ts`.
 * Operations read `gpu.choices` alone (`chosen` in `variants.ts`).
 */
import type { Gpu } from '../gpu/device';

/**
 * How a choice came about: against every variant that is worth it; against those that there was time for, or while other
 * kernels were compiled; or by what won in others of its operation, which holds for this visit alone.
 */
export type Sureness = 'measured' | 'partly' | 'guessed';

/** All but the measured ones. */
const unsure = new WeakMap<Gpu, Map<string, Sureness>>();

function unsureOf(gpu: Gpu): Map<string, Sureness> {
  const known = unsure.get(gpu) ?? new Map<string, Sureness>();
  unsure.set(gpu, known);
  return known;
}

export function setChoice(gpu: Gpu, key: string, name: string, how: Sureness): void {
  gpu.choices.set(key, name);
  if (how === 'measured') unsureOf(gpu).delete(key);
  else unsureOf(gpu).set(key, how);
}

/** null where nothing was chosen. */
export function sureness(gpu: Gpu, key: string): Sureness | null {
  return gpu.choices.has(key) ? (unsureOf(gpu).get(key) ?? 'measured') : null;
}

/** Against some other variant at least. */
export function isMeasured(gpu: Gpu, key: string): boolean {
  const how = sureness(gpu, key);
  return how === 'measured' || how === 'partly';
}

/** What was measured, as text; `adoptChoices` reads it. */
export const choicesText = (gpu: Gpu): string =>
  JSON.stringify(
    [...gpu.choices].flatMap(([key, name]) => {
      if (!isMeasured(gpu, key)) return [];
      const how = sureness(gpu, key);
      return [how === 'partly' ? [key, name, how] : [key, name]];
    }),
  );

/** Text of another kind is ignored, as choices can be measured again. */
export function adoptChoices(gpu: Gpu, text: string): void {
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    return;
  }
  if (!Array.isArray(entries)) return;
  for (const entry of entries)
    if (Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'string')
      setChoice(gpu, entry[0], entry[1], entry[2] === 'partly' ? 'partly' : 'measured');
}
