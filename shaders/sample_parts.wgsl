// What the samplers share: their bindings, and a row's logits taken part by part.
//
// A vocabulary is parted into at most PARTS runs of tokens. Sums go through a part token by token and over the parts in
// order, whether one invocation has all of a row's parts (`sample`) or each has one (`sample_shared`): the same bits.
// No entry point: put before either, after `philox`.

// Most parts of a vocabulary: the most invocations a workgroup may have everywhere.
const PARTS: u32 = 256u;
// Tokens a part has at least.
const LEAST: u32 = 32u;

struct Extent { count: u32, start: u32 }
// greedy 1 takes the likeliest token (inverse_temperature is then 1). top_k 0 and top_p 1 switch the filters off. rows = rows of the whole batch.
// ends = tokens that end a row; a place without one holds a number that is no token.
struct Sampling { vocabulary: u32, rows: u32, greedy: u32, inverse_temperature: f32, top_k: u32, top_p: f32, ends: vec4<u32> }
struct Randomness { seed: u32, purpose: u32, step: u32 }

// Live rows, extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
@group(0) @binding(1) var<uniform> sampling: Sampling;
@group(0) @binding(2) var<uniform> randomness: Randomness;
// [live] the batch row of each live row
@group(0) @binding(3) var<storage, read> live_rows: array<u32>;
// [live, V]
@group(0) @binding(4) var<storage, read> logits: array<f32>;
// [rows] (rollout's number in the step, most tokens it may generate)
@group(0) @binding(5) var<storage, read> orders: array<vec2<u32>>;
// [rows] (token to be read next, its position, tokens generated, 1 when finished), updated
@group(0) @binding(6) var<storage, read_write> state: array<vec4<u32>>;
// [new tokens, rows] token ids
@group(0) @binding(7) var<storage, read_write> tokens: array<u32>;
// [new tokens, rows] (log-probability, entropy of the distribution)
@group(0) @binding(8) var<storage, read_write> scores: array<vec2<f32>>;

// Tokens of a part.
fn part_size() -> u32 { return max(LEAST, (sampling.vocabulary + PARTS - 1u) / PARTS); }

// Of scaled logits z: the highest, the first token that has it, the sum of e = exp(z - highest), and that of e (z - highest).
struct Sums { highest: f32, best: u32, total: f32, weighted: f32 }

// In one pass (Milakov & Gimelshein, arXiv 1805.02867): when the highest rises by d, older terms are exp(-d) of what
// they were, and their z - highest is d less.
fn sums_of(at: u32, first: u32, end: u32) -> Sums {
  var highest = logits[at + first] * sampling.inverse_temperature;
  var best = first;
  var total = 1.0;
  var weighted = 0.0;
  for (var v = first + 1u; v < end; v++) {
    let z = logits[at + v] * sampling.inverse_temperature;
    let d = z - highest;
    let e = exp(-abs(d));
    let rises = z > highest;
    weighted = select(fma(e, d, weighted), e * fma(-total, d, weighted), rises);
    total = select(total + e, fma(total, e, 1.0), rises);
    best = select(best, v, rises);
    highest = max(highest, z);
  }
  return Sums(highest, best, total, weighted);
}

// The sums of two stretches, `a` before `b`.
fn joined(a: Sums, b: Sums) -> Sums {
  let highest = max(a.highest, b.highest);
  let of_a = exp(a.highest - highest);
  let of_b = exp(b.highest - highest);
  return Sums(highest, select(a.best, b.best, b.highest > a.highest), fma(a.total, of_a, b.total * of_b),
              fma(of_a, fma(a.total, a.highest - highest, a.weighted), of_b * fma(b.total, b.highest - highest, b.weighted)));
}

// Of a part's tokens whose scaled logit is at least `threshold`: how many, and the sum of exp(scaled logit - highest).
fn kept_of(at: u32, first: u32, end: u32, highest: f32, threshold: f32) -> vec2<f32> {
  var kept = vec2<f32>();
  for (var v = first; v < end; v++) {
    let z = logits[at + v] * sampling.inverse_temperature;
    kept += select(vec2<f32>(), vec2<f32>(1.0, exp(z - highest)), z >= threshold);
  }
  return kept;
}

// The part's first kept token with which the sum goes past the target, `before` being that of the parts before it.
// Should rounding leave the sum short of the target, the last kept token that can be drawn at all.
fn drawn_from(at: u32, first: u32, end: u32, highest: f32, threshold: f32, before: f32, goal: f32) -> u32 {
  var chosen = first;
  var sum = 0.0;
  for (var v = first; v < end; v++) {
    let z = logits[at + v] * sampling.inverse_temperature;
    if (z >= threshold) {
      let e = exp(z - highest);
      if (e > 0.0) { chosen = v; }
      sum += e;
      if (before + sum > goal) { break; }
    }
  }
  return chosen;
}

// A float as an unsigned number of the same order, and back: bisection over these finds a threshold exactly.
fn ordered(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}
fn unordered(x: u32) -> f32 {
  return bitcast<f32>(select(~x, x & 0x7fffffffu, (x & 0x80000000u) != 0u));
}

// The row's uniform number in [0, 1) for its next token.
fn uniform_number(row: u32) -> f32 {
  let index = state[row].z;
  let block = philox(vec4<u32>(randomness.step, orders[row].x, index / 4u, 0u), vec2<u32>(randomness.seed, randomness.purpose));
  return f32(block[index % 4u] >> 8u) / 16777216.0;
}

// Notes the token and moves the row on.
fn finish(slot: u32, chosen: u32, sums: Sums) {
  let row = live_rows[slot];
  let current = state[row];
  let index = current.z;
  let log_total = log(sums.total);
  let z = logits[slot * sampling.vocabulary + chosen] * sampling.inverse_temperature;
  tokens[index * sampling.rows + row] = chosen;
  scores[index * sampling.rows + row] = vec2<f32>(z - sums.highest - log_total, log_total - sums.weighted / sums.total);
  let done = any(sampling.ends == vec4<u32>(chosen)) || index + 1u >= orders[row].y;
  state[row] = vec4<u32>(chosen, current.y + 1u, index + 1u, select(0u, 1u, done));
}
