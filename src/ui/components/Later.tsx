/**
 * What lies below the first screenful, drawn one piece after the other once nothing more urgent is awaited: twenty panels
 * drawn at once hold up what they are to show, and the browser with it. What was drawn stays. Used by `App.tsx`.
 */
import { Children, type ReactNode, useEffect, useState } from 'react';

/** Whatever is awaited, nobody looks at half a page for longer. */
const PATIENCE_MS = 3000;

/** By these somebody is about to look further down. */
const LOOKING = ['wheel', 'touchmove', 'scroll', 'keydown'] as const;

/** @param isDue nothing is awaited. Where it is so from the beginning, all is drawn at once. */
export function Later({ isDue, children }: { isDue: boolean; children: ReactNode }) {
  const pieces = Children.toArray(children);
  const [drawn, setDrawn] = useState(isDue ? pieces.length : 0);
  const [begun, setBegun] = useState(isDue);
  const isWhole = drawn >= pieces.length;

  useEffect(() => {
    if (isDue) setBegun(true);
  }, [isDue]);

  useEffect(() => {
    if (begun) return;
    const begin = () => setBegun(true);
    for (const each of LOOKING) window.addEventListener(each, begin, { passive: true });
    const patience = setTimeout(begin, PATIENCE_MS);
    return () => {
      for (const each of LOOKING) window.removeEventListener(each, begin);
      clearTimeout(patience);
    };
  }, [begun]);

  useEffect(() => {
    if (!begun || isWhole) return;
    // Tasks of their own: between them the browser draws what has come and answers who types.
    const next = setInterval(() => setDrawn((count) => count + 1));
    return () => clearInterval(next);
  }, [begun, isWhole]);

  return pieces.slice(0, drawn);
}
