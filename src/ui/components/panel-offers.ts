/**
 * What a panel can be saved as: its parts offer tables and pictures, the panel's menu collects them. A part that is
 * drawn by the panel itself is passed to `Panel` as `save`; one deeper inside, such as a chart, calls `useOffer`.
 */
import { createContext, useContext, useEffect } from 'react';

export type Cell = string | number | null;

export interface Table {
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
}

export interface LegendEntry {
  label: string;
  /** A colour as CSS has it. */
  colour: string;
}

export interface Offer {
  /** Of this part of the panel: `Entropy`. */
  title: string;
  /** The numbers behind it, in full precision. */
  table?: () => Table;
  /** What is drawn just now; null while there is nothing. An SVG's styles may come from style sheets. */
  picture?: () => SVGSVGElement | HTMLCanvasElement | null;
  legend?: readonly LegendEntry[];
}

export interface PanelOffers {
  /** Registers a part; call the result when it is gone. */
  add(offer: Offer): () => void;
  /** The panel fills the window: there is room to draw larger. */
  enlarged: boolean;
}

export const PanelOffersContext = createContext<PanelOffers>({ add: () => () => {}, enlarged: false });

/** Offers a part of the panel around it; `offer` is kept by identity, so memoise it. */
export function useOffer(offer: Offer): void {
  const { add } = useContext(PanelOffersContext);
  useEffect(() => add(offer), [add, offer]);
}

export const useEnlarged = (): boolean => useContext(PanelOffersContext).enlarged;
