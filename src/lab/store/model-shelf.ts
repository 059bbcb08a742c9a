/**
 * The models that the user opened in the page: read whole and checked first, then kept in the origin private file
 * system, `models/NAME/...`, so that a run which began with one goes on after a reload. Where the browser keeps
 * nothing, they stay for as long as the page does. Touches no run. Used by the worker.
 */
import { z } from 'zod';
import { type ByteSource, blobSource } from '../../model/byte-source';
import { parameterCount } from '../../model/config';
import { sha256 } from '../../run/checkpoint';
import { parseJson, SMALL_JSON } from '../../run/json';
import { ModelFileError } from '../errors';
import type { ModelsCommand, ModelsNews, ShelvedModel } from '../models-protocol';
import { type OpenedModel, openModel } from '../opened-model';

/** What begins the name of an opened model in a manifest. */
export const OPENED = 'opened/';

const ABOUT = 'about.json';
const VERSION = 1;
/** The files of a model's folder that are of use here. */
const TAKEN =
  /^(config|generation_config|tokenizer|tokenizer_config)\.json$|\.safetensors$|^model\.safetensors\.index\.json$/;
/** Bytes that are hashed and copied at a time. */
const PIECE = 4 * 2 ** 20;

const aboutSchema = z.strictObject({
  version: z.literal(VERSION),
  model: z.string(),
  parameters: z.number(),
  tokens: z.number(),
  bytes: z.number(),
  speaks: z.enum(['the task’s own tokens', 'its own words', 'plain text']),
  longestPrompt: z.number(),
  example: z.string(),
});

type Files = Extract<ModelsCommand, { do: 'open' }>['files'];

/** The task that a model is tried with when it is opened; a run says its own. */
const TRIED = 'ladder';

class Cancelled extends Error {}

export class ModelShelf {
  /** Models of this page that could not be kept. */
  readonly #here = new Map<string, { about: ShelvedModel; files: Files }>();
  /** Set while a model is being opened. */
  #opening: { cancelled: boolean } | null = null;

  constructor(
    private readonly send: (news: ModelsNews) => void,
    /** The folder of all opened models. @throws where the browser keeps nothing. */
    private readonly folder: () => Promise<FileSystemDirectoryHandle>,
    private readonly explain: (error: unknown) => string,
  ) {}

