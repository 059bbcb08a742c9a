/**
 * The self-test: a small stored case on the user's own adapter, before anything is trained there.
 * Some drivers silently return zeros or compute wrongly; a failed test says so instead of learning nothing.
 */
import type { Gpu } from '../gpu/device';
import { checkCase } from '../model/case-check';
import { readReferenceCase } from '../model/reference/case';
import type { SelfTestResult } from '../run/events';

/** Run before the first step. */
export const START_CASES: readonly string[] = ['mha-tied-grpo'];
/** Every case that ships, in `public/reference`. */
export const SHIPPED_CASES: readonly string[] = ['mha-tied-grpo', 'gqa-untied-dapo-kl'];

/** A case as its two files. */
export interface CaseFiles {
  name: string;
  json: unknown;
  bytes: ArrayBuffer | Uint8Array;
}

/** Never throws for what the adapter computes: that is what the result says. */
export async function selfTest(
  gpu: Gpu,
  cases: readonly CaseFiles[],
  onProgress?: (done: number, total: number) => void,
): Promise<SelfTestResult> {
  const started = performance.now();
  const results: SelfTestResult['cases'] = [];
  onProgress?.(0, cases.length);
  for (const { name, json, bytes } of cases) {
    results.push(await checkCase(gpu, name, readReferenceCase(json, bytes)));
    onProgress?.(results.length, cases.length);
  }
  const wrong = results.flatMap((c) => c.quantities.filter((q) => !q.ok).map((q) => `${c.name} ${q.name}`));
  return {
    status: wrong.length > 0 ? 'failed' : 'passed',
    reason:
      wrong.length > 0
        ? `out of tolerance: ${wrong.slice(0, 4).join(', ')}${wrong.length > 4 ? ` and ${wrong.length - 4} more` : ''}`
        : '',
    cases: results,
    duration_ms: performance.now() - started,
  };
}
