// s = m s + c, over and over: the rate of f32 fused multiply-adds when nothing else is in the way.
//
// Each invocation keeps 2 vec4f of independent chains (enough to hide the latency of an FMA, few enough for the 16 vector
// registers of a CPU) and does iterations * 64 FMAs. Grid: any; y: one vec4f per invocation, so that nothing is left out.

override GROUP: u32 = 64;

struct Dims {
  iterations: u32,
  m: f32,
  c: f32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(GROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = vec4f(dims.m);
  let c = vec4f(dims.c);
  var s = vec4f(0, 1, 2, 3) + f32(id.x);
  var t = s + 4;
  for (var i = 0u; i < dims.iterations; i++) {
    s = fma(s, m, c); t = fma(t, m, c);
    s = fma(s, m, c); t = fma(t, m, c);
    s = fma(s, m, c); t = fma(t, m, c);
    s = fma(s, m, c); t = fma(t, m, c);
    s = fma(s, m, c); t = fma(t, m, c);
    s = fma(s, m, c); t = fma(t, m, c);
    s = fma(s, m, c); t = fma(t, m, c);
    s = fma(s, m, c); t = fma(t, m, c);
  }
  y[id.x] = s + t;
}
