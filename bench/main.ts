/**
 * The benchmark: every part after the other on one adapter, in one process. A part that fails is reported with its
 * error, and the others go on. Knows neither Node nor page: its host hands over WebGPU, files, ONNX Runtime and a word
 * on the machine. Used by node.ts and page.ts.
 */
import type { Gpu } from '../src/gpu/device';
import { benchDecode } from './decode';
import { benchMatmul } from './matmul';
import { now } from './measure';
import { type Ours, openOurs } from './ours';
import type { OrtRuntime } from './peers/ort';
import type { Peer } from './peers/peer';
import type { BenchReport } from './report';
import { benchRlStep, type ReadModel } from './rl-step';
import { benchScaling } from './scaling';
import { benchSteady } from './steady';
import { benchTrainStep } from './train-step';

/** Parts that run on a device; `startup` opens the page and is run.mjs's. */
export const PARTS = ['matmul', 'train_step', 'decode', 'rl_step', 'scaling', 'steady'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchHost {
  gpu: GPU | undefined;
  runtime: string;
  machine: string;
  versions: Record<string, string>;
  readModel: ReadModel;
  /** By name, how to come by it: what cannot be had says why. */
  ort: readonly { name: string; open(): Promise<OrtRuntime> }[];
  /** Collects garbage and says how many bytes of heap are left; null where that cannot be asked. */
  heap: (() => number) | null;
  load(): string;
  note(text: string): void;
  /** Called after every part with what there is so far. */
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
  const run: Record<Part, (ours: Ours) => Promise<void>> = {
    async matmul(ours) {
      Object.assign(report, await benchMatmul(ours, await peers(), quick, note));
    },
    async train_step(ours) {
      await benchTrainStep(ours, await peers(), quick, note, (result) => report.train_step.push(result));
    },
    async decode(ours) {
      const runtimes: OrtRuntime[] = [];
      for (const { name, open } of host.ort) runtimes.push(...(await attempt(name, open)));
      report.decode = await benchDecode(ours, await peers(), runtimes, quick, note, unavailable);
    },
    async rl_step({ gpu }) {
      await benchRlStep(gpu, host.readModel, quick, note, (result) => report.rl_step.push(result));
    },
    async scaling(ours) {
      await benchScaling(ours, host.readModel, quick, note, (result) => report.scaling.push(result));
    },
    async steady({ gpu }) {
      report.steady = await benchSteady(gpu, host.readModel, quick ? 100 : 500, host.heap, note);
    },
  };
  for (const part of PARTS) {
    if (!parts.includes(part)) continue;
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

function adapterName({ vendor, architecture, device, description, software }: Gpu['info']): string {
  const name = [vendor, architecture, device, description].filter((part) => part !== '').join(' ');
  return `${name || 'unnamed adapter'}${software ? ' (on the processor)' : ''}`;
}
