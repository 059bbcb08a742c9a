/** How an arm of a race is told apart, in every picture and table alike: colour, dash and mark, by its place. */
import type { ColourRole } from '../theme/palette';

export interface ArmStyle {
  colour: ColourRole;
  /** As SVG's stroke-dasharray. */
  dash: string | undefined;
  mark: 'circle' | 'square' | 'triangle' | 'diamond';
}

const STYLES: readonly ArmStyle[] = [
  { colour: 'arm-1', dash: undefined, mark: 'circle' },
  { colour: 'arm-2', dash: '8 3', mark: 'square' },
  { colour: 'arm-3', dash: '2 3', mark: 'triangle' },
  { colour: 'arm-4', dash: '9 3 2 3', mark: 'diamond' },
];

export const armStyle = (place: number): ArmStyle => STYLES[Math.max(0, place) % STYLES.length];

/** A mark's outline about 0, 0. */
export const MARKS: Readonly<Record<ArmStyle['mark'], string>> = {
  circle: 'M-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0Z',
  square: 'M-3-3h6v6h-6Z',
  triangle: 'M0-4L3.8 3h-7.6Z',
  diamond: 'M0-4.2L4.2 0L0 4.2L-4.2 0Z',
};
