// Draws each live row's next token from its logits, and notes its log-probability.
//
// Temperature, then top-k (every token at least as likely as the k-th), then top-p (the fewest likeliest tokens
// whose probabilities reach p; ties with the last stay), then the inverse of the distribution function at a
// uniform number that is a pure function of (seed, purpose, step, rollout, position): see `philox`. Temperature 0
// takes the likeliest token, the first of equals. The log-probability is that of the whole distribution at the
// given temperature (at 0: at temperature 1), which is what the loss needs.
// Consumer: decoding. Needs `philox.wgsl` before it. Grid: one invocation a live row, workgroups of 64.
// Updates the row's state; overwrites its entries of tokens and scores.

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

// Tokens whose scaled logit is at least `threshold`, and the sum of exp(scaled logit - highest) over them.
fn kept_above(at: u32, scale: f32, highest: f32, threshold: f32) -> vec2<f32> {
  var kept = vec2<f32>();
  for (var v = 0u; v < sampling.vocabulary; v++) {
    let z = logits[at + v] * scale;
    if (z >= threshold) { kept += vec2<f32>(1.0, exp(z - highest)); }
  }
  return kept;
}

// A float as an unsigned number of the same order, and back: bisection over these finds a threshold exactly.
fn ordered(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}
fn unordered(x: u32) -> f32 {
  return bitcast<f32>(select(~x, x & 0x7fffffffu, (x & 0x80000000u) != 0u));
}

@compute @workgroup_size(64)
fn sample(@builtin(global_invocation_id) id: vec3<u32>) {
  let slot = id.x;
  if (slot >= extent.count) { return; }
  let row = live_rows[slot];
  let at = slot * sampling.vocabulary;
  let scale = sampling.inverse_temperature;

  var best = 0u;
  var highest = logits[at] * scale;
  var lowest = highest;
  for (var v = 1u; v < sampling.vocabulary; v++) {
    let z = logits[at + v] * scale;
    if (z > highest) { highest = z; best = v; }
    lowest = min(lowest, z);
  }
  var total = 0.0;
  var weighted = 0.0;
  for (var v = 0u; v < sampling.vocabulary; v++) {
    let z = logits[at + v] * scale - highest;
    let e = exp(z);
    total += e;
    weighted += e * z;
  }

  // The largest threshold that keeps enough: enough tokens for top-k, enough probability for top-p.
  var threshold = lowest;
  var mass = total;
  if (sampling.top_k > 0u && sampling.top_k < sampling.vocabulary) {
    var low = ordered(lowest);
    var high = ordered(highest);
    while (low < high) {
      let middle = low + (high - low) / 2u + 1u;
      if (kept_above(at, scale, highest, unordered(middle)).x >= f32(sampling.top_k)) { low = middle; } else { high = middle - 1u; }
    }
    threshold = unordered(low);
    mass = kept_above(at, scale, highest, threshold).y;
  }
  if (sampling.top_p < 1.0) {
    var low = ordered(threshold);
    var high = ordered(highest);
    let wanted = sampling.top_p * mass;
    while (low < high) {
      let middle = low + (high - low) / 2u + 1u;
      if (kept_above(at, scale, highest, unordered(middle)).y >= wanted) { low = middle; } else { high = middle - 1u; }
    }
    threshold = unordered(low);
    mass = kept_above(at, scale, highest, threshold).y;
  }

  let current = state[row];
  let index = current.z;
  var chosen = best;
  if (sampling.greedy == 0u) {
    let block = philox(vec4<u32>(randomness.step, orders[row].x, index / 4u, 0u), vec2<u32>(randomness.seed, randomness.purpose));
    let uniform_ = f32(block[index % 4u] >> 8u) / 16777216.0;
    let target_ = uniform_ * mass;
    var sum = 0.0;
    for (var v = 0u; v < sampling.vocabulary; v++) {
      let z = logits[at + v] * scale;
      if (z >= threshold) {
        let e = exp(z - highest);
        // Should rounding leave the sum short of the target, the last kept token that can be drawn at all stands.
        if (e > 0.0) { chosen = v; }
        sum += e;
        if (sum > target_) { break; }
      }
    }
  }
  let log_total = log(total);
  tokens[index * sampling.rows + row] = chosen;
  scores[index * sampling.rows + row] = vec2<f32>(logits[at + chosen] * scale - highest - log_total, log_total - weighted / total);
  let done = any(sampling.ends == vec4<u32>(chosen)) || index + 1u >= orders[row].y;
  state[row] = vec4<u32>(chosen, current.y + 1u, index + 1u, select(0u, 1u, done));
}
