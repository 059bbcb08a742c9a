/**
 * The page's trainer: a session in a dedicated worker, behind the typed protocol. Runs are kept as they go
 * (`store/`); events are sent in batches, so that a burst costs the page one message.
 */
// First of all: the device is asked for while the other scripts are run.
import './early-device';

import { openGpu } from '../gpu/device';
import type { ByteSource } from '../model/byte-source';
import type { RunEvent } from '../run/events';
import { takeEarlyDevice } from './early-device';
import { explainError, ModelFileError } from './errors';
import { modelSources } from './opened-model';
import type { Command, Going, Message } from './protocol';
import { RaceDesk } from './race/desk';
import { Session } from './session';
import { BROWSER_CHOICES, BROWSER_KERNELS, BROWSER_TESTS } from './store/adapter-store';
import { openIndex, storageState, WEB_LOCKS } from './store/browser-parts';
import { RunKeeper } from './store/keeper';
import { RunLibrary } from './store/library';
import { ModelShelf, OPENED } from './store/model-shelf';
import { openOpfs } from './store/opfs-files';

/** The part of a dedicated worker's global scope that is used; the page's types are the project's only ones. */
interface WorkerScope {
  postMessage(message: Message, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<Command>) => void): void;
}
const scope = self as unknown as WorkerScope;
const send = (message: Message, transfer: Transferable[] = []) => scope.postMessage(message, transfer);

/** Where public files are served from; the page knows, a worker does not. */
let base = '';
let queued: RunEvent[] = [];
let flushing = false;

function queueEvent(event: RunEvent): void {
  queued.push(event);
  if (flushing) return;
  flushing = true;
  setTimeout(() => {
    flushing = false;
    flush();
  });
}

/** Everything so far, before anything that is said after it. */
function flush(): void {
  if (queued.length === 0) return;
  const events = queued;
  queued = [];
  send({ type: 'events', events });
}

async function fetchFile(path: string): Promise<Response> {
  const url = new URL(path, base);
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new ModelFileError(
      `${path}: could not be fetched (${error instanceof Error ? error.message : error})`,
      'Check the connection and load again.',
    );
  }
  // A development server answers a missing file with its page.
  if (!response.ok || response.headers.get('content-type')?.includes('text/html'))
    throw new ModelFileError(
      `${path}: expected a file, got ${response.ok ? 'a page' : `status ${response.status}`}`,
    );
  return response;
}

/** The body, with progress where the server says how long it is. */
async function fetchBytes(
  path: string,
  onProgress: (done: number, total: number) => void,
): Promise<Uint8Array> {
  const response = await fetchFile(path);
  const total = Number(response.headers.get('content-length')) || 0;
  if (!response.body) return new Uint8Array(await response.arrayBuffer());
  const parts: Uint8Array[] = [];
  let done = 0;
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    parts.push(part);
    done += part.length;
    onProgress(done, Math.max(total, done));
  }
  const bytes = new Uint8Array(done);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The files of a base model: one that ships, or one from elsewhere that was opened here. */
