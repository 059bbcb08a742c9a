/**
 * Kernels chosen for a model on this adapter: those of last time where the host kept them, else measured now, before
 * the model's policy is made. A host without a place for them goes without. Used by `run-maker.ts`.
 */
import type { Gpu } from '../gpu/device';
import { adoptChoices, choicesText } from '../model/choices';
import type { LlamaConfig } from '../model/config';
import type { RolloutDtype } from '../model/plan';
import { isPartlyTuned, isTuned, tune } from '../model/tune';
import type { Progress } from './protocol';
import { LAB_VERSION } from './version';

/** Where choices are kept from one visit to the next. Neither call may fail the run: what is lost is measured again. */
export interface ChoiceStore {
  recall(adapter: string): Promise<string | null>;
  keep(adapter: string, choices: string): Promise<void>;
}

/** What is kept of an adapter holds for this: its driver as far as it tells, and this version's kernels. */
export function adapterKey({ info }: Gpu): string {
  return [LAB_VERSION, info.vendor, info.architecture, info.device, info.description].join(' | ');
}

/**
 * @param rolloutDtype what weights are stored as where rollouts read them: another set of kernels.
 * @param ahead for a run that nobody has asked for yet: waited for before anything is measured, as what else is done
 *   with the device would be measured with it. The first visit measures as long as it may; a later one puts off what
 *   the first had no time for, or every visit would begin with it.
 * @param mostMs how long it may take; what a visitor waits for where nothing is said.
 */
export async function tuneFor(
  gpu: Gpu,
  config: LlamaConfig,
  store: ChoiceStore | undefined,
  onProgress: (progress: Progress) => void,
  rolloutDtype: RolloutDtype,
  ahead?: Promise<unknown>,
  mostMs?: number,
): Promise<void> {
  if (!store) return;
  const adapter = adapterKey(gpu);
  // Nobody who waits twice in a visit waits for what is known but not for sure.
  const thorough = gpu.choices.size === 0 && ahead === undefined;
  if (gpu.choices.size === 0) {
    const known = await store.recall(adapter);
    if (known) adoptChoices(gpu, known);
  }
  if (isTuned(gpu, config, rolloutDtype, thorough)) return;
  const isPutOff = ahead !== undefined && isPartlyTuned(gpu, config, rolloutDtype);
  if (!isPutOff) await ahead;
  const measured = await tune(gpu, config, {
    onProgress: (done, total) => {
      if (!isPutOff)
        onProgress({ task: 'tuning', label: 'Choosing the fastest kernels', done, total, unit: '' });
    },
    isAwaited: () => isPutOff,
    rolloutDtype,
    thorough,
    mostMs,
  });
  if (measured) await store.keep(adapter, choicesText(gpu));
}

/**
 * Measures what `tuneFor` had no time for, until all is known or somebody needs the device, for policies that are made
 * later and for the next visit. Said to nobody: nothing waits for it.
 */
export async function tuneAtRest(
  gpu: Gpu,
  config: LlamaConfig,
  store: ChoiceStore | undefined,
  rolloutDtype: RolloutDtype,
  isAwaited: () => boolean,
): Promise<void> {
  if (!store || isTuned(gpu, config, rolloutDtype, true)) return;
  if (await tune(gpu, config, { rolloutDtype, atRest: true, thorough: true, isAwaited }))
    await store.keep(adapterKey(gpu), choicesText(gpu));
}
