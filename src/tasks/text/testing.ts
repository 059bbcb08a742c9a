/** A small byte-level BPE tokenizer as files, in the form that GPT-2's descendants have. For tests. */
import type { TokenizerFiles } from './tokenizer';

/** GPT-2's printable stand-ins for bytes (its `bytes_to_unicode`). */
export function byteCharacters(): string[] {
  const characters: string[] = [];
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    characters.push(String.fromCodePoint(printable ? byte : next++));
  }
  return characters;
}

/** Words that become one token each, merged from left to right; `Ġ` is a space. */
const WORDS = ['Ġthen', 'ĠAnswer', 'Answer', 'Ġdigits', 'Ġstep', 'Ġleft', 'Ġright', 'Ġthe', 'Ġand', 'Work'];

const PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

export const SPECIAL = ['<s>', '</s>', '<|im_start|>', '<|im_end|>'] as const;

/** The tokenizer.json as a value, to be varied. Ids: bytes, then merges, then `SPECIAL`. */
export function byteLevelTokenizer(): { vocabularySize: number; value: Record<string, unknown> } {
  const tokens = byteCharacters();
  const merges: string[] = [];
  for (const word of WORDS)
    for (let end = 2; end <= word.length; end++) {
      const [left, right] = [word.slice(0, end - 1), word.slice(end - 1, end)];
      if (tokens.includes(left + right)) continue;
      merges.push(`${left} ${right}`);
      tokens.push(left + right);
    }
  const special = SPECIAL.map((content, i) => ({
    id: tokens.length + i,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  }));
  return {
    vocabularySize: tokens.length + special.length,
    value: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: special,
      normalizer: null,
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          { type: 'Split', pattern: { Regex: PATTERN }, behavior: 'Isolated', invert: false },
          { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
        ],
      },
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
        pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
        special_tokens: { '<s>': { id: '<s>', ids: [tokens.length], tokens: ['<s>'] } },
      },
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges,
      },
    },
  };
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

export const filesOf = (
  value: unknown,
  config: Record<string, unknown> = { bos_token: '<s>', eos_token: '</s>' },
  generation: Record<string, unknown> | null = null,
): TokenizerFiles => ({
  tokenizer: encode(value),
  tokenizerConfig: encode(config),
  generationConfig: generation && encode(generation),
});
