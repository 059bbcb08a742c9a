/** A chart of curves as inline SVG: axes, bands, lines told apart by colour and dash, and a legend in text. */
import { formatNumber } from '../run/format';
import { bandPath, COLOURS, dashOf, layOut, linePath } from './chart-layout';
import type { Curve } from './curves';
import { type Html, html } from './html';

const WIDTH = 620;
const HEIGHT = 250;

export interface ChartLine {
  label: string;
  curve: Curve;
  /** Which of the colours and dashes. */
  index: number;
  /** Behind the others, thinner, and not in the legend: a single run of an arm. */
  faint?: boolean;
  /** A mark at each point, for what is measured seldom. */
  marks?: boolean;
}

export interface ChartText {
  /** What it shows, as a sentence without its end. */
  title: string;
  note: string;
  xLabel: string;
  format(value: number): string;
  range: readonly [number | null, number | null];
}

/** null without a point to draw. */
export function chart(
  { title, note, xLabel, format, range }: ChartText,
  lines: readonly ChartLine[],
): Html | null {
  const drawn = lines.filter(({ curve }) => curve.x.length > 0);
  const layout = layOut(
    drawn.map(({ curve }) => curve),
    WIDTH,
    HEIGHT,
    range,
  );
  if (!layout) return null;
  const { box, x, y } = layout;
  const named = drawn.filter(({ faint }) => !faint);
  const spoken = named
    .map(({ label, curve }) => `${label} ${format(curve.y[curve.y.length - 1])}`)
    .join(', ');
  return html`<figure>
<figcaption><strong>${title}</strong> <span class="against">against ${xLabel}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title} against ${xLabel}; at the end: ${spoken}">
${y.ticks.map((tick) => html`<line class="grid" x1="${box.left}" x2="${box.right}" y1="${round(y(tick))}" y2="${round(y(tick))}"/><text class="y" x="${box.left - 6}" y="${round(y(tick) + 4)}">${tickText(format(tick))}</text>`)}
${x.ticks.map((tick) => html`<text class="x" x="${round(x(tick))}" y="${HEIGHT - 8}">${short(tick)}</text>`)}
<line class="axis" x1="${box.left}" x2="${box.right}" y1="${box.bottom}" y2="${box.bottom}"/>
${drawn.map(({ curve, index, faint }) => (faint || !curve.band ? null : html`<path class="band c${index % COLOURS}" d="${bandPath(curve, layout)}"/>`))}
${[...drawn].sort((a, b) => Number(b.faint ?? false) - Number(a.faint ?? false)).map(({ curve, index, faint, marks }) => html`<path class="line c${index % COLOURS}${faint ? ' faint' : ''}" stroke-dasharray="${dashOf(index)}" d="${linePath(curve, layout)}"/>${marks && !faint ? curve.x.map((place, i) => html`<circle class="c${index % COLOURS}" cx="${round(x(place))}" cy="${round(y(curve.y[i]))}" r="3"><title>${short(place)}: ${format(curve.y[i])}</title></circle>`) : null}`)}
</svg>
<ul class="legend">${named.map(({ label, curve, index }) => html`<li><svg width="26" height="8" aria-hidden="true"><path class="line c${index % COLOURS}" stroke-dasharray="${dashOf(index)}" d="M1 4H25"/></svg>${label} <span class="n">${format(curve.y[curve.y.length - 1])}</span></li>`)}</ul>
<p class="note">${note}</p>
</figure>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** An axis' number, as short as it can be: 80% and 0.5. */
export const tickText = (text: string): string =>
  text.replace(/(\.\d*?)0+(?=%?$)/, '$1').replace(/\.(?=%?$)/, '');

/** Places on an axis: 1.2k, 350k, 2M. */
export function short(value: number): string {
  if (Math.abs(value) >= 1e6) return `${formatNumber(value / 1e6, 3)}M`;
  if (Math.abs(value) >= 1e4) return `${formatNumber(value / 1e3, 3)}k`;
  return formatNumber(value);
}
