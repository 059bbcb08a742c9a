import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonError } from '../run/json';
import { type ByteSource, memorySource, textSource } from './byte-source';
import { ConfigError, type LlamaConfig, llamaConfigFile, parameterShapes, parseLlamaConfig } from './config';
import { ModelFolderError, readModelFolder } from './model-folder';
import { SafetensorsError, writeSafetensors } from './safetensors';
import { PIECE } from './safetensors-source';

const CONFIG = parseLlamaConfig({
  hidden_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  num_key_value_heads: 1,
  intermediate_size: 20,
  vocab_size: 13,
});

const configFile = (config: LlamaConfig = CONFIG, more: object = {}) =>
  textSource('config.json', JSON.stringify({ ...llamaConfigFile(config), ...more }));

type Tensors = [string, { shape: number[]; data: Float32Array }][];

/** Numbers that half precision holds exactly. */
const tensorsOf = (config: LlamaConfig): Tensors =>
  parameterShapes(config).map(({ name, shape }, place) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return [name, { shape, data: Float32Array.from({ length }, (_, i) => ((i * 7 + place) % 17) / 8 - 1) }];
  });

/** A safetensors file whose numbers are bfloat16 or half floats. */
function half(dtype: 'BF16' | 'F16', tensors: Tensors): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  const halves = (value: number): number => {
    view.setFloat32(0, value);
    const bits = view.getUint32(0);
    if (dtype === 'BF16') return bits >>> 16;
    if (value === 0) return 0;
    return ((bits >>> 16) & 0x8000) | ((((bits >>> 23) & 0xff) - 112) << 10) | ((bits >>> 13) & 0x3ff);
  };
  let at = 0;
  const header: Record<string, unknown> = {};
  const data: number[] = [];
  for (const [name, { shape, data: values }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [at, at + 2 * values.length] };
    at += 2 * values.length;
    for (const value of values) data.push(halves(value));
  }
  return file(header, new Uint8Array(Uint16Array.from(data).buffer));
}

