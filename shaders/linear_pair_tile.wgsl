// y = x wᵀ and what comes right after it, where that takes two columns a fixed distance apart: the gate and the up
// projection, or the two halves of a head that are rotated. Saves a dispatch, and reading y again.
//
// Consumer: the projections before attention and into the MLP, as a variant of `linear_forward` followed by `swiglu`
// or `rope`, with the same bits. Tiles in workgroup memory as in `linear_forward_tile`, for a GPU: an invocation makes
// 8 rows of 4 columns and the 4 that belong to them.
// Before it: `weights_float32.wgsl` (how weights are stored), `linear_sums.wgsl` (`add`: the order of summation).
// Grid: (outputs / 64, rows / 64) workgroups of 8 x 8. Overwrites y and out.

// Whether columns are rotated; otherwise they are gate and up.
const ROTATE: bool = false;

struct Extent { count: u32, start: u32 }
// half: fours of columns between the two of a pair, F / 4 of gate and up, P / 8 in a head. keep: 1 where gate and up are
// needed themselves, by the backward pass. rotated: heads of queries and keys.
struct Shape { inputs: u32, outputs: u32, half: u32, keep: u32, rotated: u32 }

// Rows to compute, M = extent.count.
@group(0) @binding(0) var<uniform> extent: Extent;
// K = inputs, N = outputs.
@group(0) @binding(1) var<uniform> shape: Shape;
// [M, K / 4]
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;
// [N, K / 4], as `weights` reads them
@group(0) @binding(3) var<storage, read> w: array<Weights>;
// [M] positions, read where ROTATE
@group(0) @binding(4) var<storage, read> positions: array<u32>;
// [positions, P / 4]: P / 2 cosines, then P / 2 sines; read where ROTATE
@group(0) @binding(5) var<storage, read> angles: array<vec4<f32>>;
// [M, N / 4], written, but for gate and up that are not to be kept
@group(0) @binding(6) var<storage, read_write> y: array<vec4<f32>>;
// [M, F / 4] silu(gate) * up, written unless ROTATE
@group(0) @binding(7) var<storage, read_write> out: array<vec4<f32>>;

// The first column of a pair, in fours.
fn first_of(pair: u32) -> u32 { return pair / shape.half * 2u * shape.half + pair % shape.half; }

// Where a pair of columns is: its first column in fours, its head, its place in the head.
struct Place { column: u32, head: u32, within: u32 }

fn place(pair: u32) -> Place { return Place(first_of(pair), pair / shape.half, pair % shape.half); }

fn store(row: u32, at: Place, a: vec4<f32>, b: vec4<f32>) {
  let n4 = shape.outputs / 4u;
  if (row >= extent.count || at.column >= n4) { return; }
  let to = row * n4 + at.column;
  if (!ROTATE) {
    if (shape.keep == 1u) {
      y[to] = a;
      y[to + shape.half] = b;
    }
    // As in `swiglu`.
    out[row * shape.half + at.column] = a / (1.0 + exp(-a)) * b;
    return;
  }
  if (at.head < shape.rotated) {
    // As in `rope`.
    let angle = positions[row] * 2u * shape.half + at.within;
    let cosine = angles[angle];
    let sine = angles[angle + shape.half];
    y[to] = a * cosine - b * sine;
    y[to + shape.half] = b * cosine + a * sine;
  } else {
    y[to] = a;
    y[to + shape.half] = b;
  }
}

// A loop, not a line for each row: what is inlined so often takes seconds to compile.
fn four_rows(row: u32, at: Place, a: mat4x4<f32>, b: mat4x4<f32>) {
  var first = a;
  var second = b;
  for (var r = 0u; r < 4u; r++) { store(row + r, at, first[r], second[r]); }
}

// 16 columns of 64 rows: [4 fours of columns, 64].
var<workgroup> x_tile: array<vec4<f32>, 256>;
// The same of w, its rows in the order 0, 4, 8 .., 1, 5, 9 ..: those that neighbours read together lie together. The
// first 32 rows are of the pairs' first columns.
var<workgroup> w_tile: array<vec4<f32>, 256>;

@compute @workgroup_size(8, 8)
fn linear_pair_tile(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>,
                    @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 64u;
  // Rows id.y * 4 and on, and 32 below.
  var a0 = mat4x4<f32>();
  var a1 = mat4x4<f32>();
  var b0 = mat4x4<f32>();
  var b1 = mat4x4<f32>();
  let size = shape.inputs / 4u;
  let last_row = extent.count - 1u;
  let last_pair = shape.outputs / 8u - 1u;
  for (var base = 0u; base < size; base += 4u) {
    for (var i = lane; i < 256u; i += 64u) {
      let k = base + i % 4u;
      let r = i / 4u;
      let x_row = min(row + r, last_row);
      let quad = first_of(min(group.x * 8u + r / 4u % 8u, last_pair)) + select(0u, shape.half, r >= 32u);
      let w_row = quad * 4u + r % 4u;
      // Zeros past the end change no sum.
      let inside = k < size;
      let at = min(k, size - 1u);
      x_tile[i % 4u * 64u + r] = select(vec4<f32>(), x[x_row * size + at], inside);
      w_tile[i % 4u * 64u + r % 4u * 16u + r / 4u] = select(vec4<f32>(), weights(w[w_row * size + at]), inside);
    }
    workgroupBarrier();
    for (var k = 0u; k < 4u; k++) {
      let x0 = k * 64u + id.y * 4u;
      let m0 = mat4x4<f32>(x_tile[x0], x_tile[x0 + 1u], x_tile[x0 + 2u], x_tile[x0 + 3u]);
      let m1 = mat4x4<f32>(x_tile[x0 + 32u], x_tile[x0 + 33u], x_tile[x0 + 34u], x_tile[x0 + 35u]);
      let w0 = k * 64u + id.x;
      let a = transpose(mat4x4<f32>(w_tile[w0], w_tile[w0 + 16u], w_tile[w0 + 32u], w_tile[w0 + 48u]));
      let b = transpose(mat4x4<f32>(w_tile[w0 + 8u], w_tile[w0 + 24u], w_tile[w0 + 40u], w_tile[w0 + 56u]));
      a0 = add(a0, a, m0);
      a1 = add(a1, a, m1);
      b0 = add(b0, b, m0);
      b1 = add(b1, b, m1);
    }
    workgroupBarrier();
  }
  let at = place(group.x * 8u + id.x);
  four_rows(row + id.y * 4u, at, a0, b0);
  four_rows(row + id.y * 4u + 32u, at, a1, b1);
}
