/** Kept runs with real training: a session on the software adapter, the keeper, and a disk in memory. */
import { beforeAll, describe, expect, test } from 'vitest';
import { parseLlamaConfig } from '../../model/config';
import { writeModel } from '../../model/model-file';
import { initialWeights } from '../../rl/initialise';
import type { RunEvent } from '../../run/events';
import { readEvents } from '../../run/jsonl';
import { type Manifest, type ManifestInput, parseManifest } from '../../run/manifest';
import { modelSources } from '../opened-model';
import { Session } from '../session';
import { QUIET_HOST } from '../testing/session-host';
import { RunKeeper } from './keeper';
import type { RunsNews } from './protocol';
import { MemoryDisk } from './testing';

const CONFIG = parseLlamaConfig({
  hidden_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 24,
  vocab_size: 64,
  tie_word_embeddings: true,
});
const model = writeModel({ config: CONFIG, weights: initialWeights(CONFIG, 5) });
const bytesOf = (name: string) => model.find((file) => file.name === name)!.bytes;

const tiny = (settings: ManifestInput = {}): Manifest =>
  parseManifest({
    prompts_per_step: 3,
    num_generations: 4,
    max_completion_length: 12,
    eval_problems: 4,
    eval_steps: 2,
    steps: 4,
    checkpoint_steps: 2,
    micro_batch_tokens: 256,
    // A random policy is never right: the KL term gives it a gradient all the same.
    beta: 0.1,
    weight_decay: 0.1,
    ...settings,
  });

/** A page with its worker: a session, its keeper, and what they told the page. */
interface Tab {
  session: Session;
  keeper: RunKeeper;
  news: RunsNews[];
  events: RunEvent[];
  onEvent: (event: RunEvent) => void;
}

async function openTab(disk: MemoryDisk): Promise<Tab> {
  const tab: Tab = { session: null!, keeper: null!, news: [], events: [], onEvent: () => {} };
  const keep = (event: RunEvent) => {
    tab.events.push(event);
    tab.onEvent(event);
  };
  tab.session = new Session({
    ...QUIET_HOST,
    readModel: async () =>
      modelSources({
        config: new TextDecoder().decode(bytesOf('config.json')),
        weights: bytesOf('model.safetensors'),
      }),
    keepCheckpoint: async (step, files) => keep(await tab.keeper.keepCheckpoint(step, files)),
    keepStep: (step, files) => tab.keeper.keepStep(step, files),
    onEvent: (event) => {
      tab.keeper.event(event);
      keep(event);
    },
  });
  tab.keeper = new RunKeeper(
    {
      trainer: tab.session,
      send: (news) => tab.news.push(news),
      show(events) {
        for (const event of events) keep(event);
      },
      loaded: () => {},
      storage: async () => null,
    },
    async () => disk.openLibrary(),
  );
  await tab.session.open();
  return tab;
}

const of = <T extends RunsNews['what']>(tab: Tab, what: T) =>
  tab.news.filter((news): news is Extract<RunsNews, { what: T }> => news.what === what);
const runsOf = (tab: Tab) => of(tab, 'list').at(-1)!.runs;

const WALL_CLOCK = new Set(['phases_ms', 'step_ms', 'duration_ms', 'step_time', 'tokens_per_second']);

/** The kept stream without wall-clock fields, and without what tells how often the run was opened and ended. */
const streamOf = (disk: MemoryDisk, id: string): unknown[] =>
  readEvents(disk.files.get(`${id}/events.jsonl`)!)
    .events.filter((event) => !['run_started', 'checkpoint', 'finished'].includes(event.type))
    .map((event) =>
      JSON.parse(JSON.stringify(event), (key, value) => (WALL_CLOCK.has(key) ? undefined : value)),
    );
const weightsOf = (disk: MemoryDisk, id: string, step: number) =>
  Buffer.from(disk.files.get(`${id}/checkpoints/step-${step}/model.safetensors`)!);

