import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonError } from '../../run/json';
import { byteLevelTokenizer, filesOf, SPECIAL } from './testing';
import { readTokenizer, TokenizerError } from './tokenizer';

const { value, vocabularySize: size } = byteLevelTokenizer();
const [S, END, IM_START, IM_END] = SPECIAL.map((_, i) => size - SPECIAL.length + i);

describe('a byte-level tokenizer', () => {
  it('reads any text and writes it again, the token it puts before every text aside', async () => {
    const tokenizer = await readTokenizer(filesOf(value), size, []);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        fc.pre(!SPECIAL.some((name) => text.includes(name)));
        const ids = tokenizer.encode(text, false);
        expect(tokenizer.decode(ids, false)).toBe(text);
        expect(tokenizer.encode(text, true)).toEqual([S, ...ids]);
      }),
      { numRuns: 200 },
    );
    expect(tokenizer.encode('47, then', false)).toHaveLength(4);
  });

  it('tells each token with the space it begins with, special ones by name, and what is no token by its id', async () => {
    const tokenizer = await readTokenizer(filesOf(value), size + 8, []);
    expect(tokenizer.encode(' then', false).map((id) => tokenizer.textOf(id))).toEqual([' then']);
    expect(tokenizer.textOf(END)).toBe('</s>');
    expect(tokenizer.textOf(size + 3)).toBe(`?${size + 3}`);
    expect(tokenizer.decode([...tokenizer.encode('4 7', false), size + 3], true)).toBe(`4 7?${size + 3}`);
    for (let id = 0; id < size; id++) expect(tokenizer.textOf(id)).not.toBe('');
  });

  it('ends where generation_config.json says, else config.json, else tokenizer_config.json', async () => {
    const ends = async (generation: Record<string, unknown> | null, config: number[]) =>
      (await readTokenizer(filesOf(value, undefined, generation), size, config)).ends;
    expect(await ends({ eos_token_id: [IM_END, END] }, [IM_START])).toEqual([IM_END, END]);
    expect(await ends({ eos_token_id: IM_END }, [])).toEqual([IM_END]);
    expect(await ends(null, [IM_START])).toEqual([IM_START]);
    expect(await ends({}, [])).toEqual([END]);
    const silent = await readTokenizer(filesOf(value, {}), size, []);
    expect(silent.ends).toEqual([]);
  });

  it('names the id that the model has no row for', async () => {
    const tokenizer = await readTokenizer(filesOf(value), 40, []);
    expect(() => tokenizer.encode('z', false)).toThrow(/expected tokens below vocab_size = 40 for "z"/);
  });
});

describe('a tokenizer in the form of Llama 2', () => {
  // Spaces are ▁, one is put before every text, and what has no token is written in bytes.
  const letters = [...'▁0123456789+*-=?,.:"\nabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
  const tokens = ['<unk>', '<s>', '</s>', ...bytes, ...letters, 'th', 'en', 'then', '▁then'];
  const special = tokens
    .slice(0, 3)
    .map((content, id) => ({ id, content, special: true, normalized: false }));
  const llama = {
    version: '1.0',
    added_tokens: special,
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: ['t h', 'e n', 'th en', '▁ then'],
    },
  };

  it('reads and writes texts, their spaces and what it has no letters for', async () => {
    const tokenizer = await readTokenizer(filesOf(llama), tokens.length, [2]);
    for (const text of ['47, then + 8, * 3 = ?\nAnswer: "5"', 'x  y', 'µ ☃']) {
      const ids = tokenizer.encode(text, false);
      expect(tokenizer.decode(ids, false)).toBe(text);
    }
    const then = tokens.indexOf('▁then');
    expect(tokenizer.encode('1 then', false)).toContain(then);
    expect(tokenizer.textOf(then)).toBe(' then');
    expect(tokenizer.textOf(3 + 0xe2)).toBe('<0xE2>');
    expect(tokenizer.textOf(3 + 0x41)).toBe('A');
  });
});

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const withPart = (part: string, made: unknown) => filesOf({ ...value, [part]: made });

describe('tokenizers from strangers', () => {
  const bytes = (text: string) => ({ ...filesOf(value), tokenizer: new TextEncoder().encode(text) });

  it.each([
    ['no JSON', bytes('{'), JsonError, /tokenizer\.json: expected JSON/],
    ['no text', { ...filesOf(value), tokenizer: new Uint8Array([0xff]) }, JsonError, /UTF-8/],
    ['a list', bytes('[]'), JsonError, /expected an object/],
    ['200,000 lists inside each other', bytes(nested(200_000)), JsonError, /at most 64 levels deep/],
    ['a million empty lists', bytes(`[${'[],'.repeat(1_000_001)}0]`), JsonError, /objects and lists/],
    ['nothing in it', bytes('{}'), TokenizerError, /that Hugging Face's JavaScript opens/],
    [
      'a model of another kind',
      filesOf({ ...value, model: { type: 'Magic', vocab: {} } }),
      TokenizerError,
      /model\.type: expected one of BPE, .*got "Magic"/,
    ],
    [
      'a pattern that never ends',
      withPart('pre_tokenizer', { type: 'Split', pattern: { Regex: '(\\w+)+=' }, behavior: 'Isolated' }),
      TokenizerError,
      /pre_tokenizer\.pattern\.Regex: expected a pattern without repetition inside of repetition/,
    ],
    [
      'many repetitions in a row',
      withPart('normalizer', { type: 'Replace', pattern: { Regex: '.*.*.*.*=' }, content: '' }),
      TokenizerError,
      /normalizer\.pattern\.Regex: expected a pattern of at most 3 open repetitions/,
    ],
    [
      'replacements that double a text twenty times',
      withPart('normalizer', {
        type: 'Sequence',
        normalizers: Array.from({ length: 20 }, () => ({
          type: 'Replace',
          pattern: { String: 'a' },
          content: 'aa',
        })),
      }),
      TokenizerError,
      /at most 256 times longer/,
    ],
    [
      'a thousand parts',
      withPart('normalizer', { type: 'Sequence', normalizers: Array(1000).fill({ type: 'NFC' }) }),
      TokenizerError,
      /at most 64 parts/,
    ],
  ])('%s is refused by name', async (_, files, kind, message) => {
    const reading = readTokenizer(files, size, []);
    await expect(reading).rejects.toThrow(kind);
    await expect(reading).rejects.toThrow(message);
  });

  it('ends in a tokenizer or in an error of ours, whatever the JSON', async () => {
    const text = JSON.stringify(value);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json({ maxDepth: 5 }),
          // One stretch of a sound file replaced by other text.
          fc
            .tuple(
              fc.nat(text.length),
              fc.nat(30),
              fc.oneof(fc.string(), fc.constantFrom('{}', '[]', 'null', '0')),
            )
            .map(([at, length, other]) => text.slice(0, at) + other + text.slice(at + length)),
        ),
        async (json) => {
          try {
            const tokenizer = await readTokenizer(bytes(json), size, []);
            tokenizer.textOf(65);
            tokenizer.decode(tokenizer.encode('47, then + 8', true), false);
          } catch (error) {
            expect(error instanceof JsonError || error instanceof TokenizerError, String(error)).toBe(true);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
