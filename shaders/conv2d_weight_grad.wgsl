// Gradient of a convolution with respect to its weights, any stride, symmetric zero padding and kernel size; runs on
// every adapter. The images of a task are split in S parts of ceil(N / S), each with a partial sum of its own: no atomics,
// so the result is the same in every run. The gradient is the sum of `parts` over its second axis.
//
//   parts[b,s,o,c,u,v] = sum over n in part s of task b, i, j of gy[n,o,i,j] * x[n,c, i*stride + u - pad, j*stride + v - pad]
//
// Layouts: x [B*N,C,H,W], gy [B*N,O,OH,OW], parts [B,S,O,C,KH,KW], contiguous.
// One invocation computes 8 output channels of 4 neighbouring entries q of (c,u,v).
// Grid: (ceil(C*KH*KW / (4*WORKGROUP)), ceil(O / 8), B * S).

override WORKGROUP: u32 = 64;
override STRIDE: u32 = 1;

struct Dims {
  n: u32, c: u32, h: u32, w: u32,
  o: u32, oh: u32, ow: u32,
  kh: u32, kw: u32, pad: u32, s: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gy: array<f32>;
@group(0) @binding(3) var<storage, read_write> parts: array<f32>;

// Where the window of entry q starts: (channel, row, column) of the element that meets gy[0,0].
fn window(q: u32) -> vec3i {
  let taps = dims.kh * dims.kw;
  let tap = q % taps;
  return vec3i(vec3u(min(q / taps, dims.c - 1u), tap / dims.kw, tap % dims.kw)) - vec3i(0, i32(dims.pad), i32(dims.pad));
}

// Element of image n that window `at` meets when moved by (i, j), zero outside the image.
fn pixel(n: u32, at: vec3i, i: u32, j: u32) -> f32 {
  let row = at.y + i32(i * STRIDE);
  let column = at.z + i32(j * STRIDE);
  let inside = (row >= 0) & (row < i32(dims.h)) & (column >= 0) & (column < i32(dims.w));
  let index = ((n * dims.c + u32(at.x)) * dims.h + u32(row)) * dims.w + u32(column);
  return select(0.0, x[select(0u, index, inside)], inside);
}

fn store(part: u32, o: u32, q: u32, value: vec4f) {
  let entries = dims.c * dims.kh * dims.kw;
  if (q >= entries) { return; }
  for (var k = 0u; k < 4u && o + k < dims.o; k++) {
    parts[(part * dims.o + o + k) * entries + q] = value[k];
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let q = (group.x * WORKGROUP + lane) * 4u;
  if (q >= dims.c * dims.kh * dims.kw) { return; }
  let q0 = window(q); let q1 = window(q + 1u); let q2 = window(q + 2u); let q3 = window(q + 3u);
  let o = group.y * 8u;
  let plane = dims.oh * dims.ow;
  // Channels past the last repeat it: they are computed and not stored.
  let rows_a = min(vec4u(o, o + 1u, o + 2u, o + 3u), vec4u(dims.o - 1u)) * plane;
  let rows_b = min(vec4u(o + 4u, o + 5u, o + 6u, o + 7u), vec4u(dims.o - 1u)) * plane;

  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var b0 = vec4f(); var b1 = vec4f(); var b2 = vec4f(); var b3 = vec4f();
  let images = (dims.n + dims.s - 1u) / dims.s;
  let task = group.z / dims.s * dims.n;
  let first = group.z % dims.s * images;
  let last = task + min(first + images, dims.n);
  for (var n = task + first; n < last; n++) {
    for (var i = 0u; i < dims.oh; i++) {
      for (var j = 0u; j < dims.ow; j++) {
        let at = n * dims.o * plane + i * dims.ow + j;
        let ga = vec4f(gy[rows_a.x + at], gy[rows_a.y + at], gy[rows_a.z + at], gy[rows_a.w + at]);
        let gb = vec4f(gy[rows_b.x + at], gy[rows_b.y + at], gy[rows_b.z + at], gy[rows_b.w + at]);
        let x0 = pixel(n, q0, i, j); let x1 = pixel(n, q1, i, j);
        let x2 = pixel(n, q2, i, j); let x3 = pixel(n, q3, i, j);
        a0 += ga * x0; a1 += ga * x1; a2 += ga * x2; a3 += ga * x3;
        b0 += gb * x0; b1 += gb * x1; b2 += gb * x2; b3 += gb * x3;
      }
    }
  }

  store(group.z, o, q, a0); store(group.z, o + 4u, q, b0);
  store(group.z, o, q + 1u, a1); store(group.z, o + 4u, q + 1u, b1);
  store(group.z, o, q + 2u, a2); store(group.z, o + 4u, q + 2u, b2);
  store(group.z, o, q + 3u, a3); store(group.z, o + 4u, q + 3u, b3);
}
