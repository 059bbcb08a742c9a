/** The page's address, which holds what differs from the defaults of a run. */
import type { Manifest } from '../../run/manifest';
import { manifestToQuery } from '../../run/manifest-query';

/** Puts these settings into the address bar, without a step in its history. */
export function showAddress(query: string): void {
  const url = new URL(location.href);
  url.search = query;
  history.replaceState(null, '', url.href);
}

/** The address of this page with these settings. */
export function linkTo(manifest: Manifest): string {
  const url = new URL(location.href);
  url.search = manifestToQuery(manifest);
  return url.href;
}
