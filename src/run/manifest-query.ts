/**
 * A manifest as the query string of a link, and back. Only what differs from the defaults is written; whatever a
 * link says wrong is reported and ignored. Used by the page.
 */
import {
  MANIFEST_VERSION,
  type Manifest,
  ManifestError,
  type ManifestIssue,
  type ManifestKey,
  manifestDifference,
  parseKnobText,
  parseManifest,
} from './manifest';

/**
 * The query string of a manifest: its version and what differs from the defaults; empty for the defaults.
 * The seed is always in it, so that a link says which run it means.
 */
export function manifestToQuery(manifest: Manifest): string {
  const query = new URLSearchParams({ v: String(MANIFEST_VERSION), seed: String(manifest.seed) });
  for (const [key, value] of Object.entries(manifestDifference(manifest)))
    if (key !== 'seed') query.set(key, String(value));
  return query.toString();
}

/**
 * The manifest a query string describes. Wrong keys and values are reported and ignored, never fatal;
 * keys in `ignore` (the page's own parameters) are passed over. The order of the keys does not matter.
 */
export function manifestFromQuery(
  query: string,
  ignore: readonly string[] = [],
): { manifest: Manifest; issues: ManifestIssue[] } {
  const issues: ManifestIssue[] = [];
  const settings: Record<string, Manifest[ManifestKey]> = {};
  for (const [key, text] of new URLSearchParams(query)) {
    if (ignore.includes(key)) continue;
    if (key === 'v') {
      if (Number(text) !== MANIFEST_VERSION)
        issues.push({ key, message: `expected version ${MANIFEST_VERSION}, got "${text}"` });
      continue;
    }
    try {
      settings[key] = parseKnobText(key, text);
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      issues.push(...error.issues);
    }
  }
  // All settings are judged together, for a rule between two of them must not depend on which comes first;
  // what is named as wrong is dropped and the rest judged again.
  for (;;) {
    try {
      return { manifest: parseManifest(settings), issues };
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      const wrong = error.issues.filter(({ key }) => Object.hasOwn(settings, key));
      if (wrong.length === 0) throw error;
      issues.push(...wrong);
      for (const { key } of wrong) delete settings[key];
    }
  }
}
