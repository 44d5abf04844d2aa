// Convolution (cross-correlation), any stride, symmetric zero padding and kernel size; runs on every adapter.
//
//   y[n,o,i,j] = sum over c,u,v of x[n,c, i*stride + u - pad, j*stride + v - pad] * w[o,c,u,v]
//
// Layouts: x [B*N,C,H,W], w [B,O,C,KH,KW], y [B*N,O,OH,OW], contiguous: B tasks, each with N images and a weight of its own.
// One invocation computes 8 output channels of 4 pixels, WORKGROUP apart in the list of a task's pixels.
// Grid: x and y = ceil(N*OH*OW / (4*WORKGROUP)) folded, z = B * ceil(O / 8).

override WORKGROUP: u32 = 64;
override STRIDE: u32 = 1;

struct Dims {
  n: u32, c: u32, h: u32, w: u32,
  o: u32, oh: u32, ow: u32,
  kh: u32, kw: u32, pad: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

// Element (row, column) of the channel that starts at `base`, zero outside the image.
fn pixel(base: u32, row: i32, column: i32) -> f32 {
  let inside = (row >= 0) & (row < i32(dims.h)) & (column >= 0) & (column < i32(dims.w));
  let at = select(0u, base + u32(row) * dims.w + u32(column), inside);
  return select(0.0, x[at], inside);
}

fn store(task: u32, p: u32, o: u32, value: vec4f) {
  let plane = dims.oh * dims.ow;
  if (p >= dims.n * plane) { return; }
  for (var k = 0u; k < 4u && o + k < dims.o; k++) {
    y[((task * dims.n + p / plane) * dims.o + o + k) * plane + p % plane] = value[k];
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * 4u * WORKGROUP + lane;
  if (first >= dims.n * dims.oh * dims.ow) { return; }
  let p = vec4u(first, first + WORKGROUP, first + 2u * WORKGROUP, first + 3u * WORKGROUP);
  let plane = dims.oh * dims.ow;
  // Pixels past the last repeat it: they are computed and not stored.
  let q = min(p, vec4u(dims.n * plane - 1u));
  let blocks = (dims.o + 7u) / 8u;
  let task = group.z / blocks;
  let image = (task * dims.n + q / plane) * dims.c * dims.h * dims.w;
  let top = vec4i(q % plane / dims.ow * STRIDE) - i32(dims.pad);
  let left = vec4i(q % dims.ow * STRIDE) - i32(dims.pad);
  let o = group.z % blocks * 8u;
  let taps = dims.kh * dims.kw;
  let filter_size = dims.c * taps;
  // So do channels past the last.
  let filters = task * dims.o;
  let rows_a = (filters + min(vec4u(o, o + 1u, o + 2u, o + 3u), vec4u(dims.o - 1u))) * filter_size;
  let rows_b = (filters + min(vec4u(o + 4u, o + 5u, o + 6u, o + 7u), vec4u(dims.o - 1u))) * filter_size;

  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var b0 = vec4f(); var b1 = vec4f(); var b2 = vec4f(); var b3 = vec4f();
  for (var c = 0u; c < dims.c; c++) {
    let base = image + c * dims.h * dims.w;
    for (var u = 0u; u < dims.kh; u++) {
      for (var v = 0u; v < dims.kw; v++) {
        let at = c * taps + u * dims.kw + v;
        let wa = vec4f(w[rows_a.x + at], w[rows_a.y + at], w[rows_a.z + at], w[rows_a.w + at]);
        let wb = vec4f(w[rows_b.x + at], w[rows_b.y + at], w[rows_b.z + at], w[rows_b.w + at]);
        let x0 = pixel(base.x, top.x + i32(u), left.x + i32(v));
        let x1 = pixel(base.y, top.y + i32(u), left.y + i32(v));
        let x2 = pixel(base.z, top.z + i32(u), left.z + i32(v));
        let x3 = pixel(base.w, top.w + i32(u), left.w + i32(v));
        a0 += wa * x0; a1 += wa * x1; a2 += wa * x2; a3 += wa * x3;
        b0 += wb * x0; b1 += wb * x1; b2 += wb * x2; b3 += wb * x3;
      }
    }
  }

  store(task, p.x, o, a0); store(task, p.x, o + 4u, b0);
  store(task, p.y, o, a1); store(task, p.y, o + 4u, b1);
  store(task, p.z, o, a2); store(task, p.z, o + 4u, b2);
  store(task, p.w, o, a3); store(task, p.w, o + 4u, b3);
}
