// Draws each live row's next token from its logits, and notes its log-probability.
//
// Temperature, then top-k (every token at least as likely as the k-th), then top-p (the fewest likeliest tokens
// whose probabilities reach p; ties with the last stay), then the inverse of the distribution function at a
// uniform number that is a pure function of (seed, purpose, step, rollout, position): see `philox`. Temperature 0
// takes the likeliest token, the first of equals. The log-probability is that of the whole distribution at the
// given temperature (at 0: at temperature 1), which is what the loss needs.
// Greedily the logits are gone through once; a draw goes through them about once more; only filters cost passes beyond.
// Consumer: decoding, for small vocabularies; `sample_shared` shares a row out over a workgroup, to the same bits.
// Before it: `philox.wgsl` (random numbers), `sample_parts.wgsl` (bindings, and a row's logits part by part).
// Grid: one invocation a live row, workgroups of 64.
// Updates the row's state; overwrites its entries of tokens and scores.

fn kept_above(at: u32, highest: f32, threshold: f32) -> vec2<f32> {
  let size = part_size();
  var kept = vec2<f32>();
  for (var first = 0u; first < sampling.vocabulary; first += size) {
    kept += kept_of(at, first, min(first + size, sampling.vocabulary), highest, threshold);
  }
  return kept;
}

// The largest threshold that keeps enough: enough tokens (column 0) or enough probability (column 1).
fn threshold_of(at: u32, highest: f32, lowest: f32, column: u32, enough: f32) -> f32 {
  var low = ordered(lowest);
  var high = ordered(highest);
  while (low < high) {
    let middle = low + (high - low) / 2u + 1u;
    if (kept_above(at, highest, unordered(middle))[column] >= enough) { low = middle; } else { high = middle - 1u; }
  }
  return unordered(low);
}

@compute @workgroup_size(64)
fn sample(@builtin(global_invocation_id) id: vec3<u32>) {
  let slot = id.x;
  if (slot >= extent.count) { return; }
  let at = slot * sampling.vocabulary;
  let size = part_size();
  var sums = sums_of(at, 0u, min(size, sampling.vocabulary));
  for (var first = size; first < sampling.vocabulary; first += size) {
    sums = joined(sums, sums_of(at, first, min(first + size, sampling.vocabulary)));
  }
  var chosen = sums.best;
  if (sampling.greedy == 0u) {
    var threshold = -3.4e38;
    var mass = sums.total;
    if (sampling.top_k > 0u && sampling.top_k < sampling.vocabulary) {
      threshold = threshold_of(at, sums.highest, threshold, 0u, f32(sampling.top_k));
      mass = kept_above(at, sums.highest, threshold).y;
    }
    if (sampling.top_p < 1.0) {
      threshold = threshold_of(at, sums.highest, threshold, 1u, sampling.top_p * mass);
      mass = kept_above(at, sums.highest, threshold).y;
    }
    let goal = uniform_number(live_rows[slot]) * mass;
    // The part in which the sum goes past the goal, or else the last that can be drawn from.
    var part = 0u;
    var before = 0.0;
    var sum = 0.0;
    for (var first = 0u; first < sampling.vocabulary; first += size) {
      let kept = kept_of(at, first, min(first + size, sampling.vocabulary), sums.highest, threshold).y;
      if (kept > 0.0) {
        part = first;
        before = sum;
      }
      sum += kept;
      if (sum > goal) { break; }
    }
    chosen = drawn_from(at, part, min(part + size, sampling.vocabulary), sums.highest, threshold, before, goal);
  }
  finish(slot, chosen, sums);
}
