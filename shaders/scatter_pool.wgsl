// Adjoint of gather_pool: x[p,r,c] = sum of g[p,i,j] over the windows whose code points at (r,c). Each element collects
// from the windows that cover it, so overlapping windows need no atomics and the order of summation is fixed.
// g and code [planes,OH,OW], x [planes,H,W]. Grid: one workgroup per EACH planes, a tile of TX x TY elements of x at a time.
override TX: u32 = 8;
override TY: u32 = 1;
override EACH: u32 = 1;
// The window. Constants, so that the common ones become straight code.
override KERNEL_H: u32 = 2;
override KERNEL_W: u32 = 2;
override STRIDE_H: u32 = 2;
override STRIDE_W: u32 = 2;
override PADDING_H: u32 = 0;
override PADDING_W: u32 = 0;
struct Dims { planes: u32, h: u32, w: u32, oh: u32, ow: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read> code: array<i32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;

// How many windows can cover one element along each axis.
override COVER_H: u32 = (KERNEL_H + STRIDE_H - 1) / STRIDE_H;
override COVER_W: u32 = (KERNEL_W + STRIDE_W - 1) / STRIDE_W;

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let start = (group.y * groups.x + group.x) * EACH;
  for (var plane = start; plane < min(start + EACH, dims.planes); plane++) {
    for (var r = lane.y; r < dims.h; r += TY) {
      for (var c = lane.x; c < dims.w; c += TX) {
        var total = 0f;
        for (var u = 0u; u < COVER_H; u++) {
          for (var v = 0u; v < COVER_W; v++) {
            // Windows before the first wrap around to huge numbers and fail the tests like those past the last.
            let i = (r + PADDING_H) / STRIDE_H - u;
            let j = (c + PADDING_W) / STRIDE_W - v;
            let a = r + PADDING_H - i * STRIDE_H;
            let b = c + PADDING_W - j * STRIDE_W;
            if (i < dims.oh && j < dims.ow && a < KERNEL_H && b < KERNEL_W) {
              let at = (plane * dims.oh + i) * dims.ow + j;
              total += select(0f, g[at], code[at] == i32(a * KERNEL_W + b));
            }
          }
        }
        x[(plane * dims.h + r) * dims.w + c] = total;
      }
    }
  }
}
