import { expect, test } from 'vitest';
import { events } from '../../rl/comparison/testing';
import { parseManifest } from '../../run/manifest';
import { digestsOf, reportNews } from './digests';
import { MemoryDisk } from './testing';

async function keep(disk: MemoryDisk, name: string, seed: number) {
  const library = disk.openLibrary();
  const run = await library.create(parseManifest({ name, seed, steps: 2 }));
  for (const event of events({ seed, tokens: [100, 140], accuracy: { 0: 0.25, 2: 0.5 } })) run.event(event);
  return { library, run };
}

test('kept runs are read in the order they are asked for, the open one as far as it has got', async () => {
  const disk = new MemoryDisk();
  const { library: earlier, run: first } = await keep(disk, 'first', 1);
  await earlier.close(first);
  const { library, run } = await keep(disk, '', 2);
  const digests = await digestsOf(library, [run.id, first.id]);
  expect(digests.map(({ id, digest }) => [id, digest.name])).toEqual([
    [run.id, 'GRPO, seed 2'],
    [first.id, 'first'],
  ]);
  expect(digests[1].digest.record.steps.at(-1)?.costs.tokens).toBe(240);
  const one = reportNews([digests[1].digest]);
  expect(one).toMatchObject({ what: 'report', name: 'first-report.html' });
  expect(one.what === 'report' && one.text).toContain('50.0%');
  const both = reportNews(digests.map(({ digest }) => digest));
  expect(both).toMatchObject({ name: 'comparison-of-2-runs-report.html' });
  expect(both.what === 'report' && both.text).toContain('2 runs of 1 arm');
});

test('a run without an event is named, and one that another tab has open is left to it', async () => {
  const disk = new MemoryDisk();
  const library = disk.openLibrary();
  const run = await library.create(parseManifest({ name: 'empty' }));
  await expect(digestsOf(library, [run.id])).rejects.toThrow('empty: expected a run that has begun');
  await expect(digestsOf(disk.openLibrary(), [run.id])).rejects.toThrow('open in another tab');
});
