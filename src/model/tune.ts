/**
 * Chooses kernels by measurement: each family of a policy's operations (`families.ts`) by each of its variants.
 *
 * A variant may only win when its results equal, bit for bit, those of the one that always works; one that does not
 * compile or gives other bits is left out, and only of that one a failure is an error. The choices go into
 * `gpu.choices`, which policies made afterwards follow, and can be kept as text for the next time. Used by the session
 * before a policy is made; without it everything works, slower.
 */
import type { Gpu } from '../gpu/device';
import { Candidates, type Job } from './candidates';
import type { LlamaConfig } from './config';
import { familiesOf, fusedFamiliesOf } from './families';
import { linearFamilies } from './linear-families';
import type { RolloutDtype } from './plan';
import { Standings } from './standings';
import type { Family } from './variants';

/**
 * After this long nothing is begun any more: what was not measured goes by the others of its operation, and is measured
 * the next time.
 */
const MOST_MS = 2500;
/** Families are made ready together, so that their kernels compile in parallel, while they take less than this. */
const MOST_BYTES = 256 * 2 ** 20;

/**
 * Measures what is not in `gpu.choices` yet.
 * @returns whether anything was measured, so that it is worth keeping.
 * @throws DeviceError or ShaderError when the device refuses a kernel that always works elsewhere.
 */
export async function tune(
  gpu: Gpu,
  config: LlamaConfig,
  onProgress?: (done: number, total: number) => void,
  isAwaited?: () => boolean,
  rolloutDtype: RolloutDtype = 'float32',
): Promise<boolean> {
  const stages = [familiesOf(gpu, config, rolloutDtype), fusedFamiliesOf(gpu, config, rolloutDtype)];
  const total = stages.reduce((sum, families) => sum + openOf(gpu, families).length, 0);
  let before = 0;
  for (const families of stages) {
    // What is fused depends on what was chosen before.
    const count = openOf(gpu, families).length;
    const start = before;
    await tuneFamilies(gpu, families, (done) => onProgress?.(start + done, total), isAwaited);
    before += count;
  }
  return before > 0;
}

/** Whether all that is to be chosen for a policy is in `gpu.choices`. */
export const isTuned = (gpu: Gpu, config: LlamaConfig, rolloutDtype: RolloutDtype): boolean =>
  openOf(gpu, [...familiesOf(gpu, config, rolloutDtype), ...fusedFamiliesOf(gpu, config, rolloutDtype)])
    .length === 0;

const openOf = (gpu: Gpu, families: readonly Family[]): Family[] =>
  families.filter(({ key, variants }) => variants.length > 1 && !gpu.choices.has(key));

/** Whether some of it is: what is left was put off the last time. Products over halves were not, until a run wants them. */
export function isPartlyTuned(gpu: Gpu, config: LlamaConfig, rolloutDtype: RolloutDtype): boolean {
  const families =
    rolloutDtype === 'float16'
      ? linearFamilies(gpu, config, ['forward_float16'])
      : familiesOf(gpu, config, rolloutDtype);
  return families.some(({ key }) => gpu.choices.has(key));
}

/** The same for any families. @param isAwaited whether somebody waits who would rather have what is not measured put off. */
export async function tuneFamilies(
  gpu: Gpu,
  families: readonly Family[],
  onProgress?: (done: number, total: number) => void,
  isAwaited: () => boolean = () => false,
): Promise<boolean> {
  const open = openOf(gpu, families);
  if (open.length === 0) return false;
  const start = performance.now();
  const late = () => performance.now() - start > MOST_MS || isAwaited();
  const standings = new Standings();
  let done = 0;
  onProgress?.(0, open.length);
  const choose = async (jobs: readonly Job[], progress: number) => {
    for (let left = jobs; left.length > 0 && !late(); )
      left = await inBatch(gpu, standings, left, async (candidates) => {
        const { family } = candidates;
        // Not those of all the others: they could take all the time there is.
        if (!late()) await candidates.compiled();
        const times = late() ? null : await candidates.measure(standings, late);
        if (times) {
          gpu.choices.set(family.key, standings.choose(family, times));
          standings.add(family, times);
        }
        done += progress;
        onProgress?.(done, open.length);
      });
  };
  const firsts = open.filter((family, i) => i === open.findIndex((f) => f.operation === family.operation));
  // The most promising variant of every operation, which is most of what there is to gain.
  await choose(
    firsts.map((family) => ({ family, names: family.variants.slice(0, 2) })),
    1,
  );
  // Its other variants, one operation after the other: what is far behind is not compiled for the next of its kin.
  for (const family of firsts) {
    const best = gpu.choices.get(family.key);
    const others = family.variants.slice(2).filter((name) => standings.worthTrying(family, name));
    if (late() || !best || others.length === 0) continue;
    const names = [...new Set([family.variants[0], best, ...others])];
    await choose([{ family, names }], 0);
  }
  // The other shapes, with all that is not far behind.
  await choose(
    open
      .filter((family) => !firsts.includes(family))
      .map((family) => ({ family, names: standings.tried(family) })),
    1,
  );
  for (const { key, operation, variants } of open)
    if (!gpu.choices.has(key)) {
      const winner = standings.winner(operation);
      gpu.choices.set(key, winner && variants.includes(winner) ? winner : variants[0]);
      provisionalOf(gpu).add(key);
    }
  onProgress?.(open.length, open.length);
  return true;
}

/** Makes as many jobs ready as there is room for, so that their kernels compile in parallel; returns the others. */
async function inBatch(
  gpu: Gpu,
  standings: Standings,
  jobs: readonly Job[],
  each: (candidates: Candidates) => Promise<void>,
): Promise<readonly Job[]> {
  const batch: Candidates[] = [];
  let bytes = 0;
  try {
    // At least one, however large.
    while (batch.length < jobs.length && bytes < MOST_BYTES) {
      const candidates = await Candidates.bind(gpu, jobs[batch.length], standings);
      batch.push(candidates);
      bytes += candidates.bytes;
    }
    for (const candidates of batch) {
      await each(candidates);
      candidates.destroy();
    }
  } finally {
    for (const candidates of batch) candidates.destroy();
  }
  return jobs.slice(batch.length);
}

/** What was chosen without having been measured: for this time alone. */
const provisional = new WeakMap<Gpu, Set<string>>();

function provisionalOf(gpu: Gpu): Set<string> {
  const known = provisional.get(gpu) ?? new Set<string>();
  provisional.set(gpu, known);
  return known;
}

/** The measured choices as text, and back: text of another kind is ignored, as choices can be measured again. */
export const choicesText = (gpu: Gpu): string =>
  JSON.stringify([...gpu.choices].filter(([key]) => !provisionalOf(gpu).has(key)));

export function adoptChoices(gpu: Gpu, text: string): void {
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    return;
  }
  if (!Array.isArray(entries)) return;
  for (const entry of entries)
    if (Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'string')
      gpu.choices.set(entry[0], entry[1]);
}
