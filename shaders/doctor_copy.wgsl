// y = x: the rate at which memory is read and written.
//
// x, y: vec4f, GROUP * 16 per workgroup, exactly as many as the grid covers.
// Grid: (elements / (GROUP * 16), 1, 1). Neighbouring invocations take neighbouring elements.

override GROUP: u32 = 64;

@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(GROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group.x * GROUP * 16 + lane;
  for (var i = 0u; i < 16; i++) {
    let at = first + i * GROUP;
    y[at] = x[at];
  }
}
