/**
 * Chooses kernels by measurement: each family of a policy's operations (`families.ts`) by each of its variants.
 *
 * A variant may only win when its results equal, bit for bit, those of the one that always works; one that does not
 * compile or gives other bits is left out, and only of that one a failure is an error. The choices go into
 * `gpu.choices`, which policies made afterwards follow; `choices.ts` keeps them for the next time. Used by the session
 * before a policy is made, and again at rest for what had no time; without it everything works, slower.
 */
import type { Gpu } from '../gpu/device';
import { Candidates, type Job } from './candidates';
import { isMeasured, type Sureness, setChoice, sureness } from './choices';
import type { LlamaConfig } from './config';
import { familiesOf, laterFamiliesOf } from './families';
import { linearFamilies } from './linear-families';
import type { RolloutDtype } from './plan';
import { Standings } from './standings';
import { TuningTime } from './tuning-time';
import type { Family } from './variants';

/**
 * What would not end within this long is not begun, where nothing else is said: what was not measured goes by the others
 * of its operation, and is measured at rest or the next time.
 */
const MOST_MS = 2700;
/** How often it is looked whether kernels are still being compiled. */
const LOOK_MS = 5;
/** Families are made ready together, so that their kernels compile in parallel, while they take less than this. */
const MOST_BYTES = 256 * 2 ** 20;

export interface TuneOptions {
  onProgress?: (done: number, total: number) => void;
  /** What weights are stored as where rollouts read them, float32 if nothing is said: another set of kernels. */
  rolloutDtype?: RolloutDtype;
  /** Whether somebody waits who would rather have what is not measured put off. */
  isAwaited?: () => boolean;
  /** How long it may take, in milliseconds: where nobody watches and much is to be computed, it pays to know all. */
  mostMs?: number;
  /** What was measured against a part of its variants only is measured again, after all else. */
  thorough?: boolean;
  /** While nobody waits: however long it takes, and one family at a time. */
  atRest?: boolean;
}

/**
 * Chooses what is not in `gpu.choices` yet; a thorough choice also what is not there for sure.
 * @returns whether anything was measured, so that it is worth keeping.
 * @throws DeviceError or ShaderError when the device refuses a kernel that always works elsewhere.
 */
export async function tune(gpu: Gpu, config: LlamaConfig, options: TuneOptions = {}): Promise<boolean> {
  const stages = [familiesOf, laterFamiliesOf];
  const open = (stage: (typeof stages)[number]) =>
    openOf(gpu, stage(gpu, config, options.rolloutDtype ?? 'float32'), options.thorough);
  const total = stages.reduce((sum, stage) => sum + open(stage).length, 0);
  const time = timeFor(options);
  let before = 0;
  let measured = false;
  for (const stage of stages) {
    // What comes later depends on what was chosen before.
    const families = open(stage);
    const onProgress = (done: number) => options.onProgress?.(before + done, total);
    measured = (await tuneFamilies(gpu, families, { ...options, onProgress }, time)) || measured;
    before += families.length;
  }
  return measured;
}

const timeFor = ({ atRest, isAwaited, mostMs = MOST_MS }: TuneOptions): TuningTime =>
  new TuningTime(atRest ? Number.POSITIVE_INFINITY : mostMs, isAwaited);

/** How sure a family's choice is; null where there is none among its variants, as after a change of these. */
const surenessOf = (gpu: Gpu, { key, variants }: Family): Sureness | null =>
  variants.includes(gpu.choices.get(key) ?? '') ? sureness(gpu, key) : null;

/** What is not known comes before what is not for sure. */
function openOf(gpu: Gpu, families: readonly Family[], thorough = false): Family[] {
  const choosable = families.filter(({ variants }) => variants.length > 1);
  const by = (wanted: Sureness | null) => choosable.filter((family) => surenessOf(gpu, family) === wanted);
  return [...by(null), ...(thorough ? [...by('guessed'), ...by('partly')] : [])];
}

/** Whether all that is to be chosen for a policy is in `gpu.choices`; for sure, where nothing of it is left to measure. */
export function isTuned(gpu: Gpu, config: LlamaConfig, rolloutDtype: RolloutDtype, forSure = false): boolean {
  const families = [...familiesOf(gpu, config, rolloutDtype), ...laterFamiliesOf(gpu, config, rolloutDtype)];
  return openOf(gpu, families, forSure).length === 0;
}

/** Whether some of it is: what is left was put off the last time. Products over halves were not, until a run wants them. */
export function isPartlyTuned(gpu: Gpu, config: LlamaConfig, rolloutDtype: RolloutDtype): boolean {
  const families =
    rolloutDtype === 'float16'
      ? linearFamilies(gpu, config, ['forward_float16'])
      : familiesOf(gpu, config, rolloutDtype);
  return families.some(({ key }) => gpu.choices.has(key));
}

