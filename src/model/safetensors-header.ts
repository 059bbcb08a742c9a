/**
 * The header of a safetensors file: strict JSON of one fixed form, read without building anything on the way that the
 * form does not ask for. Not a general JSON parser: `JSON.parse` would take the last of two equal keys silently, and
 * nests as deep as the file tells it to.
 *
 * Form: `{"__metadata__": {TEXT: TEXT}, NAME: {"dtype": TEXT, "shape": [N...], "data_offsets": [N, N]}, ...}`
 * (https://github.com/huggingface/safetensors, "Format"). Used by `safetensors.ts` alone.
 */

/** A file that is no sound safetensors file; the message names the part or tensor, what was expected and what was there. */
export class SafetensorsError extends Error {
  constructor(where: string, message: string) {
    super(`safetensors ${where}: ${message}`);
    this.name = 'SafetensorsError';
  }
}

/** A tensor as its header entry describes it; nothing but the form has been checked. */
export interface HeaderEntry {
  dtype: string;
  shape: number[];
  /** First byte and the byte after the last, counted from the end of the header. */
  offsets: [number, number];
}

/** Each takes several times its text in memory; models of the field have some thousand. */
export const MOST_TENSORS = 100_000;
/** No tensor in the field has more axes; bounds what a hostile header can make us hold. */
const MAX_AXES = 32;
const MAX_NUMBER_LENGTH = 32;

/** Names that mean something to a JavaScript object; a file that uses them is refused rather than trusted. */
const POLLUTING = new Set(['__proto__', 'constructor', 'prototype']);

/** A name as it is shown in messages: quoted, escaped and short. */
export const quoted = (name: string): string =>
  JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);

/** Why `name` cannot name a tensor or a metadata entry, or undefined when it can. */
export function badName(name: string): string | undefined {
  if (POLLUTING.has(name)) return 'expected a name that is no property of every object';
  if (/\p{Surrogate}/u.test(name)) return 'expected a name of well-formed Unicode';
  return undefined;
}

/**
 * Parses the text of a header.
 * @throws SafetensorsError for text of any other form, duplicate keys and polluting names included.
 */
export function parseHeader(text: string): {
  entries: Map<string, HeaderEntry>;
  metadata: Record<string, string>;
} {
  const reader = new HeaderReader(text);
  const entries = new Map<string, HeaderEntry>();
  const metadata: Record<string, string> = {};
  if (text[0] !== '{') reader.fail('header', 'an object starting with { at its first byte');
  reader.object('header', (name) => {
    if (name === '__metadata__') {
      reader.object('__metadata__', (key) => {
        metadata[key] = reader.string(`__metadata__ ${quoted(key)}`);
      });
    } else if (entries.size === MOST_TENSORS) reader.fail('header', `at most ${MOST_TENSORS} tensors`);
    else entries.set(name, readEntry(reader, `tensor ${quoted(name)}`));
  });
  reader.end();
  return { entries, metadata };
}

function readEntry(reader: HeaderReader, where: string): HeaderEntry {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  reader.object(where, (key) => {
    if (key === 'dtype') dtype = reader.string(`${where} dtype`);
    else if (key === 'shape') shape = reader.sizes(`${where} shape`, MAX_AXES);
    else if (key === 'data_offsets') offsets = reader.sizes(`${where} data_offsets`, 2);
    else throw new SafetensorsError(where, `expected dtype, shape and data_offsets only, got ${quoted(key)}`);
  });
  if (dtype === undefined) throw new SafetensorsError(where, 'expected a dtype, got none');
  if (shape === undefined) throw new SafetensorsError(where, 'expected a shape, got none');
  if (offsets?.length !== 2)
    throw new SafetensorsError(where, `expected two data_offsets, got ${offsets?.length ?? 'none'}`);
  return { dtype, shape, offsets: [offsets[0], offsets[1]] };
}

/** Reads the few kinds of value a header may hold, from left to right. */
class HeaderReader {
  private at = 0;

  constructor(private readonly text: string) {}

  fail(where: string, expected: string): never {
    const got = this.at < this.text.length ? quoted(this.text.slice(this.at, this.at + 12)) : 'the end';
    throw new SafetensorsError(where, `expected ${expected}, got ${got} at header character ${this.at}`);
  }

  /** The next character that is no white space, or '' at the end. */
  private peek(): string {
    for (; this.at < this.text.length; this.at++) {
      const c = this.text[this.at];
      if (c !== ' ' && c !== '\n' && c !== '\r' && c !== '\t') return c;
    }
    return '';
  }

  private skip(character: string): boolean {
    if (this.peek() !== character) return false;
    this.at++;
    return true;
  }

  /** An object; `member` reads the value of each key. Keys may come once only. */
  object(where: string, member: (key: string) => void): void {
    if (!this.skip('{')) this.fail(where, 'an object');
    if (this.skip('}')) return;
    const seen = new Set<string>();
    do {
      const key = this.string(`${where} key`);
      const bad = badName(key);
      if (bad) throw new SafetensorsError(`${where} key`, `${bad}, got ${quoted(key)}`);
      if (seen.has(key))
        throw new SafetensorsError(where, `expected each key once, got ${quoted(key)} twice`);
      seen.add(key);
      if (!this.skip(':')) this.fail(`${where} ${quoted(key)}`, 'a colon');
      member(key);
    } while (this.skip(','));
    if (!this.skip('}')) this.fail(where, 'a comma or }');
  }

  string(where: string): string {
    if (this.peek() !== '"') this.fail(where, 'a string');
    const start = this.at++;
    let escaped = false;
    for (; ; this.at++) {
      const code = this.text.charCodeAt(this.at);
      if (!(code >= 0x20)) this.fail(where, 'the closing quote of a string');
      if (code === 0x22) break;
      if (code === 0x5c) {
        escaped = true;
        this.at++;
      }
    }
    const inner = this.text.slice(start + 1, this.at++);
    if (!escaped) return inner;
    try {
      return JSON.parse(`"${inner}"`) as string;
    } catch {
      throw new SafetensorsError(where, `expected a string with JSON's escapes, got ${quoted(inner)}`);
    }
  }

  /** A list of at most `most` sizes: whole numbers from 0 that a double holds exactly. */
  sizes(where: string, most: number): number[] {
    if (!this.skip('[')) this.fail(where, 'a list');
    const list: number[] = [];
    if (this.skip(']')) return list;
    do {
      if (list.length === most) this.fail(where, `at most ${most} numbers`);
      list.push(this.size(where));
    } while (this.skip(','));
    if (!this.skip(']')) this.fail(where, 'a comma or ]');
    return list;
  }

  private size(where: string): number {
    this.peek();
    const token = /^[-+.\w]*/.exec(this.text.slice(this.at, this.at + MAX_NUMBER_LENGTH))?.[0] ?? '';
    if (!/^(0|[1-9]\d*)$/.test(token)) this.fail(where, 'a whole number from 0');
    const value = Number(token);
    if (!Number.isSafeInteger(value)) this.fail(where, `a number up to ${Number.MAX_SAFE_INTEGER}`);
    this.at += token.length;
    return value;
  }

  end(): void {
    if (this.peek() !== '') this.fail('header', 'nothing but white space after the object');
  }
}
