/**
 * The event stream as JSON Lines: one event a line, UTF-8. Writing leaves out what only matters live; reading
 * is strict and says which line is wrong, but takes a last line cut short by a crash for what it is.
 * Knows nothing of files: lines and bytes in, events and bytes out.
 *
 * Used by the command line's run directory, by replay and by the report.
 */
import { eventSchema, LIVE_ONLY, type RunEvent } from './events';
import { LINE_JSON, measure } from './json';

/**
 * One event as a line with its line feed, or null for an event that is only live.
 * @throws Error naming the place of a number that JSON cannot hold (NaN or infinite), which a reader would
 * find only when it is too late.
 */
export function eventToLine(event: RunEvent): string | null {
  if (LIVE_ONLY.has(event.type)) return null;
  requireFinite(event, event.type);
  return `${JSON.stringify(event)}\n`;
}

function requireFinite(value: unknown, path: string): void {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Error(`${path}: expected a finite number, got ${value}`);
  } else if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) requireFinite(value[i], `${path}.${i}`);
  } else if (value !== null && typeof value === 'object') {
    for (const [key, inside] of Object.entries(value)) requireFinite(inside, `${path}.${key}`);
  }
}

/** A line that is no event. */
export class EventStreamError extends Error {
  constructor(
    /** Counted from 1. */
    readonly line: number,
    message: string,
  ) {
    super(`line ${line}: ${message}`);
    this.name = 'EventStreamError';
  }
}

/** A last line that a crash cut short: everything before it holds. */
export interface TruncatedLine {
  /** Counted from 1. */
  line: number;
  /** Bytes of the stream before it: cut the file here to go on writing. */
  at_byte: number;
  /** Bytes of the incomplete line itself. */
  bytes: number;
}

/** An event with the place where its line ends, its line feed included. */
export interface PlacedEvent {
  event: RunEvent;
  /** Counted from 1. */
  line: number;
  end_byte: number;
}

const LINE_FEED = 0x0a;

/**
 * Reads a stream in pieces of any size. Lines are split as bytes, so that a piece may end inside a character.
 * Every method throws EventStreamError at the first wrong line.
 */
export class EventReader {
  /** Pieces of the line that has not ended yet. */
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #line = 0;
  #offset = 0;
  readonly #only: ReadonlySet<string> | null;

  /** @param only types of events to read; lines of others are passed over unread, which saves most of the time. */
  constructor(only: ReadonlySet<RunEvent['type']> | null = null) {
    this.#only = only;
  }

  /** The events whose lines `bytes` completes. */
  push(bytes: Uint8Array): PlacedEvent[] {
    const events: PlacedEvent[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      const text = decode(this.#take(bytes.subarray(start, end)));
      this.#line++;
      this.#offset += 1;
      start = end + 1;
      if (text === null) throw new EventStreamError(this.#line, 'expected UTF-8 text, got other bytes');
      if (this.#isPassedOver(text)) continue;
      const excess = measure(text, LINE_JSON);
      if (excess) throw new EventStreamError(this.#line, excess);
      const value = parseJson(text);
      if (value instanceof SyntaxError)
        throw new EventStreamError(
          this.#line,
          `expected a JSON object, got ${excerpt(text)} (${value.message})`,
        );
      events.push({ event: checkEvent(value, this.#line), line: this.#line, end_byte: this.#offset });
    }
    if (start < bytes.length) {
      // A copy: the caller may fill the same buffer again.
      const rest = bytes.slice(start);
      this.#pending.push(rest);
      this.#pendingBytes += rest.length;
    }
    return events;
  }

  /**
   * What is left when the stream ends without a line feed: a whole event (only its line feed is missing), or a
   * line cut short.
   */
  end(): { last: PlacedEvent | null; truncated: TruncatedLine | null } {
    if (this.#pendingBytes === 0) return { last: null, truncated: null };
    const at = this.#offset;
    const bytes = this.#take(new Uint8Array());
    const line = ++this.#line;
    const text = decode(bytes);
    const excess = text === null ? undefined : measure(text, LINE_JSON);
    if (excess) throw new EventStreamError(line, excess);
    const value = text === null ? new SyntaxError() : parseJson(text);
    if (value instanceof SyntaxError)
      return { last: null, truncated: { line, at_byte: at, bytes: bytes.length } };
    return { last: { event: checkEvent(value, line), line, end_byte: this.#offset }, truncated: null };
  }

  /** The lab writes an event's type first; a line that begins otherwise is read to find out. */
  #isPassedOver(text: string): boolean {
    const type = this.#only && /^\{"type":"(\w+)"/.exec(text)?.[1];
    return typeof type === 'string' && !this.#only!.has(type) && VERSIONS.has(type);
  }

  #take(tail: Uint8Array): Uint8Array {
    const line = new Uint8Array(this.#pendingBytes + tail.length);
    let at = 0;
    for (const piece of [...this.#pending, tail]) {
      line.set(piece, at);
      at += piece.length;
    }
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#offset += line.length;
    return line;
  }
}

export interface EventStream {
  events: RunEvent[];
  /** Set when the last line was cut short; the events before it are all there. */
  truncated: TruncatedLine | null;
}

/** Reads a whole stream at once. @throws EventStreamError naming the first wrong line. */
export function readEvents(stream: string | Uint8Array): EventStream {
  const { events, truncated } = readPlacedEvents(stream);
  return { events: events.map(({ event }) => event), truncated };
}

/** Like `readEvents`, with the place of each event, for whoever cuts the stream. */
export function readPlacedEvents(stream: string | Uint8Array): {
  events: PlacedEvent[];
  truncated: TruncatedLine | null;
} {
  const reader = new EventReader();
  const events = reader.push(typeof stream === 'string' ? new TextEncoder().encode(stream) : stream);
  const { last, truncated } = reader.end();
  return { events: last ? [...events, last] : events, truncated };
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}

/** Of one event's problems so many are told. */
const MOST_PROBLEMS = 8;

const shortened = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most)}…` : text;

function excerpt(text: string): string {
  if (text.trim() === '') return 'an empty line';
  return JSON.stringify(shortened(text, 60));
}

const VERSIONS: ReadonlyMap<string, number> = new Map(
  eventSchema.options.map((option) => [option.shape.type.value as string, option.shape.v.value as number]),
);

function checkEvent(value: unknown, line: number): RunEvent {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new EventStreamError(line, `expected an event object, got ${excerpt(JSON.stringify(value))}`);
  const { type, v } = value as { type?: unknown; v?: unknown };
  const known = typeof type === 'string' ? VERSIONS.get(type) : undefined;
  if (known === undefined)
    throw new EventStreamError(
      line,
      `type: expected one of ${[...VERSIONS.keys()].join(', ')}, got ${shortened(String(JSON.stringify(type)), 80)}`,
    );
  if (typeof v === 'number' && Number.isInteger(v) && v > known)
    throw new EventStreamError(
      line,
      `${type}: expected version ${known} or older, got ${v}; open this run with a newer version of the lab`,
    );
  const result = eventSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues
    .slice(0, MOST_PROBLEMS)
    .map((issue) => shortened(`${issue.path.join('.')}: ${issue.message}`, 300));
  const more = result.error.issues.length - problems.length;
  throw new EventStreamError(line, `${type}: ${problems.join('; ')}${more > 0 ? `; and ${more} more` : ''}`);
}
