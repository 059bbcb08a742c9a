/**
 * The curves of a comparison, a quantity at a time: every point of an arm over three seeds or more has a bootstrap of
 * its own, and a dialog that waited for all of them would stand still for seconds. Kept until other runs come.
 */
import { useEffect, useMemo, useState } from 'react';
import { type ArmCurves, type ArmRuns, curvesOf } from '../../../report/arms';
import type { BandKind } from '../../../report/curves';
import type { CurveAxis, Quantity } from '../../../report/quantities';

/** In the order of `quantities`, those that are ready. */
export function useCurves(
  arms: readonly ArmRuns[],
  quantities: readonly Quantity[],
  axis: CurveAxis,
  band: BandKind,
): ArmCurves[][] {
  // A new choice of runs is a new cache.
  const known = useMemo(() => ({ arms, made: new Map<string, ArmCurves[]>() }), [arms]);
  const [, drawAgain] = useState(0);
  const keyOf = (quantity: Quantity) => `${axis} ${band} ${quantity.key}`;
  const missing = quantities.find((quantity) => !known.made.has(keyOf(quantity)));
  const key = missing && keyOf(missing);
  useEffect(() => {
    if (!missing || key === undefined) return;
    const timer = setTimeout(() => {
      known.made.set(key, curvesOf(known.arms, missing, axis, band));
      drawAgain((count) => count + 1);
    });
    return () => clearTimeout(timer);
  }, [known, missing, key, axis, band]);
  return quantities.flatMap((quantity) => {
    const curves = known.made.get(keyOf(quantity));
    return curves ? [curves] : [];
  });
}
