// Gradient of a convolution with respect to its input, any stride, symmetric zero padding and kernel size; runs on
// every adapter.
//
//   gx[n,c,i,j] = sum over o,u,v of gy[n,o, (i + pad - u) / stride, (j + pad - v) / stride] * w[o,c,u,v],
//   over the terms whose divisions leave no remainder and whose position lies inside gy.
//
// Layouts: gy [B*N,O,OH,OW], w [B,O,C,KH,KW], gx [B*N,C,H,W], contiguous: B tasks, each with N images and a weight of its
// own. One invocation computes 8 input channels of 4 pixels, WORKGROUP apart in the list of a task's pixels.
// Grid: x and y = ceil(N*H*W / (4*WORKGROUP)) folded, z = B * ceil(C / 8).

override WORKGROUP: u32 = 64;
override STRIDE: u32 = 1;

struct Dims {
  n: u32, c: u32, h: u32, w: u32,
  o: u32, oh: u32, ow: u32,
  kh: u32, kw: u32, pad: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> gy: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> gx: array<f32>;

// Element of gy at (row, column) / stride of the channel that starts at `base`, zero where there is none.
fn pixel(base: u32, row: i32, column: i32) -> f32 {
  let stride = i32(STRIDE);
  let i = row / stride;
  let j = column / stride;
  let inside = (row >= 0) & (column >= 0) & (i < i32(dims.oh)) & (j < i32(dims.ow))
    & (i * stride == row) & (j * stride == column);
  let at = select(0u, base + u32(i) * dims.ow + u32(j), inside);
  return select(0.0, gy[at], inside);
}

fn store(task: u32, p: u32, c: u32, value: vec4f) {
  let plane = dims.h * dims.w;
  if (p >= dims.n * plane) { return; }
  for (var k = 0u; k < 4u && c + k < dims.c; k++) {
    gx[((task * dims.n + p / plane) * dims.c + c + k) * plane + p % plane] = value[k];
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32) {
  let first = (group.y * groups.x + group.x) * 4u * WORKGROUP + lane;
  if (first >= dims.n * dims.h * dims.w) { return; }
  let p = vec4u(first, first + WORKGROUP, first + 2u * WORKGROUP, first + 3u * WORKGROUP);
  let plane = dims.h * dims.w;
  // Pixels past the last repeat it: they are computed and not stored.
  let q = min(p, vec4u(dims.n * plane - 1u));
  let blocks = (dims.c + 7u) / 8u;
  let task = group.z / blocks;
  let image = (task * dims.n + q / plane) * dims.o * dims.oh * dims.ow;
  let bottom = vec4i(q % plane / dims.w) + i32(dims.pad);
  let right = vec4i(q % dims.w) + i32(dims.pad);
  let c = group.z % blocks * 8u;
  let taps = dims.kh * dims.kw;
  // So do channels past the last.
  let rows_a = min(vec4u(c, c + 1u, c + 2u, c + 3u), vec4u(dims.c - 1u)) * taps;
  let rows_b = min(vec4u(c + 4u, c + 5u, c + 6u, c + 7u), vec4u(dims.c - 1u)) * taps;

  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var b0 = vec4f(); var b1 = vec4f(); var b2 = vec4f(); var b3 = vec4f();
  for (var o = 0u; o < dims.o; o++) {
    let base = image + o * dims.oh * dims.ow;
    for (var u = 0u; u < dims.kh; u++) {
      for (var v = 0u; v < dims.kw; v++) {
        let at = (task * dims.o + o) * dims.c * taps + u * dims.kw + v;
        let wa = vec4f(w[rows_a.x + at], w[rows_a.y + at], w[rows_a.z + at], w[rows_a.w + at]);
        let wb = vec4f(w[rows_b.x + at], w[rows_b.y + at], w[rows_b.z + at], w[rows_b.w + at]);
        let g0 = pixel(base.x, bottom.x - i32(u), right.x - i32(v));
        let g1 = pixel(base.y, bottom.y - i32(u), right.y - i32(v));
        let g2 = pixel(base.z, bottom.z - i32(u), right.z - i32(v));
        let g3 = pixel(base.w, bottom.w - i32(u), right.w - i32(v));
        a0 += wa * g0; a1 += wa * g1; a2 += wa * g2; a3 += wa * g3;
        b0 += wb * g0; b1 += wb * g1; b2 += wb * g2; b3 += wb * g3;
      }
    }
  }

  store(task, p.x, c, a0); store(task, p.x, c + 4u, b0);
  store(task, p.y, c, a1); store(task, p.y, c + 4u, b1);
  store(task, p.z, c, a2); store(task, p.z, c + 4u, b2);
  store(task, p.w, c, a3); store(task, p.w, c + 4u, b3);
}