describe('a kept run', () => {
  const disk = new MemoryDisk();
  let tab: Tab;
  let id: string;

  beforeAll(async () => {
    tab = await openTab(disk);
    await tab.keeper.begin(tiny());
    await tab.session.run();
    expect(tab.session.error).toBeNull();
    await tab.keeper.list();
    [{ id }] = runsOf(tab);
  });

  test('is in the index with its figures, and its folder is a run directory', () => {
    expect(runsOf(tab)).toMatchObject([
      { status: 'completed', steps: 4, parent: null, accuracy: { suite: 'in-domain', step: 4, correct: 0 } },
    ]);
    expect(runsOf(tab)[0].checkpoints.map((each) => each.step)).toEqual([2, 4]);
    expect([...disk.files.keys()].filter((path) => !path.includes('/resume/')).sort()).toEqual(
      [
        'checkpoints/step-2/config.json',
        'checkpoints/step-2/model.safetensors',
        'checkpoints/step-2/optimizer.safetensors',
        'checkpoints/step-2/trainer.json',
        'checkpoints/step-4/config.json',
        'checkpoints/step-4/model.safetensors',
        'checkpoints/step-4/optimizer.safetensors',
        'checkpoints/step-4/trainer.json',
        'events.jsonl',
        'manifest.json',
        'run.json',
      ].map((path) => `${id}/${path}`),
    );
  });

  test('is handed over as it is, and as it was after a kept step; the stream says nothing of it', async () => {
    const said = disk.files.get(`${id}/events.jsonl`)!.length;
    const weights = (files: { name: string; bytes: Uint8Array }[]) =>
      Buffer.from(files.find(({ name }) => name === 'model.safetensors')!.bytes);
    const now = tab.session.policyNow();
    expect({ step: now.step, seed: now.manifest.seed }).toEqual({ step: 4, seed: tiny().seed });
    expect(weights(now.files).equals(weightsOf(disk, id, 4))).toBe(true);
    const then = await tab.keeper.policyAt(id, 2);
    expect(then.step).toBe(2);
    expect(weights(then.files).equals(weightsOf(disk, id, 2))).toBe(true);
    await expect(tab.keeper.policyAt(id, 3)).rejects.toThrow('expected a step that is kept, got step 3');
    const fresh = await openTab(new MemoryDisk());
    expect(() => fresh.session.policyNow()).toThrow('expected a loaded run, got none');
    await fresh.session.load(tiny());
    // Before its first step a run's policy is the base model.
    expect(fresh.session.policyNow()).toMatchObject({ step: 0 });
    expect(weights(fresh.session.policyNow().files).equals(Buffer.from(bytesOf('model.safetensors')))).toBe(
      true,
    );
    expect(disk.files.get(`${id}/events.jsonl`)!.length).toBe(said);
  });

  test('goes on bit for bit when its page is killed in mid-step', async () => {
    const own = new MemoryDisk();
    const first = await openTab(own);
    await first.keeper.begin(tiny());
    let atCrash = 0;
    first.onEvent = (event) => {
      // Nothing the page does from here on reaches the disk, as after the end of its process.
      if (event.type === 'rollouts_grown' && event.step === 3 && atCrash === 0) {
        atCrash = own.spent;
        own.crashAt = own.spent;
        void first.session.unload();
      }
    };
    await first.session.run();
    own.reboot();
    const second = await openTab(own);
    await second.keeper.list();
    const [entry] = runsOf(second);
    expect(entry).toMatchObject({ status: 'unfinished', steps: 3 });
    await second.keeper.obey({ do: 'continue', id: entry.id });
    expect(second.session.step).toBe(3);
    await second.session.run();
    expect(streamOf(own, entry.id)).toEqual(streamOf(disk, id));
    expect(weightsOf(own, entry.id, 4).equals(weightsOf(disk, id, 4))).toBe(true);
  });

  test('forked with nothing changed is identical, and knows where it comes from', async () => {
    await tab.keeper.obey({ do: 'fork', id, step: 2, manifest: tiny() });
    expect(of(tab, 'trouble')).toEqual([]);
    expect(tab.session.step).toBe(2);
    await tab.session.run();
    await tab.keeper.list();
    const fork = runsOf(tab).find((run) => run.id !== id)!;
    expect(fork.parent).toEqual({ run: id, name: '', step: 2 });
    expect(fork).toMatchObject({ status: 'completed', steps: 4 });
    expect(streamOf(disk, fork.id)).toEqual(streamOf(disk, id));
    expect(weightsOf(disk, fork.id, 4).equals(weightsOf(disk, id, 4))).toBe(true);
  });

  test('forked with a knob changed is the same up to there and another run after', async () => {
    await tab.keeper.obey({ do: 'fork', id, step: 2, manifest: tiny({ learning_rate: 0.01, name: 'hot' }) });
    await tab.session.run();
    await tab.keeper.list();
    const hot = runsOf(tab).find((run) => run.name === 'hot')!;
    const [own, original] = [streamOf(disk, hot.id), streamOf(disk, id)];
    const common = (original as RunEvent[]).findIndex((e) => e.type === 'step_metrics' && e.step === 2);
    expect(common).toBeGreaterThan(6);
    expect(own.slice(0, common)).toEqual(original.slice(0, common));
    expect(weightsOf(disk, hot.id, 4).equals(weightsOf(disk, id, 4))).toBe(false);
    expect(weightsOf(disk, hot.id, 2).equals(weightsOf(disk, id, 2))).toBe(true);
    expect(JSON.parse(new TextDecoder().decode(disk.files.get(`${hot.id}/manifest.json`)))).toMatchObject({
      learning_rate: 0.01,
    });
  });

  test('a step that is not kept cannot be forked from, and nothing is left of the attempt', async () => {
    const before = disk.files.size;
    await tab.keeper.obey({ do: 'fork', id, step: 1, manifest: tiny() });
    expect(of(tab, 'trouble').at(-1)!.message).toContain('expected a step that is kept, got step 1');
    expect(disk.files.size).toBe(before);
  });

  test('a lost device goes back no further than the last step', async () => {
    const own = new MemoryDisk();
    const lossy = await openTab(own);
    await lossy.keeper.begin(tiny());
    lossy.onEvent = (event) => {
      if (event.type === 'rollouts_grown' && event.step === 3) lossy.session.loseDevice();
    };
    await lossy.session.run();
    expect(lossy.session.error?.code).toBe('device-lost');
    lossy.onEvent = () => {};
    await lossy.session.recover();
    expect(lossy.session.step).toBe(3);
    await lossy.session.run();
    expect(streamOf(own, 'run-0')).toEqual(streamOf(disk, id));
  });

  test('without room it rests, says what could go, and goes on with nothing lost once there is some', async () => {
    const own = new MemoryDisk();
    const full = await openTab(own);
    await full.keeper.begin(tiny({ checkpoint_steps: 1 }));
    full.onEvent = (event) => {
      if (event.type === 'rollouts_grown' && event.step === 3) own.room = own.bytes + 100;
    };
    const done = full.session.run();
    await until(() => of(full, 'full').length > 0);
    expect(full.session.step).toBe(4);
    // Of the checkpoints of steps 1, 2 and 3 the newest stays.
    expect(of(full, 'full')[0].freeable.map((each) => each.step)).toEqual([1, 2]);
    await full.keeper.obey({ do: 'make-room' });
    await done;
    expect(full.session.error).toBeNull();
    expect(of(full, 'room')).not.toHaveLength(0);
    expect(streamOf(own, 'run-0')).toEqual(streamOf(disk, id));
    await full.keeper.list();
    expect(runsOf(full)[0].checkpoints.map((each) => each.step)).toEqual([3, 4]);
  });

  test('a run that is open in one tab is not opened in another', async () => {
    const own = new MemoryDisk();
    const one = await openTab(own);
    await one.keeper.begin(tiny({ name: 'mine' }));
    void one.session.takeStep();
    await until(() => one.session.step === 1);
    const other = await openTab(own);
    await other.keeper.list();
    expect(of(other, 'list').at(-1)!.elsewhere).toEqual(['run-0']);
    for (const ask of ['continue', 'look', 'delete', 'export'] as const) {
      await other.keeper.obey({ do: ask, id: 'run-0' });
      expect(of(other, 'trouble').at(-1)!.message, ask).toContain('mine: this run is open in another tab');
    }
    expect(own.files.has('run-0/manifest.json')).toBe(true);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
