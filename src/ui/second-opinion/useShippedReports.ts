/** The evaluations that a shipped policy's own run made, fetched once it has been evaluated here. */
import { useEffect, useState } from 'react';
import { z } from 'zod';
import type { ShippedPolicy } from '../../lab/second-opinion/shipped';
import { evaluation } from '../../run/events';
import type { OwnEvaluation } from './own-evaluation';

const VERSION = 1;
const reportSchema = z.object({ version: z.literal(VERSION), evaluations: z.array(evaluation) });

/** By name and suite; empty until it is there, and where it cannot be had. */
export function useShippedReports(
  shipped: ShippedPolicy | null,
): Readonly<Record<string, readonly OwnEvaluation[]>> {
  const [reports, setReports] = useState<Record<string, OwnEvaluation[]>>({});
  const wanted = shipped?.trained ? shipped : null;
  useEffect(() => {
    if (!wanted) return;
    let gone = false;
    fetch(new URL(`${wanted.folder}/report.json`, document.baseURI))
      .then((response) => response.json())
      .then((value: unknown) => {
        if (gone) return;
        const found: Record<string, OwnEvaluation[]> = {};
        for (const each of reportSchema.parse(value).evaluations) {
          const key = `${wanted.name} ${each.suite}`;
          const own = {
            step: each.step,
            total: each.total,
            byTier: each.by_tier,
            meanLength: each.mean_length,
          };
          found[key] = [...(found[key] ?? []), own];
        }
        setReports((before) => ({ ...before, ...found }));
      })
      // Without it there is one column less.
      .catch(() => {});
    return () => {
      gone = true;
    };
  }, [wanted]);
  return reports;
}
