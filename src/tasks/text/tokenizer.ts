/**
 * A tokenizer from elsewhere: Hugging Face's tokenizer.json, read by their own JavaScript and held to what a file from
 * a stranger may ask for. Text to ids and back; not what a task says with them (`speech.ts`).
 *
 * Format: https://huggingface.co/docs/tokenizers; of tokenizer_config.json the special tokens and whether there is a
 * chat template are read. Used by `speech.ts` and its tests.
 */
import type { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { JsonError, parseJson, SMALL_JSON } from '../../run/json';
import { checkPattern } from './pattern';

export const TOKENIZER_FILE = 'tokenizer.json';
export const TOKENIZER_CONFIG_FILE = 'tokenizer_config.json';
export const GENERATION_CONFIG_FILE = 'generation_config.json';

/** Merges of a large vocabulary are some hundred thousand pairs. */
export const TOKENIZER_JSON = { bytes: 64 * 2 ** 20, depth: 64, containers: 1_000_000, members: 3_000_000 };
const MODELS = ['BPE', 'Unigram', 'WordLevel', 'WordPiece'] as const;
/** Tokenizers of the field chain fewer than ten parts. */
const MOST_PARTS = 64;
/** How many times longer replacements may make a text. */
const MOST_GROWTH = 256;
/** A prompt is some hundred characters; a tokenizer that makes more ids of one than this is none. */
const MOST_IDS = 16_384;

/** A tokenizer that cannot be used; the message names the file and what is wrong. */
export class TokenizerError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TokenizerError';
  }
}

/** The contents of a model's files about text; null where there is no such file. */
export interface TokenizerFiles {
  tokenizer: Uint8Array;
  tokenizerConfig: Uint8Array | null;
  generationConfig: Uint8Array | null;
}

export interface TextTokenizer {
  /** Rows of the model's embedding: every id is below it. */
  readonly size: number;
  /** The tokens that end a text, the usual one first; none where no file names one. */
  readonly ends: readonly number[];
  readonly bos: number | null;
  readonly pad: number | null;
  /** There is a template for conversations: the model was made to answer them. */
  readonly chats: boolean;
  /** @param special whether the tokens that the tokenizer puts around every text are added. @throws TokenizerError */
  encode(text: string, special: boolean): number[];
  /** Never throws: ids without a token are written `?63`. */
  decode(ids: readonly number[], special: boolean): string;
  /** The id of a token by its exact name, added tokens included. */
  idOf(name: string): number | null;
  /** What a token adds to a text, its leading space included. Never empty. */
  textOf(id: number): string;
}

/**
 * Reads a model's tokenizer.
 * @param size rows of the model's embedding, `vocab_size`.
 * @param configEnds end tokens of config.json, where generation_config.json names none.
 * @throws TokenizerError or JsonError
 */
export async function readTokenizer(
  files: TokenizerFiles,
  size: number,
  configEnds: readonly number[],
): Promise<TextTokenizer> {
  const value = objectOf(parseJson(files.tokenizer, TOKENIZER_FILE, TOKENIZER_JSON), TOKENIZER_FILE);
  checkModel(value.model);
  checkParts(value);
  const settings = { ...optional(files.tokenizerConfig, TOKENIZER_CONFIG_FILE) };
  // It would tidy "4 - 7 ." up as if it were English; here the text is what the model wrote.
  settings.clean_up_tokenization_spaces = false;
  const generation = optional(files.generationConfig, GENERATION_CONFIG_FILE);
  const { Tokenizer } = await import('@huggingface/tokenizers');
  let inner: HuggingFaceTokenizer;
  try {
    inner = new Tokenizer(value, settings);
  } catch (error) {
    throw new TokenizerError(
      `${TOKENIZER_FILE}: expected a tokenizer that Hugging Face's JavaScript opens, which says: ${error instanceof Error ? error.message : error}`,
      { cause: error },
    );
  }
  const named = (key: string): number | null => {
    const token = settings[key];
    const text = typeof token === 'string' ? token : (token as { content?: unknown } | null)?.content;
    return typeof text === 'string' ? (inner.token_to_id(text) ?? null) : null;
  };
  const eos = named('eos_token');
  const listed = idsOf(generation.eos_token_id);
  const chosen = listed.length > 0 ? listed : configEnds.length > 0 ? configEnds : eos === null ? [] : [eos];
  const ends = [...new Set(chosen)].filter((id) => id < size);
  return new Wrapped(inner, size, ends, named('bos_token'), named('pad_token'), !!settings.chat_template);
}

class Wrapped implements TextTokenizer {
  readonly #probe: number[];
  readonly #probed: string;

  constructor(
    private readonly inner: HuggingFaceTokenizer,
    readonly size: number,
    readonly ends: readonly number[],
    readonly bos: number | null,
    readonly pad: number | null,
    readonly chats: boolean,
  ) {
    // A token after another keeps the space it begins with, which decoding takes off a text's beginning.
    this.#probe = this.#ids('1', false);
    this.#probed = this.decode(this.#probe, true);
  }

