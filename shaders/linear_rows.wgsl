// Four rows of a product stored, each by the kernel's own `store`, which leaves out what lies past the end.
//
// No entry point: put before the kernels of y = x wᵀ and of dx = dy w with 16-byte loads.

fn four_rows(row: u32, col4: u32, a: mat4x4<f32>) {
  store(row, col4, a[0]);
  store(row + 1u, col4, a[1]);
  store(row + 2u, col4, a[2]);
  store(row + 3u, col4, a[3]);
}
