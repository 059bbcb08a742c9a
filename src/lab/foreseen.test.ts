import { expect, it, vi } from 'vitest';
import type { Gpu } from '../gpu/device';
import type { KernelSource } from '../gpu/kernel';
import { SHADERS } from '../model/shaders';
import { parseManifest } from '../run/manifest';
import { Foreseen } from './foreseen';

const RUN = parseManifest({});
const FIRST: KernelSource[] = [
  { file: SHADERS.rmsNorm, constants: { VECTOR: 4, SHARE: 1 } },
  { file: SHADERS.sample, constants: {} },
];

/** A visit to a browser that keeps `text`; what it begins to compile, and what it leaves for the next one. */
function visit(text: string | null) {
  const begun: KernelSource[] = [];
  const keep = vi.fn(async (_: string, kept: string) => {
    text = kept;
  });
  const gpu = {
    info: { vendor: 'v', architecture: 'a', device: 'd', description: 'e' },
    kernels: { foresee: (source: KernelSource) => void begun.push(source) },
  } as unknown as Gpu;
  const foreseen = new Foreseen({ recall: async () => text, keep });
  return { gpu, foreseen, begun, keep, kept: () => text };
}

/** What a first visit leaves. */
async function left(): Promise<string> {
  const first = visit(null);
  await first.foreseen.begin(first.gpu, RUN);
  expect(first.begun).toEqual([]);
  first.foreseen.keep(first.gpu, RUN, FIRST);
  return first.kept()!;
}

it('begins to compile what the same run was begun with in the visit before, in the same order', async () => {
  const second = visit(await left());
  await second.foreseen.begin(second.gpu, RUN);
  expect(second.begun).toEqual(FIRST);
  second.foreseen.keep(second.gpu, RUN, FIRST);
  expect(second.keep).not.toHaveBeenCalled();
});

it('begins nothing for a run with other settings, and keeps its kernels instead', async () => {
  const second = visit(await left());
  const other = parseManifest({ num_generations: 4 });
  await second.foreseen.begin(second.gpu, other);
  expect(second.begun).toEqual([]);
  second.foreseen.keep(second.gpu, other, FIRST.slice(1));
  const third = visit(second.kept());
  await third.foreseen.begin(third.gpu, other);
  expect(third.begun).toEqual(FIRST.slice(1));
});

it('leaves out a kernel that is no more, and takes what it cannot read for nothing', async () => {
  const second = visit((await left()).replace('"rms_norm"', '"was_once"'));
  await second.foreseen.begin(second.gpu, RUN);
  expect(second.begun).toEqual(FIRST.slice(1));
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '{"kernels":3}',
    (await left()).replace('"kernels":[', '"kernels":[7,'),
  ]) {
    const visited = visit(text);
    await visited.foreseen.begin(visited.gpu, RUN);
    expect(visited.begun).toEqual([]);
  }
});
