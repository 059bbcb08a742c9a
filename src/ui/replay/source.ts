/**
 * The bytes of a recording, from a file or an address of this site, unpacked where they are gzip; and again, any
 * stretch of them, once they were read through. Used by the reader's worker.
 */
import type { ReadError } from './protocol';

/** A file on disk is read where it lies. */
const MOST_FILE_BYTES = 2 * 2 ** 30;
/** What has no file of its own is held by the browser, in memory or on disk as it sees fit. */
const MOST_HELD_BYTES = 512 * 2 ** 20;

/** A recording that cannot be had, as opposed to one whose lines are wrong. */
export class SourceError extends Error implements ReadError {
  constructor(
    message: string,
    readonly remedy: string,
  ) {
    super(message);
    this.name = 'SourceError';
  }
}

export interface Source {
  /** Bytes as they are stored, 0 where it is not known. */
  total: number;
  stream: ReadableStream<Uint8Array>;
  /** The file itself, where `stream` is just its bytes. */
  file: Blob | null;
}

export async function openSource(from: Blob | string): Promise<Source> {
  if (from instanceof Blob) {
    if (from.size > MOST_FILE_BYTES) throw tooLarge(from.size, MOST_FILE_BYTES);
    return unpacked(from.stream(), from.size, from);
  }
  let response: Response;
  try {
    response = await fetch(from, { mode: 'same-origin', credentials: 'same-origin' });
  } catch {
    throw new SourceError(
      `${from}: could not be fetched`,
      'Give the address of a recording on this site, or open it as a file.',
    );
  }
  // A development server answers a missing file with its page.
  const isPage = response.headers.get('content-type')?.includes('text/html');
  if (!response.ok || isPage || !response.body)
    throw new SourceError(
      `${from}: expected a recorded run, got ${response.ok ? 'a page' : `status ${response.status}`}`,
      'Check the address behind ?replay= in the link.',
    );
  const length = response.headers.has('content-encoding')
    ? 0
    : Number(response.headers.get('content-length'));
  return unpacked(response.body, length || 0, null);
}

/** Looks at the first two bytes for gzip's mark and puts them back. */
async function unpacked(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  total: number,
  file: Blob | null,
): Promise<Source> {
  const reader = stream.getReader();
  const first = await reader.read();
  const rest = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => {
      if (first.value) controller.enqueue(first.value);
    },
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => reader.cancel(),
  });
  const packed = first.value?.[0] === 0x1f && first.value[1] === 0x8b;
  if (!packed) return { stream: rest, total, file };
  const unpacking = rest.pipeThrough(new DecompressionStream('gzip'));
  return {
    stream: file ? unpacking.pipeThrough(notMuchMoreThan(file.size)) : unpacking,
    total: 0,
    file: null,
  };
}

/** How much more a packed file may hold than it is. Event streams pack to about a tenth. */
const MOST_TIMES = 100;
/** What it may hold in any case. */
const ALWAYS_FINE = 64 * 2 ** 20;

/** Lets bytes through until there are far more than a recording of `packed` bytes could unpack to. */
function notMuchMoreThan(packed: number): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  const most = Math.max(ALWAYS_FINE, MOST_TIMES * packed);
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.length;
      if (bytes > most) throw tooLarge(bytes, most);
      controller.enqueue(chunk);
    },
  });
}

/** Collects what passes through, for a source that is no file, up to a bound. */
export class Keeper {
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  constructor(private readonly file: Blob | null) {}

  take(bytes: Uint8Array): void {
    if (this.file) return;
    this.#bytes += bytes.length;
    if (this.#bytes > MOST_HELD_BYTES) throw tooLarge(this.#bytes, MOST_HELD_BYTES);
    this.#parts.push(bytes.slice());
  }

  end(): Blob {
    const blob = this.file ?? new Blob(this.#parts);
    this.#parts = [];
    return blob;
  }
}

function tooLarge(bytes: number, most: number): SourceError {
  const mib = (size: number) => `${Math.round(size / 2 ** 20)} MiB`;
  return new SourceError(
    `expected a recording of at most ${mib(most)}, got ${mib(bytes)} or more`,
    'Cut the file between two lines, keeping its beginning, and open that; an unpacked file may be larger than a packed one.',
  );
}
