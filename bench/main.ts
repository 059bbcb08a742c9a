/**
 * The benchmark: every part after the other on one adapter, in one process. A part that fails is reported with its
 * error, and the others go on. Knows neither Node nor page: its host hands over WebGPU, files, ONNX Runtime and a word
 * on the machine. Used by node.ts and page.ts.
 */
import type { Gpu } from '../src/gpu/device';
import type { BenchContext } from './context';
import { benchDecode } from './decode';
import { benchMatmul, meanCeiling } from './matmul';
import { now } from './measure';
import { type Ours, openOurs } from './ours';
import type { OrtRuntime } from './peers/ort';
import type { Peer } from './peers/peer';
import type { BenchReport } from './report';
import { benchRlStep } from './rl-step';
import { benchScaling } from './scaling';
import { benchSteady } from './steady';
import { benchTrainStep } from './train-step';

/** Parts that run on a device; `startup` opens the page and is run.mjs's. */
export const PARTS = ['matmul', 'train_step', 'decode', 'rl_step', 'scaling', 'steady'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchHost extends Pick<BenchContext, 'note' | 'readModel' | 'freeMemory'> {
  gpu: GPU | undefined;
  runtime: string;
  machine: string;
  versions: Record<string, string>;
  /** By name, how to come by it: what cannot be had says why. */
  ort: readonly { name: string; open(): Promise<OrtRuntime> }[];
  /** Collects garbage and says how many bytes of heap are left; null where that cannot be asked. */
  heap: (() => number) | null;
  load(): string;
  /** Of an earlier run, on which this one goes on; null where there is none. */
  before: BenchReport | null;
  /** Called after every result with what there is so far. */
  keep(report: BenchReport): void;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

export async function bench(
  host: BenchHost,
  { quick, parts }: { quick: boolean; parts: readonly string[] },
): Promise<BenchReport> {
  const { note } = host;
  let ours = await openOurs(host.gpu, host.versions.ours);
  const loadBefore = host.load();
  const report: BenchReport = {
    version: 2,
    date: new Date().toISOString().slice(0, 10),
    quick,
    adapter: adapterName(ours.gpu.info),
    runtime: host.runtime,
    machine: host.machine,
    libraries: host.versions,
    unavailable: {},
    failed: {},
    part_seconds: {},
    load_average: loadBefore,
    ceiling: null,
    matmul: [],
    train_step: [],
    decode: [],
    rl_step: [],
    scaling: [],
    steady: null,
    startup: null,
  };
  if (host.before) goOnWith(report, host.before);
  const context: BenchContext = {
    quick,
    note,
    readModel: host.readModel,
    freeMemory: () => (ours.gpu.info.software ? host.freeMemory() : null),
  };
  const { unavailable } = report;
  const attempt = async <T>(name: string, open: () => Promise<T>): Promise<T[]> => {
    try {
      return [await open()];
    } catch (error) {
      unavailable[name] = messageOf(error);
      note(`${name} cannot run here: ${unavailable[name]}`);
      return [];
    }
  };
  let opened: Promise<Peer[]> | null = null;
  // Loaded when first needed, once WebGPU is where they look for it.
  const peers = (): Promise<Peer[]> => {
    opened ??= (async () => [
      ...(await attempt('tfjs', async () => (await import('./peers/tfjs')).openTfjs())),
      ...(await attempt('jax-js', async () =>
        (await import('./peers/jax')).openJax(host.versions['jax-js']),
      )),
    ])();
    return opened;
  };
  /** Adds what was found to a list of the report, and keeps it. */
  const into =
    <T>(list: T[]) =>
    (result: T) => {
      list.push(result);
      host.keep(report);
    };
  const run: Record<Part, (ours: Ours) => Promise<void>> = {
    async matmul(ours) {
      await benchMatmul(ours, await peers(), context, [...report.matmul], (result) => {
        report.matmul.push(result);
        report.ceiling = meanCeiling(report.matmul);
        host.keep(report);
      });
    },
    async train_step(ours) {
      const { train_step } = report;
      await benchTrainStep(ours, await peers(), context, [...train_step], into(train_step));
    },
    async decode(ours) {
      const runtimes: OrtRuntime[] = [];
      for (const { name, open } of host.ort) runtimes.push(...(await attempt(name, open)));
      const { decode } = report;
      await benchDecode(ours, await peers(), runtimes, context, unavailable, [...decode], into(decode));
    },
    async rl_step({ gpu }) {
      await benchRlStep(gpu, context, [...report.rl_step], into(report.rl_step));
    },
    async scaling(ours) {
      await benchScaling(ours, context, [...report.scaling], into(report.scaling));
    },
    async steady({ gpu }) {
      report.steady = await benchSteady(gpu, context, host.gpu, host.heap);
    },
  };
  for (const part of PARTS) {
    if (!parts.includes(part) || report.part_seconds[part] !== undefined) continue;
    const start = now();
    try {
      // A part that took the device with it leaves none to the next.
      if (ours.gpu.failure()) ours = await openOurs(host.gpu, host.versions.ours);
      await run[part](ours);
    } catch (error) {
      report.failed[part] = messageOf(error);
      note(`${part} failed: ${report.failed[part]}`);
    }
    report.part_seconds[part] = Math.round(now() - start);
    report.load_average = `${loadBefore} before, ${host.load()} after`;
    note(`${part}: ${report.part_seconds[part]} s`);
    host.keep(report);
  }
  return report;
}

/** Takes over what an earlier run has found, and which of its parts came to their end. */
function goOnWith(report: BenchReport, before: BenchReport): void {
  const same = (['quick', 'adapter', 'runtime', 'libraries'] as const).find(
    (field) => JSON.stringify(before[field]) !== JSON.stringify(report[field]),
  );
  if (same)
    throw new Error(
      `--resume: expected results of ${same} ${JSON.stringify(report[same])}, got ${JSON.stringify(before[same])}; leave it out to measure all anew`,
    );
  const { failed, part_seconds, unavailable, ceiling, pytorch } = before;
  const { matmul, train_step, decode, rl_step, scaling, steady, startup } = before;
  Object.assign(report, { unavailable, ceiling, pytorch });
  Object.assign(report, { matmul, train_step, decode, rl_step, scaling, steady, startup });
  for (const [part, seconds] of Object.entries(part_seconds))
    if (failed[part] === undefined) report.part_seconds[part] = seconds;
}

function adapterName({ vendor, architecture, device, description, software }: Gpu['info']): string {
  const name = [vendor, architecture, device, description].filter((part) => part !== '').join(' ');
  return `${name || 'unnamed adapter'}${software ? ' (on the processor)' : ''}`;
}