/** The same for any families. */
export async function tuneFamilies(
  gpu: Gpu,
  families: readonly Family[],
  options: TuneOptions = {},
  time = timeFor(options),
): Promise<boolean> {
  const open = openOf(gpu, families, options.thorough);
  if (open.length === 0) return false;
  const standings = new Standings();
  for (const { key, operation } of families)
    if (isMeasured(gpu, key)) standings.won(operation, gpu.choices.get(key)!);
  const { onProgress } = options;
  const batching: Batching = {
    most: options.atRest ? 1 : Number.POSITIVE_INFINITY,
    isPatient: options.atRest || (options.mostMs ?? 0) > MOST_MS,
  };
  // What was measured while others were compiled, beside which a kernel may seem three times as slow as another.
  const disturbed = new Set<Family>();
  let measured = false;
  let done = 0;
  onProgress?.(0, open.length);
  const choose = async (jobs: readonly Job[], progress: number) => {
    for (let left = jobs; left.length > 0 && !time.isUp(); )
      left = await inBatch(gpu, standings, time, left, batching, async (candidates) => {
        const { family } = candidates;
        // Not those of all the others: they could take all the time there is.
        if (!time.isUp()) await time.orUp(candidates.compiled());
        const isDisturbed = gpu.kernels.isCompiling;
        const times = time.isUp(2) ? null : await candidates.measure(standings, time);
        if (times) {
          const name = standings.choose(family, times);
          standings.add(family, times);
          if (isDisturbed) disturbed.add(family);
          else disturbed.delete(family);
          const isSure = !isDisturbed && standings.isSettled(family, times);
          setChoice(gpu, family.key, name, isSure ? 'measured' : 'partly');
          measured = true;
        }
        done += progress;
        onProgress?.(done, open.length);
      });
  };
  const firsts = open.filter((family, i) => i === open.findIndex((f) => f.operation === family.operation));
  // The most promising variant of every operation, which is most of what there is to gain.
  await choose(
    firsts.map((family) => ({ family, names: withKnown(gpu, family, family.variants.slice(0, 2)) })),
    1,
  );
  // Its other variants, one operation after the other: what is far behind is not compiled for the next of its kin.
  for (const family of firsts) {
    const best = gpu.choices.get(family.key);
    const others = family.variants.slice(2).filter((name) => standings.worthTrying(family, name));
    if (time.isUp() || !best || others.length === 0) continue;
    const names = [...new Set([family.variants[0], best, ...others])];
    await choose([{ family, names }], 0);
  }
  // The other shapes, with all that is not far behind.
  await choose(
    open
      .filter((family) => !firsts.includes(family))
      .map((family) => ({ family, names: withKnown(gpu, family, standings.tried(family)) })),
    1,
  );
  for (const family of open) {
    const { key, operation, variants } = family;
    const how = surenessOf(gpu, family);
    // What was not tried turned out to be far behind in its kin since.
    if (how === 'partly' && !time.wasUp && !disturbed.has(family))
      setChoice(gpu, key, gpu.choices.get(key)!, 'measured');
    if (how) continue;
    const winner = standings.winner(operation);
    setChoice(gpu, key, winner && variants.includes(winner) ? winner : variants[0], 'guessed');
  }
  onProgress?.(open.length, open.length);
  return measured;
}

/** The names, and what is taken for the best so far, which is not to be lost for want of time. */
function withKnown(gpu: Gpu, { key, variants }: Family, names: readonly string[]): string[] {
  const known = gpu.choices.get(key);
  return variants.filter((name) => names.includes(name) || name === known);
}

interface Batching {
  /** Families that are made ready together. */
  most: number;
  /** There is time to wait until nothing is compiled, so that nothing disturbs what is measured. */
  isPatient?: boolean;
}

/** Makes as many jobs ready as there is room for, so that their kernels compile in parallel; returns the others. */
async function inBatch(
  gpu: Gpu,
  standings: Standings,
  time: TuningTime,
  jobs: readonly Job[],
  { most, isPatient }: Batching,
  each: (candidates: Candidates) => Promise<void>,
): Promise<readonly Job[]> {
  const batch: Candidates[] = [];
  let bytes = 0;
  try {
    // At least one, however large.
    while (batch.length < Math.min(most, jobs.length) && bytes < MOST_BYTES) {
      if (batch.length > 0 && time.isUp()) break;
      const candidates = await Candidates.bind(gpu, jobs[batch.length], standings);
      batch.push(candidates);
      bytes += candidates.bytes;
    }
    while (isPatient && gpu.kernels.isCompiling && !time.isUp())
      await new Promise((look) => setTimeout(look, LOOK_MS));
    for (const candidates of batch) {
      await each(candidates);
      candidates.destroy();
    }
  } finally {
    for (const candidates of batch) candidates.destroy();
  }
  return jobs.slice(batch.length);
}
