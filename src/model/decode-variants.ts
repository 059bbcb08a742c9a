/**
 * The kernels that decoding alone has, attention over the cache and the sampler, by the variant that was chosen for
 * them, and the families to choose from. All variants add up in the same order and give the same bits.
 * Used by `token-forward.ts` and `decoder.ts`.
 */
import type { Gpu } from '../gpu/device';
import { type BufferRange, flatGrid, type Grid, type ShaderFile } from '../gpu/kernel';
import type { LlamaConfig } from './config';
import { SHADERS } from './shaders';
import { chosen, type Family, familyOf, type Named } from './variants';
import { type Extent, f32, type Op, type OpMaker, packUniform, perRow } from './workspace';

interface DecodeVariant extends Named {
  file: ShaderFile;
  constants: Readonly<Record<string, number>>;
  grid(rows: number): Grid;
}

type Places<Name extends string> = Record<Name, BufferRange | string | Extent>;

/**
 * What shares a row out over a workgroup is for GPUs: a processor that plays one spends its time in the barriers, and
 * seconds on compiling what loses anyway.
 */
const sharesRows = ({ info }: Gpu): boolean => !info.software;

function attentionVariants(gpu: Gpu, config: LlamaConfig): DecodeVariant[] {
  const { head_dim: head, num_attention_heads: heads, num_key_value_heads: kvHeads } = config;
  const sharing = { HEADS: heads, KV_HEADS: kvHeads };
  const constants = { ...sharing, HEAD_DIM: head };
  const grid = (rows: number) => flatGrid(rows * heads);
  const variants: DecodeVariant[] = [
    head === 16
      ? { name: 'matrix', file: SHADERS.attentionDecodeMatrix, constants: sharing, grid }
      : head % 8 === 0
        ? { name: 'vec4', file: SHADERS.attentionDecodeVec4, constants, grid }
        : { name: 'simple', file: SHADERS.attentionDecode, constants, grid },
  ];
  if (sharesRows(gpu))
    variants.push({
      name: 'shared',
      file: SHADERS.attentionDecodeShared,
      constants: { ...constants, LANES: (heads / kvHeads) * head < 64 ? 32 : 64 },
      grid: (rows) => perRow(kvHeads, rows),
    });
  return variants;
}

const attentionKey = ({ head_dim, num_attention_heads, num_key_value_heads }: LlamaConfig) =>
  `attention_decode ${num_attention_heads}/${num_key_value_heads}x${head_dim}`;

/** Attention of the live rows' new tokens, which rotates their queries and keys and puts them into the cache. */
export function attentionDecode(
  maker: OpMaker,
  config: LlamaConfig,
  cacheLength: number,
  places: Places<'extent' | 'live_rows' | 'positions' | 'angles' | 'qkv' | 'cache' | 'out'>,
  variant = chosen(maker.gpu, attentionKey(config), attentionVariants(maker.gpu, config)),
): Op {
  const { file, constants, grid } = variant;
  return maker.op(file, places, {
    shape: [f32(1 / Math.sqrt(config.head_dim)), cacheLength],
    constants,
    sizes: { head_dim: config.head_dim },
    grid,
  });
}

/** From so many tokens on a row's are worth sharing out. */
const LARGE_VOCABULARY = 1024;

function samplers(gpu: Gpu, { vocab_size }: LlamaConfig): DecodeVariant[] {
  const variants: DecodeVariant[] = [
    {
      name: 'simple',
      file: SHADERS.sample,
      constants: {},
      grid: (rows) => [Math.ceil(rows / 64), 1, 1],
    },
  ];
  if (sharesRows(gpu) && vocab_size >= LARGE_VOCABULARY)
    variants.push({
      name: 'shared',
      file: SHADERS.sampleShared,
      constants: {},
      grid: (rows) => perRow(1, rows),
    });
  return variants;
}

const sampleKey = ({ vocab_size }: LlamaConfig) => `sample ${vocab_size}`;

/** Draws the live rows' next tokens. */
export function sampleTokens(
  maker: OpMaker,
  config: LlamaConfig,
  places: Places<
    'extent' | 'sampling' | 'randomness' | 'live_rows' | 'logits' | 'orders' | 'state' | 'tokens' | 'scores'
  >,
  variant = chosen(maker.gpu, sampleKey(config), samplers(maker.gpu, config)),
): Op {
  return maker.op(variant.file, places, { sizes: { vocabulary: config.vocab_size }, grid: variant.grid });
}

/** Rows that are measured with, and positions that are in use then. */
const ROWS = 256;
const POSITIONS = 64;
/** Of a large vocabulary fewer rows will do. */
const MOST_LOGITS = 2 ** 22;

export function decodeFamilies(gpu: Gpu, config: LlamaConfig): Family[] {
  return [attentionFamily(gpu, config), sampleFamily(gpu, config)];
}

function attentionFamily(gpu: Gpu, config: LlamaConfig): Family {
  const { head_dim: P, num_attention_heads: H, num_key_value_heads: K } = config;
  return familyOf(
    { key: attentionKey(config), operation: 'attention_decode' },
    attentionVariants(gpu, config),
    (bench) => {
      const rows = Uint32Array.from({ length: ROWS }, (_, r) => r);
      const out = bench.empty('out', ROWS * H * P);
      const cache = bench.floats('cache', ROWS * 2 * K * POSITIONS * P);
      const places = {
        extent: bench.extent(ROWS),
        live_rows: bench.filled('live_rows', rows),
        positions: bench.filled(
          'positions',
          rows.map((r) => POSITIONS - 1 - (r % 8)),
        ),
        angles: bench.floats('angles', POSITIONS * P),
        qkv: bench.floats('qkv', ROWS * (H + 2 * K) * P),
        cache,
        out,
      };
      return (variant) => ({
        ops: [attentionDecode(bench.maker, config, POSITIONS, places, variant)],
        count: ROWS,
        outputs: [out],
      });
    },
  );
}

function sampleFamily(gpu: Gpu, config: LlamaConfig): Family {
  const V = config.vocab_size;
  const rows = Math.max(1, Math.min(ROWS, Math.floor(MOST_LOGITS / V)));
  return familyOf({ key: sampleKey(config), operation: 'sample' }, samplers(gpu, config), (bench) => {
    const ids = Uint32Array.from({ length: rows }, (_, r) => r);
    const tokens = bench.empty('tokens', rows);
    const scores = bench.empty('scores', 2 * rows);
    const uniform = (label: string, values: Parameters<typeof packUniform>[0]) =>
      bench.pool.uniform(`tune.${label}`, packUniform(values));
    const places = {
      extent: bench.extent(rows),
      // Plainly at temperature 1, which neither filters nor takes the likeliest.
      sampling: uniform('sampling', [V, rows, 0, f32(1), 0, f32(1), 0, 0, V, V, V, V]),
      randomness: uniform('randomness', [1, 1, 1, 0]),
      live_rows: bench.filled('live_rows', ids),
      logits: bench.floats('logits', rows * V),
      orders: bench.filled('orders', Uint32Array.from([...ids].flatMap((id) => [id, 1]))),
      tokens,
      scores,
    };
    return (variant) => {
      // Its own, as a draw moves it on: the first one of each variant is compared.
      const state = bench.empty('state', 4 * rows);
      return {
        ops: [sampleTokens(bench.maker, config, { ...places, state }, variant)],
        count: rows,
        outputs: [tokens, scores],
      };
    };
  });
}