  /** Does what the page asks. Never throws: what goes wrong is told. */
  async obey(command: ModelsCommand): Promise<void> {
    try {
      if (command.do === 'open') await this.#open(command.named, command.files);
      else if (command.do === 'delete') await this.#delete(command.model);
      else if (command.do === 'cancel') {
        if (this.#opening) this.#opening.cancelled = true;
        return;
      }
    } catch (error) {
      this.send(
        error instanceof Cancelled
          ? { what: 'cancelled' }
          : { what: 'trouble', message: this.explain(error) },
      );
    }
    this.send({ what: 'list', models: await this.#list() });
  }

  /**
   * The files of an opened model, whatever it was called when it was opened: its digest decides.
   * @throws ModelFileError when it is not here any more.
   */
  async sources(model: string): Promise<ByteSource[]> {
    const same = (other: string) => digestIn(other) === digestIn(model);
    const here = [...this.#here].find(([name]) => same(name));
    if (here) return here[1].files.map(({ name, file }) => blobSource(name, file));
    const found: ByteSource[] = [];
    try {
      const kept = (await this.#list()).find((each) => same(each.model));
      const folder = await (await this.folder()).getDirectoryHandle(
        (kept?.model ?? model).slice(OPENED.length),
      );
      for await (const [name, handle] of entriesOf(folder))
        if (handle.kind === 'file' && name !== ABOUT)
          found.push(blobSource(name, await (handle as FileSystemFileHandle).getFile()));
    } catch {
      // Said below, whatever kept it from being found.
    }
    if (found.length === 0)
      throw new ModelFileError(
        `model ${model}: expected a model that was opened in this browser, got none of that name`,
        'Open its files again: the end of the name follows from what is in them.',
      );
    return found;
  }

  async #open(named: string, files: Files): Promise<void> {
    if (this.#opening) throw new Error('expected one model at a time; wait for it or cancel it');
    const asked = { cancelled: false };
    this.#opening = asked;
    try {
      const taken = onlyModel(files);
      const total = taken.reduce((sum, { file }) => sum + file.size, 0);
      // Reading, hashing and copying: each goes through the files once.
      const report = (part: number) => (done: number) => {
        if (asked.cancelled) throw new Cancelled();
        this.send({ what: 'reading', done: part * total + Math.min(done, total), total: 3 * total });
      };
      report(0)(0);
      const opened = await openModel(
        taken.map(({ name, file }) => blobSource(name, file)),
        TRIED,
        report(0),
      );
      const model = `${OPENED}${plainName(named)}-${await digestOf(taken, report(1))}`;
      const about = aboutOf(model, opened, total);
      const kept = await this.#keep(about, taken, report(2));
      if (!kept) this.#here.set(model, { about: { ...about, kept }, files: taken });
      this.send({ what: 'opened', model: { ...about, kept } });
    } finally {
      this.#opening = null;
    }
  }

  /** @returns whether there is a place for it; what was begun of it is taken away where there is none. */
  async #keep(
    { kept: _, ...about }: ShelvedModel,
    files: Files,
    onProgress: (done: number) => void,
  ): Promise<boolean> {
    const name = about.model.slice(OPENED.length);
    let shelf: FileSystemDirectoryHandle;
    try {
      shelf = await this.folder();
    } catch {
      return false;
    }
    try {
      const folder = await shelf.getDirectoryHandle(name, { create: true });
      let done = 0;
      for (const { name: file, file: blob } of files)
        await write(folder, file, blob, (bytes) => {
          done += bytes;
          onProgress(done);
        });
      // Last: without it the folder is no model.
      const said = new Blob([JSON.stringify({ version: VERSION, ...about })]);
      await write(folder, ABOUT, said, () => {});
      return true;
    } catch (error) {
      await shelf.removeEntry(name, { recursive: true }).catch(() => {});
      if (error instanceof Cancelled) throw error;
      return false;
    }
  }

  async #list(): Promise<ShelvedModel[]> {
    const models = [...this.#here.values()].map(({ about }) => about);
    try {
      for await (const [name, handle] of entriesOf(await this.folder()))
        if (handle.kind === 'directory') {
          const about = await readAbout(handle as FileSystemDirectoryHandle);
          if (about && !this.#here.has(about.model) && about.model === OPENED + name)
            models.push({ ...about, kept: true });
        }
    } catch {
      // A browser that keeps nothing has those of this page alone.
    }
    return models.sort((a, b) => (a.model < b.model ? -1 : 1));
  }

  async #delete(model: string): Promise<void> {
    this.#here.delete(model);
    // What is not there, or where nothing is kept, needs no removing.
    await this.folder()
      .then((folder) => folder.removeEntry(model.slice(OPENED.length), { recursive: true }))
      .catch(() => {});
  }
}

/** @throws ModelFileError when a name comes twice, as when two folders were chosen. */
function onlyModel(files: Files): Files {
  const taken = files.filter(({ name }) => TAKEN.test(name));
  const twice = taken.find(({ name }, i) => taken.findIndex((each) => each.name === name) !== i);
  if (twice)
    throw new ModelFileError(
      `${twice.name}: expected once, got it twice`,
      'Choose the files of one model’s folder.',
    );
  return taken;
}

function plainName(named: string): string {
  const plain = named
    .trim()
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 60);
  return plain || 'model';
}

const digestIn = (model: string): string => model.slice(model.lastIndexOf('-') + 1);

/** Eight hexadecimal digits of the files' names and contents. */
async function digestOf(files: Files, onProgress: (done: number) => void): Promise<string> {
  const sums: string[] = [];
  let done = 0;
  for (const { name, file } of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    sums.push(name, String(file.size));
    for (let at = 0; at < file.size; at += PIECE) {
      const piece = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
      sums.push(await sha256(piece));
      done += piece.length;
      onProgress(done);
    }
  }
  return (await sha256(new TextEncoder().encode(sums.join('\n')))).slice(0, 8);
}

function aboutOf(model: string, { config, task }: OpenedModel, bytes: number): ShelvedModel {
  return {
    model,
    parameters: parameterCount(config),
    tokens: config.vocab_size,
    bytes,
    speaks: task.speaks ?? 'the task’s own tokens',
    longestPrompt: task.maxPromptLength,
    example: task.vocabulary.readable(task.trainProblem(0, 0, 0).prompt),
    kept: false,
  };
}

const entriesOf = (folder: FileSystemDirectoryHandle) =>
  (folder as unknown as { entries(): AsyncIterable<[string, FileSystemHandle]> }).entries();

async function readAbout(folder: FileSystemDirectoryHandle): Promise<z.output<typeof aboutSchema> | null> {
  try {
    const file = await (await folder.getFileHandle(ABOUT)).getFile();
    if (file.size > SMALL_JSON.bytes) return null;
    const parsed = aboutSchema.safeParse(parseJson(await file.text(), ABOUT, SMALL_JSON));
    return parsed.success ? parsed.data : null;
  } catch {
    // A folder that was never finished, or that a newer version wrote.
    return null;
  }
}

/** The part of a synchronous access handle that is used; the page's types leave it out, as it is a worker's. */
interface SyncHandle {
  write(from: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}
type SyncFile = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncHandle> };

/** @throws what the handle throws, and Error where it takes only a part without a word. */
async function write(
  folder: FileSystemDirectoryHandle,
  name: string,
  blob: Blob,
  onWritten: (bytes: number) => void,
): Promise<void> {
  const file = (await folder.getFileHandle(name, { create: true })) as SyncFile;
  const handle = await file.createSyncAccessHandle();
  try {
    handle.truncate(0);
    for (let at = 0; at < blob.size; at += PIECE) {
      const piece = new Uint8Array(await blob.slice(at, at + PIECE).arrayBuffer());
      if (handle.write(piece, { at }) !== piece.length) throw new Error(`${name}: there is no room left`);
      onWritten(piece.length);
    }
    handle.flush();
  } finally {
    handle.close();
  }
}
