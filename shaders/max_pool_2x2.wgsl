// Max pooling by 2x2 windows that do not overlap, two windows (four columns) at a time: rows are whole vectors of four.
// x [planes,H,W], y [planes,OH,OW], W = 2 OW a multiple of 4; a last odd row is left out.
// Grid: one workgroup per plane, a tile of TX x TY quads at a time. Loads of four: what counts on processors.
override TX: u32 = 8;
override TY: u32 = 1;
struct Dims { planes: u32, h: u32, w: u32, oh: u32, ow: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec2f>;

// The greater of two, NaN if either is.
fn greatest4(a: vec4f, b: vec4f) -> vec4f { return select(a, b, (b > a) | !(b == b)); }
fn greatest2(a: vec2f, b: vec2f) -> vec2f { return select(a, b, (b > a) | !(b == b)); }

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let plane = group.y * groups.x + group.x;
  if (plane >= dims.planes) { return; }
  let quads = dims.w / 4;
  let image = plane * dims.h * quads;
  let pooled = plane * dims.oh * quads;
  for (var i = lane.y; i < dims.oh; i += TY) {
    for (var j = lane.x; j < quads; j += TX) {
      let at = pooled + i * quads + j;
      let top = image + 2 * i * quads + j;
      let best = greatest4(x[top], x[top + quads]);
      y[at] = greatest2(best.xz, best.yw);
    }
  }
}