async function readBase(
  name: string,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<readonly ByteSource[]> {
  if (name.startsWith(OPENED)) return shelf.sources(name);
  const config = await (await fetchFile(`models/${name}/config.json`)).text();
  const weights = await fetchBytes(`models/${name}/model.safetensors`, onProgress);
  return modelSources({ config, weights });
}

const session: Session = new Session({
  gpu: () => navigator.gpu,
  earlyDevice: takeEarlyDevice,
  readModel: readBase,
  choices: BROWSER_CHOICES,
  tests: BROWSER_TESTS,
  kernels: BROWSER_KERNELS,
  readCases: (names) =>
    Promise.all(
      names.map(async (name) => ({
        name,
        json: await (await fetchFile(`reference/${name}.json`)).json(),
        bytes: await (await fetchFile(`reference/${name}.safetensors`)).arrayBuffer(),
      })),
    ),
  async keepCheckpoint(step, files) {
    queueEvent(await keeper.keepCheckpoint(step, files));
  },
  keepStep: (step, files) => keeper.keepStep(step, files),
  onEvent(event) {
    keeper.event(event);
    queueEvent(event);
  },
  onState(state, step) {
    races.heard(state);
    flush();
    send({ type: 'state', state, step });
    if ((state === 'failed' || state === 'unavailable') && session.error)
      send({ type: 'error', error: session.error });
  },
  onBenchmarks(status) {
    flush();
    send({ type: 'benchmarks', status });
  },
  onInspected(answer) {
    flush();
    const arrays = answer.stage === 'done' ? Object.values(answer.seen) : [];
    send(
      { type: 'inspected', answer },
      arrays.flatMap((each) => (typeof each === 'number' ? [] : [each.buffer as ArrayBuffer])),
    );
  },
  onProgress: (progress) => send({ type: 'progress', progress }),
  onTested: (adapter, selfTest) => send({ type: 'opened', adapter, selfTest }),
});

const keeper: RunKeeper = new RunKeeper(
  {
    trainer: session,
    send(news) {
      flush();
      send({ type: 'runs', news });
    },
    show(events) {
      for (const event of events) queueEvent(event);
    },
    loaded(manifest) {
      flush();
      send({ type: 'loaded', manifest, ...session.size! });
      // Not after a word from the page, whose thread draws its panels for the first time now.
      if (goOnAfterLoad) void goes[goOnAfterLoad]();
    },
    storage: storageState,
  },
  async () =>
    new RunLibrary({
      folders: await openOpfs(),
      index: await openIndex(),
      locks: WEB_LOCKS,
      now: () => new Date(),
      newId: () => crypto.randomUUID(),
    }),
);
void keeper.list();

const races: RaceDesk = new RaceDesk(
  {
    openGpu: () => openGpu(navigator.gpu),
    selfTest: () => session.confirm(),
    readModel: (name) => readBase(name),
    choices: BROWSER_CHOICES,
    onNews(news) {
      flush();
      send({ type: 'race', news });
    },
  },
  () => session.pause(),
);

const goes: Record<Going, () => Promise<void>> = {
  run: () => session.run(),
  step: () => session.takeStep(),
  phase: () => session.takePhase(),
};
/** What the load under way is to be followed by. */
let goOnAfterLoad: Going | null = null;

/** Commands by which the page's run computes: a race rests first. */
const COMPUTES: ReadonlySet<Command['type']> = new Set([
  'load',
  'run',
  'step',
  'phase',
  'recover',
  'check',
  'benchmarks',
]);

/** Opened beside whatever is trained, which it does not touch. */
const shelf: ModelShelf = new ModelShelf(
  (news) => send({ type: 'models', news }),
  async () => (await navigator.storage.getDirectory()).getDirectoryHandle('models', { create: true }),
  (error) => {
    const { message, remedy } = explainError(error, null);
    return `${message} ${remedy}`.trim();
  },
);

async function obey(command: Command): Promise<void> {
  if (COMPUTES.has(command.type)) await races.rest();
  switch (command.type) {
    case 'open': {
      base = command.baseUrl;
      send({ type: 'opened', ...(await session.open()) });
      return;
    }
    case 'expect':
      return session.expect(command.manifest);
    case 'load':
      goOnAfterLoad = command.goOn ?? null;
      try {
        return await keeper.begin(command.manifest);
      } finally {
        goOnAfterLoad = null;
      }
    case 'run':
    case 'step':
    case 'phase':
      return goes[command.type]();
    case 'pace':
      return session.pace(command.delayMs);
    case 'profile':
      return session.profileNextStep();
    case 'pause':
      return session.pause();
    case 'stop':
      return session.stop();
    case 'recover':
      return session.recover();
    case 'check':
      send({ type: 'opened', ...(await session.checkEverything()) });
      return;
    case 'benchmarks':
      return session.answerBenchmarks(command.request);
    case 'cancel-benchmarks':
      return session.cancelBenchmarks();
    case 'inspect':
      return session.inspect(command.request);
    case 'export-checkpoint': {
      const checkpoint = await session.newestCheckpoint();
      if (!checkpoint) throw new Error('export: there is no run yet');
      const files = checkpoint.files.map(({ name, bytes }) => ({
        name,
        bytes: bytes.slice().buffer as ArrayBuffer,
      }));
      send(
        { type: 'checkpoint', step: checkpoint.step, files },
        files.map((f) => f.bytes),
      );
      return;
    }
    case 'hand-over-policy':
      return handOver(command);
    case 'runs':
      return keeper.obey(command.ask);
    case 'race':
      return races.obey(command.ask);
    case 'models':
      return shelf.obey(command.ask);
    case 'lose-device':
      return session.loseDevice();
    default:
      return unknownCommand(command);
  }
}

/** A copy of what is kept in memory or on the disk; training does not wait for it. */
async function handOver({ request, kept }: Extract<Command, { type: 'hand-over-policy' }>): Promise<void> {
  try {
    const { step, manifest, files } = kept ? await keeper.policyAt(kept.run, kept.step) : session.policyNow();
    const copies = files.map(({ name, bytes }) => ({ name, bytes: bytes.slice().buffer as ArrayBuffer }));
    send(
      { type: 'policy', request, handed: { step, manifest, files: copies } },
      copies.map(({ bytes }) => bytes),
    );
  } catch (error) {
    send({ type: 'policy', request, handed: explainError(error, null) });
  }
}

function unknownCommand(command: never): never {
  throw new Error(`internal: worker: expected a command of the protocol, got ${JSON.stringify(command)}`);
}

/** Commands that change what is loaded wait for each other; the others act at once. */
let loading: Promise<void> = Promise.resolve();
const IN_TURN: ReadonlySet<Command['type']> = new Set([
  'open',
  'load',
  'stop',
  'recover',
  'export-checkpoint',
  'runs',
]);

scope.addEventListener('message', ({ data }) => {
  const report = (error: unknown) => {
    // The session has said it already where it went through its own states.
    if (!session.error) send({ type: 'error', error: explainError(error, null) });
  };
  if (data.type === 'runs' && data.ask.do === 'list') keeper.list().catch(report);
  else if (data.type === 'expect') session.expect(data.manifest);
  else if (IN_TURN.has(data.type)) loading = loading.then(() => obey(data)).catch(report);
  else loading.then(() => obey(data)).catch(report);
});
