// Max pooling and where it found the maximum, in one pass: y[p,i,j] = max over the window of x[p, i*sh+a-ph, j*sw+b-pw], and
// code[p,i,j] = a * kw + b of the first greatest element, or of the last NaN. The margin never wins, NaN always does.
// Template: see `expand`.
// x [planes,H,W], y and code [planes,OH,OW]. Grid: one workgroup per EACH planes, a tile of TX x TY outputs at a time.
// Constants: TX, TY, EACH, VALUES and CODES (1 for what is written, else 0), KERNEL_H and so on: the window.
struct Dims { planes: u32, h: u32, w: u32, oh: u32, ow: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
#if VALUES
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
#end
#if CODES
@group(0) @binding($(2+VALUES)) var<storage, read_write> code: array<i32>;
#end

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let start = (group.y * groups.x + group.x) * EACH;
  for (var plane = start; plane < min(start + EACH, dims.planes); plane++) {
    let image = plane * dims.h * dims.w;
    for (var i = lane.y; i < dims.oh; i += TY) {
      for (var j = lane.x; j < dims.ow; j += TX) {
        var best = 0f;
        var chosen = -1;
        for (var a = 0u; a < KERNEL_H; a++) {
          for (var b = 0u; b < KERNEL_W; b++) {
            // Rows above and columns left of the image wrap around to huge numbers and fail the test too.
            let r = i * STRIDE_H + a - PADDING_H;
            let c = j * STRIDE_W + b - PADDING_W;
            if (r < dims.h && c < dims.w) {
              let value = x[image + r * dims.w + c];
              if (chosen < 0 || value > best || !(value == value)) {
                best = value;
                chosen = i32(a * KERNEL_W + b);
              }
            }
          }
        }
        let at = (plane * dims.oh + i) * dims.ow + j;
        #if VALUES
        y[at] = best;
        #end
        #if CODES
        code[at] = chosen;
        #end
      }
    }
  }
}
