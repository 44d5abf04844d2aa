// Reads x where the codes of 2x2 windows point, two windows at a time.
// x [planes,H,W], code and y [planes,OH,OW], W = 2 OW a multiple of 4.
// Grid: one workgroup per EACH planes, a tile of TX x TY quads at a time. Loads of four: what counts on processors.
override TX: u32 = 8;
override TY: u32 = 1;
override EACH: u32 = 1;
struct Dims { planes: u32, h: u32, w: u32, oh: u32, ow: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> code: array<vec2i>;
@group(0) @binding(3) var<storage, read_write> y: array<vec2f>;

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
        let a = x[top];
        let b = x[top + quads];
        let chosen = code[at];
        let right = (chosen & vec2i(1)) == vec2i(1);
        y[at] = select(select(a.xz, a.yw, right), select(b.xz, b.yw, right), chosen >= vec2i(2));
      }
    }
  }
}
