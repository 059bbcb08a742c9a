/**
 * jax-js decoding the same policy: one pass over the prompts, then one jitted step a token over a cache of fixed size.
 *
 * It has no dynamic_update_slice; new keys and values are added where the cache is still zero. The likeliest token is
 * taken on the device and handed to the next step there; the host reads the tokens when all are made.
 */
import { jit, numpy as np } from '@jax-js/jax';
import type { LlamaConfig } from '../../src/model/config';
import type { NamedTensors } from '../../src/model/parameters';
import type { Decode } from '../decode';
import { shapeOf } from '../shapes';
import { type Arrays, block, rmsNorm } from './jax-block';

/** What a pass takes beside the weights: tokens, where they are, and what they see. */
interface Place {
  /** [B, T] */
  ids: np.Array;
  /** [T, h] */
  cos: np.Array;
  sin: np.Array;
  /** [S, T] one where a token's key and value go */
  slots: np.Array;
  /** [T, S] zero where a token looks, else far below every score */
  mask: np.Array;
}

type Out = { next: np.Array; cache: Arrays };

/** One pass of T tokens of all rows; consumes what it is given. `next` [B, 1]: the likeliest token after the last. */
function pass(config: LlamaConfig, p: Arrays, place: Place, cache: Arrays): Out {
  const [, T] = place.ids.shape;
  const take = (name: string) => p[name].ref;
  let x = np.take(take('model.embed_tokens.weight'), place.ids, 0);
  const kept: Arrays = {};
  for (let l = 0; l < config.num_hidden_layers; l++) {
    x = block(config, p, l, x, place, (part, own) => {
      // [S, T] x [B, K, T, h]; of a single token the product is the choice of its place.
      const placed =
        T === 1 ? place.slots.ref.mul(own) : np.matmul(place.slots.ref.reshape([1, 1, -1, T]), own);
      const name = `${l}.${part}`;
      kept[name] = cache[name].add(placed);
      return kept[name].ref;
    });
  }
  const last = T === 1 ? x : np.split(x, [T - 1], 1).map((part, i) => (i === 1 ? part : drop(part)))[1];
  const hidden = rmsNorm(last!, take('model.norm.weight'), config.rms_norm_eps);
  const head = config.tie_word_embeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
  const next = np.argmax(np.matmul(hidden, take(head).transpose()), -1);
  for (const array of [place.cos, place.sin, place.slots, place.mask, ...Object.values(p)]) array.dispose();
  return { next, cache: kept };
}

function drop(array: np.Array): null {
  array.dispose();
  return null;
}

export async function jaxDecoder(config: LlamaConfig, weights: NamedTensors): Promise<Decode> {
  const names = [...weights.keys()];
  const p: Arrays = Object.fromEntries(
    names.map((name) => [
      name,
      np.array(weights.get(name)!.slice() as Float32Array<ArrayBuffer>).reshape(shapeOf(config, name)),
    ]),
  );
  const step = jit((p: Arrays, place: Place, cache: Arrays) => pass(config, p, place, cache));
  const held = () => Object.fromEntries(names.map((name) => [name, p[name].ref]));
  return {
    name: 'jax-js',
    async generate(prompts, count) {
      const length = prompts[0].length;
      const size = length + count - 1;
      const shape = [prompts.length, config.num_key_value_heads, size, config.head_dim];
      let cache: Arrays = Object.fromEntries(
        Array.from({ length: config.num_hidden_layers }, (_, l) => [`${l}.key`, `${l}.value`])
          .flat()
          .map((name) => [name, np.zeros(shape)]),
      );
      let ids = np.array(Int32Array.from(prompts.flat())).reshape([prompts.length, length]);
      const made: np.Array[] = [];
      for (let i = 0; i < count; i++) {
        const [from, tokens] = i === 0 ? [0, length] : [length + i - 1, 1];
        const out = step(held(), { ids, ...placeOf(config, from, tokens, size) }, cache) as unknown as Out;
        cache = out.cache;
        made.push(out.next.ref);
        ids = out.next;
      }
      ids.dispose();
      for (const array of Object.values(cache)) array.dispose();
      const rows = prompts.map((): number[] => []);
      for (const array of made) {
        const tokens = await array.data();
        for (const [r, row] of rows.entries()) row.push(Number(tokens[r]));
      }
      return rows;
    },
    dispose() {
      for (const array of Object.values(p)) array.dispose();
      step.dispose();
    },
  };
}

function placeOf(config: LlamaConfig, from: number, tokens: number, size: number): Omit<Place, 'ids'> {
  const { head_dim: h, rope_theta: theta } = config;
  const cos = new Float32Array(tokens * h);
  const sin = new Float32Array(tokens * h);
  const slots = new Float32Array(size * tokens);
  const mask = new Float32Array(tokens * size);
  for (let t = 0; t < tokens; t++) {
    for (let c = 0; c < h; c++) {
      const angle = (from + t) * theta ** ((-2 * (c % (h / 2))) / h);
      cos[t * h + c] = Math.cos(angle);
      sin[t * h + c] = Math.sin(angle);
    }
    slots[(from + t) * tokens + t] = 1;
    mask.fill(-1e9, t * size + from + t + 1, (t + 1) * size);
  }
  return {
    cos: np.array(cos).reshape([tokens, h]),
    sin: np.array(sin).reshape([tokens, h]),
    slots: np.array(slots).reshape([size, tokens]),
    mask: np.array(mask).reshape([tokens, size]),
  };
}
