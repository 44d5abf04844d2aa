// Adjoint of gather_pool_2x2: writes g where the codes of 2x2 windows point and zero elsewhere, two windows at a time.
// g and code [planes,OH,OW], x [planes,H,W], H = 2 OH, W = 2 OW a multiple of 4.
// Grid: one workgroup per EACH planes, a tile of TX x TY quads at a time. Loads of four: what counts on processors.
override TX: u32 = 8;
override TY: u32 = 1;
override EACH: u32 = 1;
struct Dims { planes: u32, h: u32, w: u32, oh: u32, ow: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> g: array<vec2f>;
@group(0) @binding(2) var<storage, read> code: array<vec2i>;
@group(0) @binding(3) var<storage, read_write> x: array<vec4f>;

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let start = (group.y * groups.x + group.x) * EACH;
  for (var plane = start; plane < min(start + EACH, dims.planes); plane++) {
    let quads = dims.w / 4;
    let image = plane * dims.h * quads;
    let pooled = plane * dims.oh * quads;
    for (var i = lane.y; i < dims.oh; i += TY) {
      for (var j = lane.x; j < quads; j += TX) {
        let at = pooled + i * quads + j;
        let top = image + 2 * i * quads + j;
        let value = g[at].xxyy;
        let chosen = code[at].xxyy;
        x[top] = select(vec4f(), value, chosen == vec4i(0, 1, 0, 1));
        x[top + quads] = select(vec4f(), value, chosen == vec4i(2, 3, 2, 3));
      }
    }
  }
}
