/** Pictures of panels for files: a drawing on screen as an SVG that stands alone, several under one title as a PNG. */
import { PALETTE, type Theme } from '../theme/palette';
import type { LegendEntry, Offer } from './panel-offers';

/** What style sheets may say of an SVG's elements; a file has no style sheet. */
const DRAWN = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'stroke-opacity',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'dominant-baseline',
  'visibility',
  'display',
];

/** The drawing with its styles written into it, so that it looks the same in a file. */
export function standaloneSvg(svg: SVGSVGElement, background: string): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const from = [svg, ...svg.querySelectorAll('*')];
  const to = [copy, ...copy.querySelectorAll('*')];
  from.forEach((element, i) => {
    const computed = getComputedStyle(element);
    const style = DRAWN.map((name) => `${name}:${computed.getPropertyValue(name)}`).join(';');
    to[i].setAttribute('style', style);
    to[i].removeAttribute('class');
  });
  const { width, height } = svg.getBoundingClientRect();
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  copy.setAttribute('style', `background:${background}`);
  return new XMLSerializer().serializeToString(copy);
}

type Drawable = { image: CanvasImageSource; width: number; height: number; offer: Offer };

const MARGIN = 16;
const TITLE = 26;
const LINE = 20;
const FONT = 'system-ui, -apple-system, "Segoe UI", sans-serif';

/** All pictures of a panel, one under the other, each with its title and legend. null without any. */
export async function panelPng(
  title: string,
  offers: readonly Offer[],
  theme: Theme,
): Promise<ArrayBuffer | null> {
  const colours = PALETTE[theme];
  const parts: Drawable[] = [];
  for (const offer of offers) {
    const picture = offer.picture?.();
    if (!picture) continue;
    const { width, height } = picture.getBoundingClientRect();
    const image = picture instanceof HTMLCanvasElement ? picture : await rasterised(picture, colours.surface);
    parts.push({ image, width, height, offer });
  }
  if (parts.length === 0) return null;
  const scale = Math.max(2, devicePixelRatio);
  const canvas = document.createElement('canvas');
  const width = Math.max(...parts.map((part) => part.width)) + 2 * MARGIN;
  const height = parts.reduce((sum, part) => sum + part.height + 2 * LINE + MARGIN, TITLE + 2 * MARGIN);
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.scale(scale, scale);
  context.fillStyle = colours.surface;
  context.fillRect(0, 0, width, height);
  context.textBaseline = 'middle';
  const write = (text: string, font: string, colour: string, x: number, y: number) => {
    context.font = `${font} ${FONT}`;
    context.fillStyle = colour;
    context.fillText(text, x, y);
    return x + context.measureText(text).width;
  };
  write(title, '600 16px', colours.ink, MARGIN, MARGIN + TITLE / 2);
  let y = MARGIN + TITLE;
  for (const { image, width: w, height: h, offer } of parts) {
    write(offer.title, '600 13px', colours.ink, MARGIN, y + LINE / 2);
    let x = MARGIN;
    for (const { label, colour } of legendOf(offer)) {
      context.fillStyle = colour;
      context.fillRect(x, y + 1.5 * LINE - 1, 12, 2);
      x = write(label, '12px', colours['ink-2'], x + 17, y + 1.5 * LINE) + 14;
    }
    context.drawImage(image, MARGIN, y + 2 * LINE, w, h);
    y += h + 2 * LINE + MARGIN;
  }
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  return blob ? blob.arrayBuffer() : null;
}

const legendOf = (offer: Offer): readonly LegendEntry[] => offer.legend ?? [];

async function rasterised(svg: SVGSVGElement, background: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standaloneSvg(svg, background))}`;
  await image.decode();
  return image;
}
