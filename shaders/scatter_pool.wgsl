// Adjoint of gather_pool: x[p,r,c] = sum of g[p,i,j] over the windows whose code points at (r,c). Each element collects
// from the windows that cover it, so overlapping windows need no atomics and the order of summation is fixed.
// g and code [planes,OH,OW], x [planes,H,W]. Grid: one workgroup per plane, a tile of TX x TY elements of x at a time.
override TX: u32 = 8;
override TY: u32 = 1;
struct Dims { planes: u32, h: u32, w: u32, oh: u32, ow: u32, kernel: u32, stride: u32, padding: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read> code: array<i32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;

// First and one past the last window that covers position r along an axis with n windows.
fn windows(r: u32, n: u32) -> vec2u {
  let reach = r + dims.padding;
  let first = select((reach - dims.kernel) / dims.stride + 1, 0, reach < dims.kernel);
  return vec2u(first, min(n, reach / dims.stride + 1));
}

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let plane = group.y * groups.x + group.x;
  if (plane >= dims.planes) { return; }
  for (var r = lane.y; r < dims.h; r += TY) {
    let rows = windows(r, dims.oh);
    for (var c = lane.x; c < dims.w; c += TX) {
      let columns = windows(c, dims.ow);
      var total = 0f;
      for (var i = rows.x; i < rows.y; i++) {
        for (var j = columns.x; j < columns.y; j++) {
          let at = (plane * dims.oh + i) * dims.ow + j;
          let offset = (r + dims.padding - i * dims.stride) * dims.kernel + c + dims.padding - j * dims.stride;
          if (code[at] == i32(offset)) { total += g[at]; }
        }
      }
      x[(plane * dims.h + r) * dims.w + c] = total;
    }
  }
}
