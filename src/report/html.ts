/**
 * HTML as text that cannot be broken out of: whatever is put into a template is escaped, unless it is HTML made here.
 * Names, notes and messages come with runs of others. Knows no page; used by everything that writes reports.
 */

/** A piece of finished HTML. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = Html | string | number | null | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters, which no HTML may hold, and halves of a surrogate pair, which no UTF-8 can. */
const UNWRITABLE = /(?![\t\n\r])\p{Cc}|\p{Cs}/gu;

export const escapeHtml = (text: string): string =>
  text.replace(UNWRITABLE, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character]);

/** `html\`<p title="${text}">${text}</p>\``: attributes have to be quoted. null is nothing, a list its parts. */
export const html = (texts: TemplateStringsArray, ...parts: Part[]): Html =>
  new Html(texts.reduce((all, text, i) => all + written(parts[i - 1]) + text));

function written(part: Part): string {
  if (part === null) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'number') return String(part);
  return typeof part === 'string' ? escapeHtml(part) : part.map(written).join('');
}
