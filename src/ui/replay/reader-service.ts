/**
 * Reads one recording on behalf of the page: parses and checks every line, sends what tells of the run as a whole, and
 * reads steps back when they are looked at. Runs in the reader's worker; knows the protocol, not the thread.
 */
import { LAB_VERSION } from '../../lab/version';
import { DIGESTED_EVENTS, DigestCollector, reportName, reportOf } from '../../report';
import type { RunEvent } from '../../run/events';
import { EventReader, EventStreamError } from '../../run/jsonl';
import type { StepRecord } from '../history/step-record';
import { MOST_ON_THE_WAY, type ReadError, type ReaderCommand, type ReaderMessage } from './protocol';
import { type Place, RecordingReader, readStep } from './reader';
import { Keeper, openSource, type Source, SourceError } from './source';

/** Bytes that are parsed between two looks at the page's messages. */
const SLICE_BYTES = 2 ** 18;

/** Answers the page's commands through `send`. */
export class ReaderService {
  #file: Blob | null = null;
  #places: ReadonlyMap<number, Place> = new Map();
  #onTheWay = 0;
  #goOn: (() => void) | null = null;

  constructor(private readonly send: (message: ReaderMessage) => void) {}

  obey(command: ReaderCommand): void {
    switch (command.type) {
      case 'open':
        void this.#open(command.source);
        return;
      case 'more':
        this.#onTheWay -= command.count;
        this.#goOn?.();
        return;
      case 'report':
        void this.#report(command.name);
        return;
      case 'read':
        void this.#read(command.request, command.steps);
        return;
      default:
        unknownCommand(command);
    }
  }

  async #open(from: Blob | string): Promise<void> {
    const reader = new RecordingReader();
    let note = '';
    let error: ReadError | null = null;
    let keeper = new Keeper(null);
    try {
      const source = await openSource(from);
      keeper = new Keeper(source.file);
      await this.#readThrough(source, keeper, reader);
      const { events, truncated } = reader.end();
      await this.#sendEvents(events);
      if (truncated)
        note = `The recording stops inside line ${truncated.line}, as after a crash; everything before it is here.`;
    } catch (thrown) {
      error = explain(thrown);
    }
    this.#file = keeper.end();
    this.#places = reader.places();
    this.send({ type: 'read', steps: [...this.#places.keys()], note, error });
  }

  async #readThrough(source: Source, keeper: Keeper, reader: RecordingReader): Promise<void> {
    // Not every browser can iterate over a stream.
    const pieces = source.stream.getReader();
    let taken = 0;
    try {
      for (;;) {
        const { done, value } = await pieces.read();
        if (done) return;
        keeper.take(value);
        for (let at = 0; at < value.length; at += SLICE_BYTES) {
          const events: RunEvent[] = [];
          try {
            reader.push(value.subarray(at, at + SLICE_BYTES), events);
          } finally {
            // What comes before a wrong line holds.
            await this.#sendEvents(events);
          }
        }
        taken += value.length;
        this.send({ type: 'progress', done: taken, total: source.total });
      }
    } finally {
      pieces.cancel().catch(() => {});
    }
  }

  async #sendEvents(events: RunEvent[]): Promise<void> {
    if (events.length === 0) return;
    while (this.#onTheWay >= MOST_ON_THE_WAY)
      await new Promise<void>((resolve) => {
        this.#goOn = resolve;
      });
    this.#onTheWay += events.length;
    this.send({ type: 'events', events });
  }

  async #report(name: string): Promise<void> {
    try {
      if (!this.#file) throw new Error('the recording is still being read');
      this.send({ type: 'report', ...(await reportOn(this.#file, name)), error: '' });
    } catch (thrown) {
      this.send({
        type: 'report',
        name,
        text: '',
        error: `The report could not be made: ${explain(thrown).message}`,
      });
    }
  }

  async #read(request: number, steps: readonly number[]): Promise<void> {
    const records: StepRecord[] = [];
    const file = this.#file;
    let error = '';
    try {
      for (const step of steps) {
        const place = this.#places.get(step);
        if (!place || !file) continue;
        const record = readStep(new Uint8Array(await file.slice(place.from, place.to).arrayBuffer()), step);
        if (record) records.push(record);
      }
    } catch (thrown) {
      error = `Step ${steps.join(', ')} could not be read again: ${explain(thrown).message}`;
    }
    this.send({ type: 'steps', request, records, error });
  }
}

/** The report of a recording, read through once more; what came before a wrong line is reported on. */
async function reportOn(file: Blob, name: string): Promise<{ name: string; text: string }> {
  const reader = new EventReader(DIGESTED_EVENTS);
  const collector = new DigestCollector();
  try {
    for (let at = 0; at < file.size; at += SLICE_BYTES) {
      const bytes = new Uint8Array(await file.slice(at, at + SLICE_BYTES).arrayBuffer());
      for (const { event } of reader.push(bytes)) collector.event(event);
    }
    const { last } = reader.end();
    if (last) collector.event(last.event);
  } catch (thrown) {
    if (!(thrown instanceof EventStreamError)) throw thrown;
  }
  const digest = collector.digest(name);
  if (!digest) throw new Error('expected a recorded run, got none');
  const called = { ...digest, name: digest.record.manifest.name || name };
  const madeAt = new Date().toISOString().slice(0, 10);
  return { name: reportName(called.name), text: reportOf([called], { lab: LAB_VERSION, madeAt }) };
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

function unknownCommand(command: never): never {
  throw new Error(`internal: recording reader: expected a command, got ${JSON.stringify(command)}`);
}
