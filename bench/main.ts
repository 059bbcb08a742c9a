/**
 * The benchmark: every part after the other on one adapter, in one process. Knows neither Node nor page: its host
 * hands over WebGPU, files, ONNX Runtime and a word on the machine. Used by node.ts and page.ts.
 */
import type { Gpu } from '../src/gpu/device';
import { benchDecode } from './decode';
import { benchMatmul } from './matmul';
import { openOurs } from './ours';
import type { OrtRuntime } from './peers/ort';
import type { Peer } from './peers/peer';
import type { BenchReport } from './report';
import { benchRlStep, benchSteady, type ReadModel } from './rl-step';
import { benchScaling } from './scaling';
import { benchTrainStep } from './train-step';

export const PARTS = ['matmul', 'train_step', 'decode', 'rl_step', 'scaling', 'steady'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchHost {
  gpu: GPU | undefined;
  runtime: string;
  versions: Record<string, string>;
  readModel: ReadModel;
  /** By name, how to come by it: what cannot be had says why. */
  ort: readonly { name: string; open(): Promise<OrtRuntime> }[];
  /** Collects garbage and says how many bytes of heap are left; null where that cannot be asked. */
  heap: (() => number) | null;
  load(): string;
  note(text: string): void;
}

export async function bench(
  host: BenchHost,
  { quick, parts }: { quick: boolean; parts: readonly Part[] },
): Promise<BenchReport> {
  const { note } = host;
  const ours = await openOurs(host.gpu, host.versions.ours);
  const unavailable: Record<string, string> = {};
  const attempt = async <T>(name: string, open: () => Promise<T>): Promise<T[]> => {
    try {
      return [await open()];
    } catch (error) {
      unavailable[name] = error instanceof Error ? error.message : String(error);
      note(`${name} cannot run here: ${unavailable[name]}`);
      return [];
    }
  };
  // Loaded here, once WebGPU is where they look for it.
  const peers: Peer[] = [
    ...(await attempt('tfjs', async () => (await import('./peers/tfjs')).openTfjs())),
    ...(await attempt('jax-js', async () => (await import('./peers/jax')).openJax(host.versions['jax-js']))),
  ];
  const has = (part: Part) => parts.includes(part);
  const loadBefore = host.load();
  const products = has('matmul')
    ? await benchMatmul(ours, peers, quick, note)
    : { matmul: [], ceiling: NO_CEILING };
  const train_step = has('train_step') ? await benchTrainStep(ours, peers, quick, note, unavailable) : [];
  const runtimes: OrtRuntime[] = [];
  if (has('decode')) for (const { name, open } of host.ort) runtimes.push(...(await attempt(name, open)));
  const decode = has('decode') ? await benchDecode(ours, runtimes, quick, note, unavailable) : [];
  const rl_step = has('rl_step') ? await benchRlStep(ours.gpu, host.readModel, quick, note) : [];
  const scaling = has('scaling') ? await benchScaling(ours, quick, note) : [];
  const steady = has('steady')
    ? await benchSteady(ours.gpu, host.readModel, quick ? 100 : 500, host.heap, note)
    : null;
  return {
    version: 1,
    date: new Date().toISOString().slice(0, 10),
    quick,
    adapter: adapterName(ours.gpu.info),
    runtime: host.runtime,
    libraries: host.versions,
    unavailable,
    load_average: `${loadBefore} before, ${host.load()} after`,
    ...products,
    train_step,
    decode,
    rl_step,
    scaling,
    steady,
  };
}

const NO_CEILING = {
  fma_gflops: Number.NaN,
  load_gvalues: Number.NaN,
  broadcast_gvalues: null,
  copy_gbps: Number.NaN,
};

function adapterName({ vendor, architecture, device, description, software }: Gpu['info']): string {
  const name = [vendor, architecture, device, description].filter((part) => part !== '').join(' ');
  return `${name || 'unnamed adapter'}${software ? ' (on the processor)' : ''}`;
}
