import { beforeAll, expect, it } from 'vitest';
import { LIVE_ONLY, type RunEvent } from '../run/events';
import { type ManifestInput, parseManifest } from '../run/manifest';
import { timelessLine } from '../run/timeless';
import { modelSources } from './opened-model';
import { Session } from './session';
import { BASE, QUIET_HOST } from './testing/session-host';
import type { ChoiceStore } from './tuning';

const small = (settings: ManifestInput = {}) =>
  parseManifest({
    prompts_per_step: 4,
    num_generations: 4,
    max_completion_length: 24,
    eval_problems: 4,
    steps: 1,
    micro_batch_tokens: 256,
    ...settings,
  });

/** A session that counts what it fetches, opened with a run expected where one is given. */
async function opened(expected?: ReturnType<typeof small>, choices?: ChoiceStore, kernels?: ChoiceStore) {
  const events: RunEvent[] = [];
  let reads = 0;
  let fails = 0;
  const session = new Session({
    ...QUIET_HOST,
    readModel: async () => {
      reads++;
      if (fails-- > 0) throw new Error('the network is away');
      return modelSources(BASE);
    },
    ...(choices && { choices }),
    ...(kernels && { kernels }),
    onEvent: (event) => events.push(event),
  });
  const opening = session.open();
  const begin = (failures: number) => {
    fails = failures;
    if (expected) session.expect(expected);
  };
  return { session, events, opening, begin, reads: () => reads };
}

async function run(held: Awaited<ReturnType<typeof opened>>, manifest = small()) {
  await held.session.load(manifest);
  await held.session.run();
  expect(held.session.error).toBeNull();
  // How much a decode shows at a time goes by the clock.
  const kept = held.events.filter(({ type }) => !LIVE_ONLY.has(type));
  const stream = kept.flatMap((event) => timelessLine(JSON.stringify(event)) ?? []);
  await held.session.close();
  return stream;
}

let plain: string[];
beforeAll(async () => {
  const held = await opened();
  await held.opening;
  plain = await run(held);
}, 120_000);

it('is the same run when it was made ready while the device was tested, and fetches nothing again', async () => {
  const held = await opened(small());
  held.begin(0);
  await held.opening;
  expect(await run(held)).toEqual(plain);
  expect(held.reads()).toBe(1);
});

it('lets go of what was made ready when other settings are loaded', async () => {
  const held = await opened(small({ seed: 5 }));
  held.begin(0);
  await held.opening;
  expect(await run(held)).toEqual(plain);
  expect(held.reads()).toBe(2);
});

it('measures at rest what an earlier visit had no time for, which changes nothing of the run', async () => {
  let kept = '[["forward 64x64","vec4","partly"]]';
  const store = {
    recall: async () => kept,
    keep: async (_: string, choices: string) => {
      kept = choices;
    },
  };
  const held = await opened(small(), store);
  held.begin(0);
  await held.opening;
  const entries = () => JSON.parse(kept) as string[][];
  await expect.poll(() => entries().length, { timeout: 60_000 }).toBeGreaterThan(10);
  expect(entries().filter(([, , how]) => how !== undefined)).toEqual([]);
  expect(await run(held)).toEqual(plain);
  expect(held.reads()).toBe(1);
}, 120_000);

it('lets go of choosing at rest as soon as a run is asked for', async () => {
  const keeps: string[] = [];
  const store = {
    recall: async () => '[["forward 64x64","vec4","partly"]]',
    keep: async (_: string, choices: string) => {
      keeps.push(choices);
    },
  };
  const held = await opened(small(), store);
  held.begin(0);
  await held.opening;
  // Into the rest, which begins a second after the test and lasts longer than that.
  await new Promise((later) => setTimeout(later, 1200));
  expect(await run(held)).toEqual(plain);
  // At most once: what was known by then.
  expect(keeps.length).toBeLessThanOrEqual(1);
}, 120_000);

it('keeps the kernels of the first rollouts, which are compiled ahead in the next visit and change nothing', async () => {
  let kept: string | null = null;
  let keeps = 0;
  const store = {
    recall: async () => kept,
    keep: async (_: string, text: string) => {
      kept = text;
      keeps++;
    },
  };
  for (const _visit of ['first', 'second']) {
    const held = await opened(small(), undefined, store);
    held.begin(0);
    await held.opening;
    expect(await run(held)).toEqual(plain);
    expect(keeps).toBe(1);
  }
  const names = JSON.parse(kept!).kernels.map(([name]: [string]) => name);
  // What scores comes before what decodes alone; what trains is no part of it.
  expect(names.indexOf('attention')).toBeGreaterThanOrEqual(0);
  expect(names.indexOf('sample')).toBeGreaterThan(names.indexOf('attention'));
  expect(names).not.toContain('adamw');
}, 120_000);

it('loads as ever when it could not be made ready', async () => {
  const held = await opened(small());
  held.begin(1);
  await held.opening;
  expect(await run(held)).toEqual(plain);
  expect(held.reads()).toBe(2);
});

it('tests the policy that made the first rollouts before it changes, at no cost of the step', () => {
  const events = plain.map((line) => JSON.parse(line));
  const types = events.filter(({ step }) => step === 0).map(({ type }) => type);
  expect(types.indexOf('evaluation')).toBeGreaterThan(types.lastIndexOf('prompt_group'));
  expect(types.indexOf('evaluation')).toBeLessThan(types.indexOf('step_metrics'));
  expect(events.find(({ type }) => type === 'evaluation').num_flops).toBe(0);
});
