/**
 * Arms and seeds as people write them: `grpo,loose=masa-efficient:masa_cutoff_multiple=3` and `1-6`, the same after
 * `lab compare --arms` and in the link of a race. Reads the text; what the arms train on is for others to make of it.
 */
import { PRESETS } from '../run/presets';

/** A preset, varied or not. */
export interface Arm {
  name: string;
  preset: string;
  settings: { key: string; text: string }[];
}

/** What an arm's name is made of: it is a folder's as well. */
export const NAME = /^[\w.=,+-]+$/;

/**
 * Reads `PRESET`, `PRESET:key=value:key=value` or `NAME=PRESET:key=value`, several with commas between.
 * @param issues takes what is wrong
 * @param where the text is from, to head what is wrong
 */
export function readArms(text: string, issues: string[], where = '--arms'): Arm[] {
  const arms = text.split(',').map((part) => readArm(part.trim(), issues, where));
  const names = arms.map(({ name }) => name);
  for (const name of new Set(names.filter((each, i) => names.indexOf(each) !== i)))
    issues.push(`${where}: expected every arm once, got "${name}" again; name one of them: NAME=PRESET:...`);
  return arms;
}

function readArm(text: string, issues: string[], where: string): Arm {
  const [head, ...parts] = text.split(':');
  const at = head.indexOf('=');
  const preset = at === -1 ? head : head.slice(at + 1);
  const settings = parts.map((part) => {
    const equals = part.indexOf('=');
    if (equals < 1) issues.push(`${where}: expected key=value after "${head}:", got "${part}"`);
    return { key: part.slice(0, equals), text: part.slice(equals + 1) };
  });
  if (!PRESETS.some(({ name }) => name === preset))
    issues.push(
      `${where}: expected presets (${PRESETS.map(({ name }) => name).join(', ')}), got "${preset}"`,
    );
  const name = at === -1 ? [preset, ...parts].join('+').replaceAll('/', '-') : head.slice(0, at);
  if (!NAME.test(name) || /^\.*$/.test(name))
    issues.push(`${where}: expected names of letters, digits and . _ = + -, got "${name}"`);
  return { name, preset, settings };
}

/** Reads `6` as seeds 1 to 6, `3-6` as those, `1,4` as those two. */
export function readSeeds(text: string, issues: string[], where = '--seeds'): number[] {
  const single = /^\d+$/.exec(text.trim());
  const seeds = single
    ? range(1, Number(text))
    : text.split(',').flatMap((part) => {
        const [, low, high] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
        return low === undefined ? [Number.NaN] : range(Number(low), Number(high ?? low));
      });
  if (
    seeds.length === 0 ||
    seeds.some((seed) => !(seed <= 4294967295)) ||
    new Set(seeds).size < seeds.length
  ) {
    issues.push(
      `${where}: expected a number of seeds, a range such as 3-6, or a list such as 1,4, got "${text}"`,
    );
    return [];
  }
  return seeds;
}

/** Empty for one that goes down; a list no comparison could take is cut to be refused. */
const range = (low: number, high: number): number[] =>
  high - low > 10_000 ? [Number.NaN] : Array.from({ length: Math.max(0, high - low + 1) }, (_, i) => low + i);
