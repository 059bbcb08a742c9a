/** Addresses of embedded views: `?embed=PANEL&replay=ADDRESS`, and the HTML that puts one into another page. */
import { REPLAY_KEY } from '../replay/address';

export const EMBED_KEY = 'embed';

/** The room under the panel for the view's own controls, and around it. */
const BAR_HEIGHT = 76;
const LEAST_HEIGHT = 240;

/** The view of one panel of a recording served by this site. */
export function embedAddress(page: string, panel: string, recording: string): string {
  const url = new URL(page);
  const address = new URL(recording, page);
  const folder = new URL('./', page);
  url.hash = '';
  url.search = '';
  url.searchParams.set(EMBED_KEY, panel);
  const inside = address.href.startsWith(folder.href)
    ? address.href.slice(folder.href.length)
    : address.pathname;
  url.searchParams.set(REPLAY_KEY, inside);
  return url.href;
}

/** The whole lab with the same recording, at the same panel. */
export function labAddress(page: string, panel: string): string {
  const url = new URL(page);
  url.searchParams.delete(EMBED_KEY);
  url.hash = `panel-${panel}`;
  return url.href;
}

/** An `<iframe>` to be put into another page. @param height of the panel, in CSS pixels */
export function embedCode(address: string, title: string, height: number): string {
  const tall = Math.max(LEAST_HEIGHT, Math.ceil(height)) + BAR_HEIGHT;
  return `<iframe src="${escaped(address)}" title="${escaped(`${title} – MASA Lab`)}" width="100%" height="${tall}" loading="lazy" style="border:0"></iframe>`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
