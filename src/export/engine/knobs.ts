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
  /** Where else in the export it went, instead of into a setting. */
  elsewhere?: string;
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
type RequiredKey = Exclude<ManifestKey, `masa_${string}` | `meta_adapter${string}`>;
export type KnobTable = Record<RequiredKey, KnobMapping> & Partial<Record<ManifestKey, KnobMapping>>;

/** No equivalent, for this reason. */
export const none = (note: string): KnobMapping => ({ settings: () => ({}), note });

/** No equivalent, which is worth a word only where the run makes use of it. */
export const noneWhere = (isUsed: (manifest: Manifest) => boolean, note: string): KnobMapping => ({
  settings: () => ({}),
  note: (manifest) => (isUsed(manifest) ? note : null),
});

/** Carried by something else than a setting. */
export const carried = (elsewhere: string): KnobMapping => ({ settings: () => ({}), elsewhere });

/** A setting of that name with the knob's own value. */
export const same = (name: string, key: ManifestKey): KnobMapping => ({
  settings: (manifest) => ({ [name]: manifest[key] }),
});

const WITHOUT = none('a part of MASA, which the engine has not');

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

/** What became of each knob, in Markdown: those that are settings there, those that went elsewhere, those left behind. */
export function knobAccount(table: KnobTable, manifest: Manifest, run: RunAhead): string {
  const settings: string[] = [];
  const elsewhere: string[] = [];
  const left = new Map<string, string[]>();
  for (const { key } of KNOBS) {
    const mapping = table[key] ?? WITHOUT;
    const value = `\`${key}\` (\`${manifest[key] === '' ? '""' : manifest[key]}\`)`;
    const note = (typeof mapping.note === 'function' ? mapping.note(manifest) : mapping.note) ?? '';
    const set = Object.entries(mapping.settings(manifest, run));
    if (set.length > 0) {
      const there = set.map(([name, to]) => `\`${name}\` = ${shown(to)}`).join('<br>');
      settings.push(`| ${value} | ${there} | ${note} |`);
    } else if (mapping.elsewhere !== undefined) elsewhere.push(`- ${value}: ${mapping.elsewhere}`);
    else left.set(note, [...(left.get(note) ?? []), value]);
  }
  const behind = [...left].map(([note, values]) => `- ${values.join(', ')}: ${note}`);
  return `| setting here | setting there | difference |
| --- | --- | --- |
${settings.join('\n')}

Carried otherwise:

${elsewhere.join('\n')}

Without an equivalent:

${behind.join('\n')}
`;
}
