// How a subgroup's invocations hand each other what they have read: the tile's sizes, and eight values for all.
//
// A subgroup makes a tile of ROWS rows and 4 QUADS LANES columns of the product, of which an invocation has all rows of
// 4 QUADS columns. What its columns need it reads for itself; what the rows need, all invocations need. So each reads
// one row's part for all: `low` and `high` are what the first four and the next four have read, the same in every
// invocation. A tile of more than 8 rows has each invocation read again for every 8, and a subgroup of four reads twice
// as often, for `low` and for `high`.
// No entry point: put before the `linear_*_subgroup` kernels.
enable subgroups;

// Invocations of a subgroup on this adapter.
const LANES: u32 = 8u;
// Rows of a tile: 8, 16 or, in subgroups of 8 and more, 24.
const ROWS: u32 = 8u;
// Columns of an invocation, in fours: 1, or 2 with 16 rows.
const QUADS: u32 = 1u;
// Where in a subgroup the second four of eight rows are read.
const HIGH: u32 = select(0u, 4u, LANES >= 8u);

// What the first four invocations hold, and what the next four do.
fn low(v: vec4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(subgroupBroadcast(v, 0u), subgroupBroadcast(v, 1u),
                     subgroupBroadcast(v, 2u), subgroupBroadcast(v, 3u));
}

fn high(v: vec4<f32>) -> mat4x4<f32> {
  return mat4x4<f32>(subgroupBroadcast(v, HIGH), subgroupBroadcast(v, HIGH + 1u),
                     subgroupBroadcast(v, HIGH + 2u), subgroupBroadcast(v, HIGH + 3u));
}
