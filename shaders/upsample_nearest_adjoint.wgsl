// Adjoint of nearest upsampling: x[p,r,c] = sum of g[p,i,j] with floor(i*H/OH) = r and floor(j*W/OW) = c, that is for
// i from ceil(r*OH/H) up to ceil((r+1)*OH/H), and the same along columns.
// g [planes,OH,OW], x [planes,H,W]. Grid: one workgroup per EACH planes, a tile of TX x TY elements of x at a time.
override TX: u32 = 8;
override TY: u32 = 1;
override EACH: u32 = 1;
struct Dims { planes: u32, h: u32, w: u32, oh: u32, ow: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read_write> x: array<f32>;

fn first(r: u32, small: u32, large: u32) -> u32 { return (r * large + small - 1) / small; }

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let start = (group.y * groups.x + group.x) * EACH;
  for (var plane = start; plane < min(start + EACH, dims.planes); plane++) {
    for (var r = lane.y; r < dims.h; r += TY) {
      for (var c = lane.x; c < dims.w; c += TX) {
        var total = 0f;
        for (var i = first(r, dims.h, dims.oh); i < first(r + 1, dims.h, dims.oh); i++) {
          for (var j = first(c, dims.w, dims.ow); j < first(c + 1, dims.w, dims.ow); j++) {
            total += g[(plane * dims.oh + i) * dims.ow + j];
          }
        }
        x[(plane * dims.h + r) * dims.w + c] = total;
      }
    }
  }
}