  encode(text: string, special: boolean): number[] {
    const ids = this.#ids(text, special);
    const wrong = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < this.size));
    if (wrong !== undefined || ids.length > MOST_IDS)
      throw new TokenizerError(
        ids.length > MOST_IDS
          ? `${TOKENIZER_FILE}: expected at most ${MOST_IDS} tokens of ${text.length} characters, got ${ids.length}`
          : `${TOKENIZER_FILE}: expected tokens below vocab_size = ${this.size} for ${JSON.stringify(text.slice(0, 40))}, got ${wrong}; use the tokenizer that belongs to the model`,
      );
    return ids;
  }

  decode(ids: readonly number[], special: boolean): string {
    const known = ids.every((id) => this.inner.id_to_token(id) !== undefined);
    if (!known && ids.length !== 1) return ids.map((id) => this.decode([id], special)).join('');
    if (!known) return `?${ids[0]}`;
    if (ids.length === 0) return '';
    try {
      return this.inner.decode([...ids], { skip_special_tokens: !special });
    } catch {
      return ids.map((id) => this.inner.id_to_token(id) ?? `?${id}`).join('');
    }
  }

  idOf(name: string): number | null {
    return this.inner.token_to_id(name) ?? null;
  }

  textOf(id: number): string {
    const after = this.decode([...this.#probe, id], true);
    const text = after.startsWith(this.#probed) ? after.slice(this.#probed.length) : this.decode([id], true);
    const name = this.inner.id_to_token(id) ?? `?${id}`;
    // A part of a character has no text of its own: its bytes are told instead, as SentencePiece does.
    return text.includes('\ufffd') ? (bytesOfName(name) ?? name) : text || name;
  }

  #ids(text: string, special: boolean): number[] {
    try {
      // Ids of words that are not in the vocabulary are not numbers.
      return this.inner.encode(text, { add_special_tokens: special }).ids;
    } catch (error) {
      throw new TokenizerError(
        `${TOKENIZER_FILE}: could not read ${JSON.stringify(text.slice(0, 40))}: ${error instanceof Error ? error.message : error}`,
        { cause: error },
      );
    }
  }
}

/** GPT-2's printable stand-ins for bytes: those that print are themselves, the others follow from 256 on. */
const BYTE_OF = new Map<string, number>();
for (let byte = 0, next = 256; byte < 256; byte++) {
  const prints = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  BYTE_OF.set(String.fromCodePoint(prints ? byte : next++), byte);
}

/** `<0xE2><0x96>` for the name of a byte-level token; null for any other name. */
function bytesOfName(name: string): string | null {
  const bytes = [...name].map((character) => BYTE_OF.get(character));
  if (/^<0x[0-9A-F]{2}>$/.test(name) || bytes.includes(undefined)) return null;
  return bytes.map((byte) => `<0x${byte!.toString(16).toUpperCase().padStart(2, '0')}>`).join('');
}

type JsonObject = Record<string, unknown>;

function objectOf(value: unknown, file: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new JsonError(file, 'expected an object');
  return value as JsonObject;
}

const optional = (bytes: Uint8Array | null, file: string): JsonObject =>
  bytes === null ? {} : objectOf(parseJson(bytes, file, SMALL_JSON_WITH_TOKENS), file);

/** tokenizer_config.json lists added tokens, some thousand of them in multilingual models. */
const SMALL_JSON_WITH_TOKENS = { ...SMALL_JSON, bytes: 8 * 2 ** 20, containers: 100_000, members: 1_000_000 };

const idsOf = (value: unknown): number[] =>
  [value].flat().filter((id): id is number => Number.isSafeInteger(id) && (id as number) >= 0);

/** The JavaScript would take an unknown kind for one that it knows. @throws TokenizerError */
function checkModel(model: unknown): void {
  const type = (model as { type?: unknown } | null | undefined)?.type;
  if (type !== undefined && !(MODELS as readonly unknown[]).includes(type))
    throw new TokenizerError(
      `${TOKENIZER_FILE}: model.type: expected one of ${MODELS.join(', ')}, got ${JSON.stringify(type).slice(0, 40)}`,
    );
}

/**
 * What the parts around the model may ask for: patterns that end, and replacements that do not pile up.
 * @throws TokenizerError
 */
function checkParts(tokenizer: JsonObject): void {
  let parts = 0;
  let growth = 1;
  const visit = (value: unknown, where: string): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inside] of Object.entries(value)) {
      const at = `${where}.${key}`;
      if (key === 'type' && ++parts > MOST_PARTS)
        throw new TokenizerError(`${at}: expected at most ${MOST_PARTS} parts of a tokenizer, got more`);
      if (key === 'Regex' || (key === 'pattern' && typeof inside === 'string')) {
        const problem = typeof inside === 'string' ? checkPattern(inside) : 'expected a text';
        if (problem) throw new TokenizerError(`${at}: ${problem}`);
      }
      if (key === 'content' && typeof inside === 'string' && inside.length > 0) {
        // A pattern that matches nothing puts its content between any two characters.
        growth *= inside.length + 1;
        if (growth > MOST_GROWTH)
          throw new TokenizerError(
            `${at}: expected replacements that make a text at most ${MOST_GROWTH} times longer, got more`,
          );
      }
      visit(inside, at);
    }
  };
  for (const part of ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder'])
    visit(tokenizer[part], `${TOKENIZER_FILE}: ${part}`);
}
