/**
 * JSON from strangers: text is measured before it is parsed, since a few bytes of it can ask for a nesting that no
 * later step survives, or for objects many times their own size. Not a schema; what the values mean is checked by
 * whoever asked for them. Used by every reader of files: models, tokenizers, events, manifests, checkpoints.
 */

/** Text that is no JSON, or more of it than is taken; the message names the file and the remedy where there is one. */
export class JsonError extends Error {
  constructor(
    where: string,
    /** The message without the file's name. */
    readonly reason: string,
  ) {
    super(`${where}: ${reason}`);
    this.name = 'JsonError';
  }
}

export interface JsonLimits {
  bytes: number;
  /** Objects and lists inside each other. */
  depth: number;
  /** Objects and lists together: each takes many times its two characters in memory. */
  containers: number;
  /** Commas, that is members and elements about: each is a few characters of text and eight bytes or more of memory. */
  members: number;
}

/** Settings and descriptions: config.json, manifests, trainer.json. */
export const SMALL_JSON: JsonLimits = { bytes: 2 ** 20, depth: 32, containers: 20_000, members: 200_000 };

/** One event of a stream. The largest group of rollouts is some thousand lists of numbers. */
export const LINE_JSON = { depth: 32, containers: 20_000, members: 4_000_000 };

/** trainer.json, which also holds what MASA has learned beside the weights. */
export const STATE_JSON: JsonLimits = {
  bytes: 16 * 2 ** 20,
  depth: 32,
  containers: 500_000,
  members: 4_000_000,
};

/**
 * Parses `source`.
 * @param where the file's name, which the message begins with.
 * @throws JsonError
 */
export function parseJson(source: string | Uint8Array, where: string, limits: JsonLimits): unknown {
  if (source.length > limits.bytes)
    throw new JsonError(where, `expected at most ${limits.bytes} bytes, got ${source.length}`);
  const text = typeof source === 'string' ? source : decode(source, where);
  const excess = measure(text, limits);
  if (excess) throw new JsonError(where, excess);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new JsonError(where, `expected JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function decode(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new JsonError(where, 'expected UTF-8 text, got other bytes');
  }
}

/** What `text` has too much of, if it is JSON; undefined when it keeps within the limits. */
export function measure(
  text: string,
  { depth: most, containers, members }: Omit<JsonLimits, 'bytes'>,
): string | undefined {
  let depth = 0;
  let opened = 0;
  let commas = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = endOfString(text, at);
        break;
      case 0x5b:
      case 0x7b:
        if (++depth > most) return `expected JSON at most ${most} levels deep, got more at character ${at}`;
        if (++opened > containers)
          return `expected at most ${containers} objects and lists, got more at character ${at}`;
        break;
      case 0x2c:
        if (++commas > members)
          return `expected at most ${members} members and elements, got more at character ${at}`;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
    }
  }
  return undefined;
}

/** The place of the quote that closes the string which begins at `start`, or the text's end. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}
