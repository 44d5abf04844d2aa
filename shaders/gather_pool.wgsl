// Reads x where the codes point: y[p,i,j] = x[p, i*sh+a-ph, j*sw+b-pw] with code = a * kw + b.
// x [planes,H,W], code and y [planes,OH,OW]. Grid: one workgroup per EACH planes, a tile of TX x TY outputs at a time.
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
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> code: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let start = (group.y * groups.x + group.x) * EACH;
  for (var plane = start; plane < min(start + EACH, dims.planes); plane++) {
    let image = plane * dims.h * dims.w;
    for (var i = lane.y; i < dims.oh; i += TY) {
      for (var j = lane.x; j < dims.ow; j += TX) {
        let at = (plane * dims.oh + i) * dims.ow + j;
        let chosen = u32(code[at]);
        let a = chosen / KERNEL_W;
        let b = chosen - a * KERNEL_W;
        let r = i * STRIDE_H + a - PADDING_H;
        let c = j * STRIDE_W + b - PADDING_W;
        y[at] = x[image + r * dims.w + c];
      }
    }
  }
}
