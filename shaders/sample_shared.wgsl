// `sample` for large vocabularies: a workgroup has a live row, each invocation a part of its tokens.
//
// Adds over `sample`: the passes over the logits are shared out; what joins the parts goes through them in order, the
// same way on every invocation, so that the token and its scores are the same, bit for bit.
// Before it: `philox.wgsl` (random numbers), `sample_parts.wgsl` (bindings, and a row's logits part by part).
// Grid: one workgroup a live row, in y and, where these are many, z.
// Updates the row's state; overwrites its entries of tokens and scores.

var<workgroup> part_sums: array<Sums, PARTS>;
var<workgroup> part_kept: array<vec2<f32>, PARTS>;

// What every invocation needs to know of the row.
struct Row { at: u32, first: u32, end: u32, parts: u32, lane: u32 }

// Over all parts, in order. Every invocation takes part.
fn kept_above(row: Row, highest: f32, threshold: f32) -> vec2<f32> {
  workgroupBarrier();
  part_kept[row.lane] = kept_of(row.at, row.first, row.end, highest, threshold);
  workgroupBarrier();
  var kept = vec2<f32>();
  for (var p = 0u; p < row.parts; p++) { kept += part_kept[p]; }
  return kept;
}

// The largest threshold that keeps enough: enough tokens (column 0) or enough probability (column 1).
fn threshold_of(row: Row, highest: f32, lowest: f32, column: u32, enough: f32) -> f32 {
  var low = ordered(lowest);
  var high = ordered(highest);
  // As many halvings as there are bits: all invocations take as many, whatever they find.
  for (var i = 0u; i < 32u; i++) {
    let middle = low + (high - low) / 2u + select(0u, 1u, low < high);
    let kept = kept_above(row, highest, unordered(middle))[column];
    if (low < high) {
      if (kept >= enough) { low = middle; } else { high = middle - 1u; }
    }
  }
  return unordered(low);
}

@compute @workgroup_size(PARTS)
fn sample_shared(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
                 @builtin(local_invocation_index) lane: u32) {
  let slot = group.z * groups.y + group.y;
  if (slot >= extent.count) { return; }
  let vocabulary = sampling.vocabulary;
  let size = part_size();
  let row = Row(slot * vocabulary, min(lane * size, vocabulary), min(lane * size + size, vocabulary),
                (vocabulary + size - 1u) / size, lane);
  if (row.first < row.end) { part_sums[lane] = sums_of(row.at, row.first, row.end); }
  workgroupBarrier();
  var sums = part_sums[0];
  for (var p = 1u; p < row.parts; p++) { sums = joined(sums, part_sums[p]); }

  var chosen = sums.best;
  if (sampling.greedy == 0u) {
    var threshold = -3.4e38;
    var mass = sums.total;
    if (sampling.top_k > 0u && sampling.top_k < vocabulary) {
      threshold = threshold_of(row, sums.highest, threshold, 0u, f32(sampling.top_k));
      mass = kept_above(row, sums.highest, threshold).y;
    }
    if (sampling.top_p < 1.0) {
      threshold = threshold_of(row, sums.highest, threshold, 1u, sampling.top_p * mass);
      mass = kept_above(row, sums.highest, threshold).y;
    }
    let goal = uniform_number(live_rows[slot]) * mass;
    // Nobody reads the row's state once it is moved on.
    storageBarrier();
    kept_above(row, sums.highest, threshold);
    // The part in which the sum goes past the goal, or else the last that can be drawn from.
    var part = 0u;
    var before = 0.0;
    var sum = 0.0;
    for (var p = 0u; p < row.parts; p++) {
      let kept = part_kept[p].y;
      if (kept > 0.0) {
        part = p;
        before = sum;
      }
      sum += kept;
      if (sum > goal) { break; }
    }
    if (lane == part) { finish(slot, drawn_from(row.at, row.first, row.end, sums.highest, threshold, before, goal), sums); }
  } else if (lane == 0u) {
    finish(slot, chosen, sums);
  }
}
