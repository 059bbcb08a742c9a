/**
 * Reads recorded runs off the page's thread: parses and checks every line, sends what tells of the run as a whole,
 * and reads steps back when they are looked at. One recording a worker.
 */
import { EventStreamError } from '../../run/jsonl';
import type { StepRecord } from '../history/step-record';
import { MOST_ON_THE_WAY, type ReadError, type ReaderCommand, type ReaderMessage } from './protocol';
import { type Place, RecordingReader, readStep } from './reader';
import { Keeper, openSource, SourceError } from './source';

/** The part of a dedicated worker's global scope that is used; the page's types are the project's only ones. */
interface WorkerScope {
  postMessage(message: ReaderMessage): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<ReaderCommand>) => void): void;
}
const scope = self as unknown as WorkerScope;
const send = (message: ReaderMessage) => scope.postMessage(message);

/** Bytes that are parsed between two looks at the page's messages. */
const SLICE_BYTES = 2 ** 18;

let file: Blob | null = null;
let places: ReadonlyMap<number, Place> = new Map();
let onTheWay = 0;
let goOn: (() => void) | null = null;

async function open(from: Blob | string): Promise<void> {
  const reader = new RecordingReader();
  let note = '';
  let error: ReadError | null = null;
  let keeper = new Keeper(null);
  try {
    const source = await openSource(from);
    keeper = new Keeper(source.file);
    let done = 0;
    for await (const bytes of source.stream as unknown as AsyncIterable<Uint8Array>) {
      keeper.take(bytes);
      for (let at = 0; at < bytes.length; at += SLICE_BYTES)
        await sendEvents(reader.push(bytes.subarray(at, at + SLICE_BYTES)));
      done += bytes.length;
      send({ type: 'progress', done, total: source.total });
    }
    const { events, truncated } = reader.end();
    await sendEvents(events);
    if (truncated)
      note = `The recording stops inside line ${truncated.line}, as after a crash; everything before it is here.`;
  } catch (thrown) {
    error = explain(thrown);
  }
  file = keeper.end();
  places = reader.places();
  send({ type: 'read', steps: [...places.keys()], note, error });
}

async function sendEvents(events: ReturnType<RecordingReader['push']>): Promise<void> {
  if (events.length === 0) return;
  while (onTheWay >= MOST_ON_THE_WAY)
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
  onTheWay += events.length;
  send({ type: 'events', events });
}

function explain(thrown: unknown): ReadError {
  if (thrown instanceof SourceError) return { message: thrown.message, remedy: thrown.remedy };
  if (thrown instanceof EventStreamError)
    return {
      message: thrown.message,
      remedy: 'Choose the events.jsonl of a run, as the command line writes it, or another copy of it.',
    };
  return {
    message: thrown instanceof Error ? thrown.message : String(thrown),
    remedy: 'Check that the file can be read, and open it again.',
  };
}

async function read(request: number, steps: readonly number[]): Promise<void> {
  const records: StepRecord[] = [];
  let error = '';
  try {
    for (const step of steps) {
      const place = places.get(step);
      if (!place || !file) continue;
      const record = readStep(new Uint8Array(await file.slice(place.from, place.to).arrayBuffer()), step);
      if (record) records.push(record);
    }
  } catch (thrown) {
    error = `Step ${steps.join(', ')} could not be read again: ${explain(thrown).message}`;
  }
  send({ type: 'steps', request, records, error });
}

scope.addEventListener('message', ({ data }) => {
  switch (data.type) {
    case 'open':
      void open(data.source);
      return;
    case 'more':
      onTheWay -= data.count;
      goOn?.();
      return;
    case 'read':
      void read(data.request, data.steps);
      return;
    default:
      unknownCommand(data);
  }
});

function unknownCommand(command: never): never {
  throw new Error(`internal: recording reader: expected a command, got ${JSON.stringify(command)}`);
}
