/**
 * Which panel alone is shown, in a page that is a view inside another page (`?embed=PANEL`). Panels ask here whether
 * they are meant, and say that they are there; nothing else knows of it.
 */
import { createContext, useContext, useEffect } from 'react';

export interface Embedding {
  /** Name of the panel. */
  panel: string;
  /** A panel that could be shown; call the result when it is gone. */
  add(panel: { name: string; title: string }): () => void;
}

/** null in the whole page, which shows every panel. */
export const EmbedContext = createContext<Embedding | null>(null);

/** Whether this panel is to be drawn. */
export function useIsShown(name: string, title: string): boolean {
  const embedding = useContext(EmbedContext);
  const add = embedding?.add;
  useEffect(() => add?.({ name, title }), [add, name, title]);
  return embedding === null || embedding.panel === name;
}
