// Nearest upsampling: y[p,i,j] = x[p, floor(i*H/OH), floor(j*W/OW)].
// x [planes,H,W], y [planes,OH,OW]. Grid: one workgroup per EACH planes, a tile of TX x TY outputs at a time.
override TX: u32 = 8;
override TY: u32 = 1;
override EACH: u32 = 1;
struct Dims { planes: u32, h: u32, w: u32, oh: u32, ow: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let start = (group.y * groups.x + group.x) * EACH;
  for (var plane = start; plane < min(start + EACH, dims.planes); plane++) {
    for (var i = lane.y; i < dims.oh; i += TY) {
      let row = (plane * dims.h + i * dims.h / dims.oh) * dims.w;
      for (var j = lane.x; j < dims.ow; j += TX) {
        y[(plane * dims.oh + i) * dims.ow + j] = x[row + j * dims.w / dims.ow];
      }
    }
  }
}
