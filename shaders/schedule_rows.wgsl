// Lists the rows that are still generating, in order, and lays out their next inputs side by side.
//
// A finished row has no place in the list, so it costs nothing from the next token on.
// Consumer: every decoding kernel of the next token. Grid: one invocation a row of the batch, workgroups of 64.
// Overwrites live, live_rows, ids and positions.

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

@compute @workgroup_size(64)
fn schedule_rows(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= size.rows) { return; }
  // Rows before this one that are live. Each invocation counts for itself: no barrier, no second dispatch.
  var slot = 0u;
  for (var r = 0u; r < row; r++) { slot += 1u - state[r].w; }
  let own = state[row];
  if (own.w == 0u) {
    live_rows[slot] = row;
    ids[slot] = own.x;
    positions[slot] = own.y;
  }
  if (row == size.rows - 1u) { live = vec2<u32>(slot + 1u - own.w, 0u); }
}