function file(header: object, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const weightsFile = (tensors: Tensors, name = 'model.safetensors') =>
  memorySource(name, writeSafetensors(tensors));

const problem = async (files: readonly ByteSource[]): Promise<Error> =>
  readModelFolder(files).then(
    () => new Error('it was read'),
    (error: Error) => error,
  );

describe('a model folder', () => {
  const tensors = tensorsOf(CONFIG);
  const expected = new Map(tensors.map(([name, { data }]) => [name, data]));

  it('is read with every weight, whatever else is in it, and says how far it has come', async () => {
    const seen: number[] = [];
    const model = await readModelFolder(
      [textSource('README.md', '#'), weightsFile(tensors), configFile()],
      (done, total) => seen.push(done / total),
    );
    expect(model.config).toEqual(CONFIG);
    expect(model.weights).toEqual(expected);
    expect(seen.at(-1)).toBe(1);
  });

  it.each(['BF16', 'F16'] as const)('in %s has the same weights', async (dtype) => {
    const weights = memorySource('model.safetensors', half(dtype, tensors));
    expect((await readModelFolder([configFile(), weights])).weights).toEqual(expected);
  });

  it('in shards is put together by its index', async () => {
    const [first, second] = [tensors.slice(0, 7), tensors.slice(7)];
    const weight_map = Object.fromEntries([
      ...first.map(([name]) => [name, 'model-00001-of-00002.safetensors']),
      ...second.map(([name]) => [name, 'model-00002-of-00002.safetensors']),
    ]);
    const index = textSource('model.safetensors.index.json', JSON.stringify({ metadata: {}, weight_map }));
    const shards = [
      weightsFile(first, 'model-00001-of-00002.safetensors'),
      weightsFile(second, 'model-00002-of-00002.safetensors'),
    ];
    expect((await readModelFolder([configFile(), index, ...shards])).weights).toEqual(expected);
    expect((await problem([configFile(), index, shards[0]])).message).toMatch(
      /expected 2 files of weights, got all but "model-00002-of-00002.safetensors": choose all files/,
    );
    expect((await problem([configFile(), ...shards])).message).toMatch(
      /expected model.safetensors.index.json beside 2 .safetensors files/,
    );
    const moved = weightsFile([...second, first[0]], 'model-00002-of-00002.safetensors');
    expect((await problem([configFile(), index, shards[0], moved])).message).toMatch(
      /model-00002.*expected only tensors that .* places there, got "model.embed_tokens.weight"/,
    );
    const short = weightsFile(second.slice(1), 'model-00002-of-00002.safetensors');
    expect((await problem([configFile(), index, shards[0], short])).message).toMatch(
      /model-00002.*expected the tensor "model\.layers/,
    );
  });

  it('with a tied head may have it written beside the embedding, and buffers of old versions', async () => {
    const tied = { ...CONFIG, tie_word_embeddings: true };
    const more: Tensors = [
      ['lm_head.weight', { shape: [13, 12], data: new Float32Array(13 * 12) }],
      ['model.layers.0.self_attn.rotary_emb.inv_freq', { shape: [2], data: new Float32Array(2) }],
    ];
    const { weights } = await readModelFolder([configFile(tied), weightsFile([...tensorsOf(tied), ...more])]);
    expect(weights.size).toBe(parameterShapes(tied).length);
  });
});

describe('what cannot be computed', () => {
  it('is named feature by feature, each with its value', async () => {
    const error = await problem([
      configFile(CONFIG, {
        attention_bias: true,
        mlp_bias: true,
        hidden_act: 'gelu',
        rope_scaling: { rope_type: 'llama3', factor: 8 },
        sliding_window: 512,
        quantization_config: { quant_method: 'gptq' },
        partial_rotary_factor: 0.5,
      }),
      weightsFile(tensorsOf(CONFIG)),
    ]);
    expect(error).toBeInstanceOf(ConfigError);
    for (const part of [
      /attention_bias: expected false .*got true/,
      /mlp_bias/,
      /hidden_act: expected "silu".*got "gelu"/,
      /rope_scaling\.rope_type: .*scaled RoPE is not supported.*got "llama3"/,
      /sliding_window: .*got 512/,
      /quantization_config: .*gptq/,
      /partial_rotary_factor: .*got 0\.5/,
    ])
      expect(error.message).toMatch(part);
  });

  it('and tensors that are too many, missing, of another shape or dtype are named', async () => {
    const tensors = tensorsOf(CONFIG);
    const bias: Tensors = [
      ['model.layers.0.self_attn.q_proj.bias', { shape: [12], data: new Float32Array(12) }],
    ];
    expect((await problem([configFile(), weightsFile([...tensors, ...bias])])).message).toMatch(
      /without a bias .*"model\.layers\.0\.self_attn\.q_proj\.bias"/,
    );
    expect((await problem([configFile(), weightsFile(tensors.slice(0, -1))])).message).toMatch(
      /expected the tensor lm_head\.weight, as config\.tie_word_embeddings is false/,
    );
    expect((await problem([configFile(), weightsFile(tensors.slice(9))])).message).toMatch(
      /got none of the name "model\.embed_tokens.* and 3 more$/,
    );
    const strange: Tensors = [['model.vision.weight', { shape: [1], data: new Float32Array(1) }]];
    expect((await problem([configFile(), weightsFile([...tensors, ...strange])])).message).toMatch(
      /expected only the tensors .* got "model\.vision\.weight"/,
    );
    const turned = tensors.map(([name, tensor]): Tensors[number] =>
      name === 'lm_head.weight' ? [name, { ...tensor, shape: [12, 13] }] : [name, tensor],
    );
    expect((await problem([configFile(), weightsFile(turned)])).message).toMatch(
      /^model\.safetensors: .*"lm_head\.weight": expected the shape \[13,12\], got \[12,13\]/,
    );
    const whole = new Map<string, { shape: number[]; data: Float32Array | Float64Array }>(tensors);
    whole.set('model.norm.weight', { shape: [12], data: new Float64Array(12) });
    expect(
      (await problem([configFile(), memorySource('model.safetensors', writeSafetensors(whole))])).message,
    ).toMatch(/"model\.norm\.weight": expected a dtype of F32, F16, BF16, got F64/);
  });

  it('and files that are missing or of another kind are named', async () => {
    expect((await problem([weightsFile(tensorsOf(CONFIG))])).message).toMatch(
      /expected config\.json among the model's files, got "model\.safetensors"/,
    );
    expect((await problem([configFile()])).message).toMatch(/got no \.safetensors file/);
    expect((await problem([configFile(), textSource('pytorch_model.bin', '')])).message).toMatch(
      /got pytorch_model\.bin, whose format is not read; convert it to safetensors/,
    );
    expect(await problem([textSource('config.json', '['.repeat(1000))])).toBeInstanceOf(JsonError);
    expect(await problem([textSource('config.json', ' '.repeat(2 ** 20 + 1))])).toBeInstanceOf(JsonError);
    expect(
      await problem([configFile(), textSource('model.safetensors.index.json', '{"weight_map":[]}')]),
    ).toBeInstanceOf(ModelFolderError);
  });
});

describe('memory', () => {
  /** A file that notes what is read of it, and holds nothing. */
  function measured(name: string, head: Uint8Array, size: number) {
    const reads: number[] = [];
    const source: ByteSource = {
      name,
      size,
      async read(from, to) {
        reads.push(to - from);
        const bytes = new Uint8Array(to - from);
        if (from < head.length) bytes.set(head.subarray(from, Math.min(to, head.length)));
        return bytes;
      },
    };
    return { source, reads };
  }

  it('is never asked for on a header’s word: a large claim in a small file ends at the header', async () => {
    const claim = file({
      'model.norm.weight': { dtype: 'F32', shape: [2 ** 31], data_offsets: [0, 2 ** 33] },
    });
    const { source, reads } = measured('model.safetensors', claim, claim.length);
    expect(await problem([configFile(), source])).toBeInstanceOf(SafetensorsError);
    expect(reads).toEqual([8, claim.length - 8]);

    const long = new Uint8Array(16);
    new DataView(long.buffer).setBigUint64(0, 99_000_000n, true);
    const header = measured('model.safetensors', long, long.length);
    expect(await problem([configFile(), header.source])).toBeInstanceOf(SafetensorsError);
    expect(header.reads).toEqual([8]);
  });

  it('holds the weights and one piece of the file, not the file', async () => {
    const wide = { ...CONFIG, vocab_size: 300_000, tie_word_embeddings: true };
    let at = 0;
    const header = Object.fromEntries(
      parameterShapes(wide).map(({ name, shape }) => {
        const from = at;
        at += 2 * shape.reduce((product, size) => product * size, 1);
        return [name, { dtype: 'BF16', shape, data_offsets: [from, at] }];
      }),
    );
    const head = file(header);
    const { source, reads } = measured('model.safetensors', head, head.length + at);
    const { weights } = await readModelFolder([configFile(wide), source]);
    expect(weights.get('model.embed_tokens.weight')).toHaveLength(300_000 * 12);
    expect(Math.max(...reads)).toBe(PIECE);
    expect(reads.reduce((sum, bytes) => sum + bytes, 0)).toBe(head.length + at);
  });
});

describe('any damage', () => {
  const sound = [
    JSON.stringify({ ...llamaConfigFile(CONFIG) }),
    writeSafetensors(tensorsOf(CONFIG)),
  ] as const;
  const KINDS = [ModelFolderError, ConfigError, SafetensorsError, JsonError];

  it('to weights or configuration is one error of ours, or another sound model', async () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.option(fc.nat(), { freq: 4 }),
        async (changes, ofConfig, cut) => {
          const [config, weights] = [new TextEncoder().encode(sound[0]), sound[1].slice()];
          const bytes = ofConfig ? config : weights;
          // Damage to the header tells more than damage to one of the many numbers.
          for (const [at, value] of changes) bytes[at % Math.min(bytes.length, 3000)] = value;
          const end = cut === null ? weights.length : cut % weights.length;
          const files = [
            memorySource('config.json', config),
            memorySource('model.safetensors', weights.subarray(0, end)),
          ];
          const error = await readModelFolder(files).then(
            () => null,
            (thrown: unknown) => thrown,
          );
          if (error !== null)
            expect(
              KINDS.some((kind) => error instanceof kind),
              String(error),
            ).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});
