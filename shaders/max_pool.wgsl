// Max pooling: y[p,i,j] = max over the window of x[p, i*sh+a-ph, j*sw+b-pw]; the margin never wins,
// NaN always does.
// x [planes,H,W], y [planes,OH,OW]. Grid: one workgroup per plane, a tile of TX x TY outputs at a time.
override TX: u32 = 8;
override TY: u32 = 1;
// The window. Constants, so that the common ones become straight code.
override KERNEL_H: u32 = 2;
override KERNEL_W: u32 = 2;
override STRIDE_H: u32 = 2;
override STRIDE_W: u32 = 2;
override PADDING_H: u32 = 0;
override PADDING_W: u32 = 0;
struct Dims { planes: u32, h: u32, w: u32, oh: u32, ow: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let plane = group.y * groups.x + group.x;
  if (plane >= dims.planes) { return; }
  let image = plane * dims.h * dims.w;
  for (var i = lane.y; i < dims.oh; i += TY) {
    for (var j = lane.x; j < dims.ow; j += TX) {
      var best = 0f;
      var empty = true;
      for (var a = 0u; a < KERNEL_H; a++) {
        for (var b = 0u; b < KERNEL_W; b++) {
          // Rows above and columns left of the image wrap around to huge numbers and fail the test too.
          let r = i * STRIDE_H + a - PADDING_H;
          let c = j * STRIDE_W + b - PADDING_W;
          if (r < dims.h && c < dims.w) {
            let value = x[image + r * dims.w + c];
            if (empty || value > best || !(value == value)) { best = value; }
            empty = false;
          }
        }
      }
      y[(plane * dims.oh + i) * dims.ow + j] = best;
    }
  }
}
