// Where max pooling found its maximum: code[p,i,j] = a * kernel + b of the first greatest element of the window.
// x [planes,H,W], code [planes,OH,OW]. Grid: one workgroup per plane, a tile of TX x TY outputs at a time.
override TX: u32 = 8;
override TY: u32 = 1;
struct Dims { planes: u32, h: u32, w: u32, oh: u32, ow: u32, kernel: u32, stride: u32, padding: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> code: array<i32>;

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let plane = group.y * groups.x + group.x;
  if (plane >= dims.planes) { return; }
  let image = plane * dims.h * dims.w;
  for (var i = lane.y; i < dims.oh; i += TY) {
    for (var j = lane.x; j < dims.ow; j += TX) {
      var best = 0f;
      var chosen = -1;
      for (var a = 0u; a < dims.kernel; a++) {
        for (var b = 0u; b < dims.kernel; b++) {
          let r = i * dims.stride + a - dims.padding;
          let c = j * dims.stride + b - dims.padding;
          if (r < dims.h && c < dims.w) {
            let value = x[image + r * dims.w + c];
            if (chosen < 0 || value > best) {
              best = value;
              chosen = i32(a * dims.kernel + b);
            }
          }
        }
      }
      code[(plane * dims.oh + i) * dims.ow + j] = chosen;
    }
  }
}
