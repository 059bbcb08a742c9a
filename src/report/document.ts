/**
 * The file a report is: one HTML document that asks for nothing and runs nothing. Its policy forbids both, so that no
 * text inside it could, whatever it says. And the pieces that every report is made of: sections and tables.
 */
import { type Html, html, Html as Made } from './html';
import { STYLE } from './style';

/** Of the report's own form, in `<meta name="masa-lab-report">`. */
export const REPORT_VERSION = 1;

/** A file larger than this is made again with fewer points. */
export const MOST_REPORT_BYTES = 3_000_000;

export interface ReportOptions {
  /** Version of the lab that makes the report. */
  lab: string;
  /** When it is made, as an ISO date; left out of the file where null. */
  madeAt: string | null;
}

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export function documentOf(
  title: string,
  lead: Html,
  body: readonly (Html | null)[],
  options: ReportOptions,
): string {
  const { lab, madeAt } = options;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="MASA Lab ${lab}">
<meta name="masa-lab-report" content="${REPORT_VERSION}">
<title>${title}</title>
<style>${new Made(STYLE)}</style>
</head>
<body>
<main>
<header><h1>${title}</h1>${lead}</header>
${body}
<footer>Made by MASA Lab ${lab}${madeAt === null ? '' : ` on ${madeAt}`}. Everything here comes from the event stream; nothing is loaded.</footer>
</main>
</body>
</html>
`.text;
}

export const section = (title: string, ...parts: readonly (Html | null)[]): Html =>
  html`<section><h2>${title}</h2>
${parts}
</section>
`;

export interface TableOptions {
  caption?: string;
  /** Columns of words rather than figures, from 0; the first always is. */
  words?: readonly number[];
}

/** null without a row. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { caption, words = [] }: TableOptions = {},
): Html | null {
  if (rows.length === 0) return null;
  const isText = new Set(words);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption ?? head.join(', ')}"><table>${caption === undefined ? null : html`<caption>${caption}</caption>`}
<thead><tr>${head.map((cell, i) => (isText.has(i) ? html`<th scope="col" class="text">${cell}</th>` : html`<th scope="col">${cell}</th>`))}</tr></thead>
<tbody>
${rows.map(
  ([
    name,
    ...cells
  ]) => html`<tr><th scope="row">${name}</th>${cells.map((cell, i) => (isText.has(i + 1) ? html`<td class="text">${cell}</td>` : html`<td>${cell}</td>`))}</tr>
`,
)}</tbody></table></div>`;
}

export const folded = (summary: string, ...parts: readonly (Html | null)[]): Html =>
  html`<details><summary>${summary}</summary>${parts}</details>`;

export interface Tile {
  label: string;
  value: string;
  small?: string;
}

export const tiles = (list: readonly Tile[]): Html =>
  html`<dl class="tiles">${list.map(({ label, value, small }) => html`<div><dt>${label}</dt><dd>${value}${small ? html`<small>${small}</small>` : null}</dd></div>`)}</dl>`;

/** `build` with as many points as fit the largest file there may be. */
export function withinSize(build: (points: number) => string): string {
  let text = '';
  for (let points = 400; points >= 25; points = Math.floor(points / 2)) {
    text = build(points);
    if (new TextEncoder().encode(text).length <= MOST_REPORT_BYTES) return text;
  }
  throw new Error(
    `report: expected at most ${MOST_REPORT_BYTES} bytes, got ${new TextEncoder().encode(text).length} with the fewest points; report on fewer runs`,
  );
}
