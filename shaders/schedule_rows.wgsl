// Lists the rows that are still generating, in order, and lays out their next inputs side by side.
//
// A finished row has no place in the list, so it costs nothing from the next token on.
// Consumer: every decoding kernel of the next token. Grid: one workgroup of 64, whose invocations have a stretch of the
// batch's rows each, the first with the first. Overwrites live, live_rows, ids and positions.

struct Size { rows: u32 }

@group(0) @binding(0) var<uniform> size: Size;
// [rows] (token to be read next, its position, tokens generated, 1 when finished)
@group(0) @binding(1) var<storage, read> state: array<vec4<u32>>;
// (live rows, 0): the extent of the decoding kernels
@group(0) @binding(2) var<storage, read_write> live: vec2<u32>;
// [live]
@group(0) @binding(3) var<storage, read_write> live_rows: array<u32>;
// [live] token ids
@group(0) @binding(4) var<storage, read_write> ids: array<u32>;
// [live]
@group(0) @binding(5) var<storage, read_write> positions: array<u32>;

const LANES: u32 = 64u;

// Live rows of each stretch.
var<workgroup> counts: array<u32, LANES>;

@compute @workgroup_size(LANES)
fn schedule_rows(@builtin(local_invocation_index) lane: u32) {
  let stretch = (size.rows + LANES - 1u) / LANES;
  let first = min(lane * stretch, size.rows);
  let end = min(first + stretch, size.rows);
  var own = 0u;
  for (var row = first; row < end; row++) { own += 1u - state[row].w; }
  counts[lane] = own;
  workgroupBarrier();
  var slot = 0u;
  for (var before = 0u; before < lane; before++) { slot += counts[before]; }
  for (var row = first; row < end; row++) {
    let current = state[row];
    if (current.w == 0u) {
      live_rows[slot] = row;
      ids[slot] = current.x;
      positions[slot] = current.y;
      slot++;
    }
  }
  if (lane == LANES - 1u) { live = vec2<u32>(slot, 0u); }
}
