/**
 * The kernels that a run's first rollouts were made with, kept for the next visit: it begins to compile them as soon as
 * there is a device, while the model is read and buffers are made, instead of when they are bound. Nothing is wrong
 * where they turn out to be others; they are then compiled when they are asked for, as on a first visit. Used by
 * `run-maker.ts`.
 */
import type { Gpu } from '../gpu/device';
import type { KernelSource } from '../gpu/kernel';
import type { ConstantValue } from '../gpu/shader';
import { SHADERS } from '../model/shaders';
import type { Manifest } from '../run/manifest';
import { adapterKey, type ChoiceStore } from './tuning';

/** Those of the run that was made ready last, by their files' names. */
interface Kept {
  manifest: string;
  kernels: [name: string, constants: Record<string, ConstantValue>][];
}

const FILES = new Map(Object.values(SHADERS).map((file) => [file.name, file]));

export class Foreseen {
  /** As it is kept. */
  private known: string | null = null;

  constructor(private readonly store: ChoiceStore | undefined) {}

  /** Begins to compile what this manifest's first rollouts were made with, where that is known. */
  async begin(gpu: Gpu, manifest: Manifest): Promise<void> {
    this.known = (await this.store?.recall(adapterKey(gpu))) ?? null;
    try {
      const { manifest: of, kernels } = JSON.parse(this.known ?? 'null') as Kept;
      if (of !== JSON.stringify(manifest)) return;
      for (const [name, constants] of kernels) {
        const file = FILES.get(name);
        if (file) gpu.kernels.foresee({ file, constants });
      }
    } catch {
      // Nothing was kept, or by another version: they are asked for in their time.
    }
  }

  /** For the next visit. */
  keep(gpu: Gpu, manifest: Manifest, sources: readonly KernelSource[]): void {
    const kernels = sources.map(({ file, constants }): Kept['kernels'][number] => [
      file.name,
      { ...constants },
    ]);
    const text = JSON.stringify({ manifest: JSON.stringify(manifest), kernels } satisfies Kept);
    // Nobody waits for it.
    if (text !== this.known) void this.store?.keep(adapterKey(gpu), text);
    this.known = text;
  }
}
