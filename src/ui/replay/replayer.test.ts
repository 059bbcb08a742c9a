/** A recording in the session's store: the reader's service is the real one, without the thread around it. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WorkerLike } from '../../lab/client';
import type { Message } from '../../lab/protocol';
import type { RunEvent } from '../../run/events';
import { eventToLine } from '../../run/jsonl';
import { DEFAULT_MANIFEST } from '../../run/manifest';
import { EMPTY_HISTORY, recordEvents } from '../history/history';
import { recordOf, shownStepNumber } from '../history/select';
import { runStarted, wholeStep } from '../state/run-fixture';
import { Session } from '../state/session';
import { settingsOf } from '../state/settings';
import { createPageStore } from '../state/store';
import type { ReaderCommand, ReaderMessage } from './protocol';
import { ReaderService } from './reader-service';
import type { ReaderLike } from './recording';

class Thread extends EventTarget implements ReaderLike {
  readonly #service = new ReaderService((data: ReaderMessage) =>
    queueMicrotask(() => this.dispatchEvent(new MessageEvent('message', { data: structuredClone(data) }))),
  );
  terminate = vi.fn();
  postMessage(command: ReaderCommand): void {
    this.#service.obey(command);
  }
}

class Trainer extends EventTarget implements WorkerLike {
  terminate = vi.fn();
  postMessage = vi.fn();
  say(data: Message): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
}

beforeEach(() => {
  vi.stubGlobal('requestAnimationFrame', (frame: () => void) => setTimeout(frame));
  vi.stubGlobal('document', { hidden: false, baseURI: 'http://localhost/' });
  // Nothing plays by itself.
  vi.stubGlobal('matchMedia', () => ({ matches: true }));
});
afterEach(() => vi.unstubAllGlobals());

function begin() {
  const trainer = new Trainer();
  const session = new Session(
    createPageStore(settingsOf(DEFAULT_MANIFEST)),
    () => trainer,
    () => new Thread(),
  );
  return { trainer, session, page: () => session.store.getState() };
}

const fileOf = (events: readonly RunEvent[]): Blob =>
  new Blob(events.map((event) => eventToLine(event) ?? ''));

const RUN = [runStarted(), ...Array.from({ length: 100 }, (_, step) => wholeStep(step)).flat()];

async function opened(events: readonly RunEvent[] = RUN) {
  const all = begin();
  all.session.openRecording(fileOf(events), 'a.jsonl');
  await vi.waitFor(() => expect(all.page().replay?.reading).toBe(false), 20_000);
  return all;
}

test('a recording begins at its first step, and every step can be seen in full', async () => {
  const { session, page } = await opened();
  const live = new Map(
    RUN.filter((event) => 'step' in event).map((event) => [
      event.step,
      recordEvents(
        EMPTY_HISTORY,
        RUN.filter((each) => 'step' in each && each.step === event.step),
      ).records[0],
    ]),
  );
  expect(shownStepNumber(page())).toBe(0);
  for (const step of [0, 99, 50, 3]) {
    session.seek(step);
    await vi.waitFor(() => expect(recordOf(page(), step)?.whole).toBe(true), 20_000);
    expect(recordOf(page(), step)).toEqual(live.get(step));
  }
});

test('it plays step by step to its end, and stops there', async () => {
  const { session, page } = await opened();
  session.look({ stepsPerSecond: 200 });
  session.seek(95);
  const seen: (number | null)[] = [];
  session.store.subscribe(() => {
    if (seen.at(-1) !== shownStepNumber(page())) seen.push(shownStepNumber(page()));
  });
  session.toggle();
  await vi.waitFor(() => expect(page().replay?.playing).toBe(false), 20_000);
  expect(seen).toEqual([95, 96, 97, 98, 99]);
  // Again from the first step.
  session.toggle();
  expect([page().replay?.playing, shownStepNumber(page())]).toEqual([true, 0]);
  session.toggle();
});

test('the live run goes on behind a recording, and is there when it is closed', async () => {
  const { trainer, session, page } = begin();
  trainer.say({ type: 'events', events: [runStarted(), ...wholeStep(0)] });
  await vi.waitFor(() => expect(page().run.steps).toHaveLength(1));
  session.openRecording(fileOf(RUN), 'a.jsonl');
  expect(page().run.steps).toHaveLength(0);
  trainer.say({ type: 'events', events: wholeStep(1) });
  await vi.waitFor(() => expect(page().replay?.reading).toBe(false), 20_000);
  expect(page().run.steps).toHaveLength(100);
  session.replayer.close();
  expect(page()).toMatchObject({ replay: null, older: null, past: [] });
  expect(page().run.steps.map((point) => point.step)).toEqual([0, 1]);
  expect(page().history.records.map((record) => record.step)).toEqual([0, 1]);
  expect(shownStepNumber(page())).toBe(1);
});

test('a file that is no recording leaves the page as it was, and says what is wrong', async () => {
  const { session, page } = begin();
  session.openRecording(new Blob(['<script>alert(1)</script>\n']), 'evil.html');
  await vi.waitFor(() => expect(page().replayError).not.toBeNull(), 20_000);
  expect(page().replay).toBeNull();
  expect(page().replayError?.message).toMatch(/line 1: expected a JSON object, got "<script>/);
  session.openRecording(fileOf([runStarted()]), 'empty.jsonl');
  await vi.waitFor(() => expect(page().replayError?.name).toBe('empty.jsonl'), 20_000);
  expect(page().replayError?.message).toMatch(/finished step/);
});

test('a recording with a wrong line is shown up to there', async () => {
  const { session, page } = begin();
  const lines = RUN.slice(0, 13).map((event) => eventToLine(event) ?? '');
  session.openRecording(new Blob([...lines, '{"type":"step_metrics"}\n', ...lines]), 'broken.jsonl');
  await vi.waitFor(() => expect(page().replay?.reading).toBe(false), 20_000);
  expect(page().run.steps.map((point) => point.step)).toEqual([0, 1]);
  expect(page().replayError?.message).toMatch(/^line 6: step_metrics/);
});

test('a gzip file is unpacked, also a damaged one is told', async () => {
  const { session, page } = begin();
  const packed = await new Response(
    fileOf(RUN).stream().pipeThrough(new CompressionStream('gzip')),
  ).arrayBuffer();
  session.openRecording(new Blob([packed]), 'a.jsonl.gz');
  await vi.waitFor(() => expect(page().replay?.reading).toBe(false), 20_000);
  session.seek(42);
  await vi.waitFor(() => expect(recordOf(page(), 42)?.whole).toBe(true), 20_000);
  session.openRecording(new Blob([packed.slice(0, 40)]), 'cut.gz');
  await vi.waitFor(() => expect(page().replayError?.name).toBe('cut.gz'), 20_000);
});

test('a recording is reported on from its whole stream, and a report of none is nothing', async () => {
  const { session } = await opened();
  const report = await session.replayer.report();
  expect(report?.name).toBe('a-report.html');
  expect(report?.text).toContain('100 of ');
  expect(report?.text).toContain('10,000');
  session.replayer.close();
  expect(await session.replayer.report()).toBeNull();
});
