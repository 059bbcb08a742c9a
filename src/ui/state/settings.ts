/**
 * The settings as they stand in the form: the last valid manifest, and what was typed that is not valid yet.
 * Pure functions over the manifest's schema; knows neither the form's looks nor the run on screen.
 */
import {
  DEFAULT_MANIFEST,
  type Knob,
  type Manifest,
  ManifestError,
  type ManifestIssue,
  type ManifestKey,
  manifestDifference,
  parseKnobText,
  parseManifest,
} from '../../run/manifest';
import { manifestFromQuery } from '../../run/manifest-query';
import { PRESETS, type Preset, presetManifest, VISITOR_PRESET } from '../../run/presets';

export interface InvalidField {
  /** What is in the field. */
  text: string;
  /** What was expected of it. */
  message: string;
}

export interface Settings {
  /** Always a valid manifest. */
  draft: Manifest;
  invalid: Readonly<Partial<Record<ManifestKey, InvalidField>>>;
  /** What was wrong in the link the page was opened with, until dismissed. */
  linkIssues: readonly ManifestIssue[];
}

export const settingsOf = (draft: Manifest, linkIssues: readonly ManifestIssue[] = []): Settings => ({
  draft,
  invalid: {},
  linkIssues,
});

/**
 * What the page starts with: the settings of its address, or for a visitor who brings none the preset that shows most
 * in the least time. A link differs from the defaults by what it says, whatever visitors are shown.
 *
 * @param ignore the page's own parameters, which are no settings.
 */
export function settingsFromAddress(query: string, ignore: readonly string[]): Settings {
  const brings = [...new URLSearchParams(query).keys()].some((key) => !ignore.includes(key));
  if (!brings) return settingsOf(presetManifest(VISITOR_PRESET));
  const { manifest, issues } = manifestFromQuery(query, ignore);
  return settingsOf(manifest, issues);
}

/** The settings with `text` typed into the field of `knob`: taken over when valid, kept beside when not. */
export function typeKnob(settings: Settings, knob: Knob, text: string): Settings {
  const { [knob.key]: _, ...invalid } = settings.invalid;
  try {
    const draft = parseManifest({ ...settings.draft, [knob.key]: parseKnobText(knob.key, text) });
    return { ...settings, draft, invalid };
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const [issue] = error.issues;
    const told = issue.key === knob.key ? issue.message : `${issue.key}: ${issue.message}`;
    const message = `${told[0].toUpperCase()}${told.slice(1)}.`;
    return { ...settings, invalid: { ...invalid, [knob.key]: { text, message } } };
  }
}

export const resetKnob = (settings: Settings, knob: Knob): Settings =>
  typeKnob(settings, knob, String(knob.default));

export const hasInvalid = (settings: Settings): boolean => Object.keys(settings.invalid).length > 0;

/** The keys in which the form differs from `manifest`; the name is the user's own and starts nothing anew. */
export function changedKeys(settings: Settings, manifest: Manifest): ManifestKey[] {
  const keys = Object.keys(manifestDifference(settings.draft, manifest)) as ManifestKey[];
  return keys.filter((key) => key !== 'name');
}

/** The preset whose settings these are, seed and name aside. */
export function presetOf(manifest: Manifest): Preset | null {
  const found = PRESETS.find((preset) => {
    const { name: _name, seed: _seed, ...rest } = manifestDifference(manifest, presetManifest(preset.name));
    return Object.keys(rest).length === 0;
  });
  return found ?? null;
}

/** The preset's settings with the seed and the name kept. */
export function applyPreset(settings: Settings, name: string): Settings {
  const { seed, name: own } = settings.draft;
  return { ...settings, draft: { ...presetManifest(name), seed, name: own }, invalid: {} };
}

export const allDefaults = (settings: Settings): Settings => ({
  ...settings,
  draft: DEFAULT_MANIFEST,
  invalid: {},
});

/** One step of the arrow keys up or down, inside the bounds; a logarithmic knob goes 1, 2, 5, 10. */
export function stepped(knob: Knob, value: number, steps: number): number {
  const low = knob.minimum ?? Number.NEGATIVE_INFINITY;
  const high = knob.maximum ?? Number.POSITIVE_INFINITY;
  if (!Number.isFinite(value)) return Number(knob.default);
  if (knob.step === 'log') {
    const places = [1, 2, 5];
    const position = value > 0 ? Math.round(3 * Math.log10(value)) : -30;
    const next = position + Math.sign(steps);
    const result = places[((next % 3) + 3) % 3] * 10 ** Math.floor(next / 3);
    return Number(Math.min(high, result).toPrecision(6));
  }
  const size = knob.step ?? 1;
  return Number(Math.min(high, Math.max(low, value + steps * size)).toPrecision(10));
}
