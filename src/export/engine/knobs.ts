/**
 * How an engine takes a run's settings: what each knob of the manifest becomes there, or why it cannot. A table by knob,
 * so that none is forgotten; the same table writes the engine's configuration and the account of it in the README.
 */
import { KNOBS, type Manifest, type ManifestKey } from '../../run/manifest';

/** What an engine's setting is set to. */
export type SettingValue = string | number | boolean | null | readonly number[];

export interface KnobMapping {
  /** The engine's settings by name; an empty object when it has no equivalent. */
  settings(manifest: Manifest, run: RunAhead): Readonly<Record<string, SettingValue>>;
  /** What is different there, or why there is nothing; null when it means just the same. */
  note?: string | ((manifest: Manifest) => string | null);
}

/** What of the exported run is no knob. */
export interface RunAhead {
  /** Steps to take. */
  steps: number;
  /** Words of the longest prompt. */
  promptLength: number;
  /** Predictions are asked for and rewarded. */
  withMeta: boolean;
}

/** MASA's knobs may be left out: engines know nothing of MASA, and have no equivalent unless one is named. */
type RequiredKey = Exclude<ManifestKey, `masa_${string}`>;
export type KnobTable = Record<RequiredKey, KnobMapping> & Partial<Record<ManifestKey, KnobMapping>>;

/** No equivalent, for this reason. */
export const none = (note: string): KnobMapping => ({ settings: () => ({}), note });

/** Carried by something else than a setting. */
export const carried = none;

/** A setting of that name with the knob's own value. */
export const same = (name: string, key: ManifestKey): KnobMapping => ({
  settings: (manifest) => ({ [name]: manifest[key] }),
});

const WITHOUT = none('a part of MASA that the engine has not');

export function engineSettings(
  table: KnobTable,
  manifest: Manifest,
  run: RunAhead,
): Record<string, SettingValue> {
  const settings: Record<string, SettingValue> = {};
  for (const key of Object.keys(manifest) as ManifestKey[])
    Object.assign(settings, (table[key] ?? WITHOUT).settings(manifest, run));
  return settings;
}

const shown = (value: SettingValue) => `\`${Array.isArray(value) ? `[${value}]` : value}\``;

/** A Markdown table of all knobs that the run sets or that are carried, then those without an equivalent. */
export function knobAccount(table: KnobTable, manifest: Manifest, run: RunAhead): string {
  const rows: string[] = [];
  const without: string[] = [];
  for (const { key } of KNOBS) {
    const { settings, note } = table[key] ?? WITHOUT;
    const remark = typeof note === 'function' ? note(manifest) : note;
    const set = Object.entries(settings(manifest, run));
    const value = `\`${key}\` (\`${manifest[key]}\`)`;
    if (set.length === 0) without.push(`- ${value}: ${remark ?? 'nothing to set'}`);
    else {
      const there = set.map(([name, to]) => `\`${name}\` = ${shown(to)}`).join('<br>');
      rows.push(`| ${value} | ${there} | ${remark ?? ''} |`);
    }
  }
  return `| setting here | setting there | difference |\n| --- | --- | --- |\n${rows.join('\n')}\n\nWithout an equivalent as a setting:\n\n${without.join('\n')}\n`;
}
