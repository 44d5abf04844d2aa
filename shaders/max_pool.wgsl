// Max pooling and where it found the maximum, in one pass: y[p,i,j] = max over the window of x[p, i*sh+a-ph, j*sw+b-pw], and
// code[p,i,j] = a * kw + b of the first greatest element, or of the last NaN. The margin never wins, NaN always does.
// Template: see `expand`; x is computed while it is read, by the lines put for //{...}.
// x [planes,H,W], y and code [planes,OH,OW]. Grid: one workgroup per EACH planes, a tile of TX x TY outputs at a time.
// Constants: TX, TY, EACH, INPUTS: bindings of x, VALUES and CODES (1 for what is written, else 0), KERNEL_H and so on: the window.
//{declarations}
@group(0) @binding(0) var<uniform> dims: Dims;
//{inputs}
#if VALUES
@group(0) @binding($(1+INPUTS)) var<storage, read_write> y: array<f32>;
#end
#if CODES
@group(0) @binding($(1+INPUTS+VALUES)) var<storage, read_write> code: array<i32>;
#end

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let start = (group.y * groups.x + group.x) * EACH;
  for (var plane = start; plane < min(start + EACH, dims.planes); plane++) {
    let n = plane / dims.channels;
    let c = plane % dims.channels;
    //{plane}
    for (var i = lane.y; i < dims.oh; i += TY) {
      for (var j = lane.x; j < dims.ow; j += TX) {
        // NaN is told by its bits: compilers may take it that no number differs from itself.
        var best = 0f;
        var chosen = -1;
        for (var a = 0u; a < KERNEL_H; a++) {
          for (var b = 0u; b < KERNEL_W; b++) {
            // Rows above and columns left of the image wrap around to huge numbers and fail the test too.
            let r = i * STRIDE_H + a - PADDING_H;
            let c_in = j * STRIDE_W + b - PADDING_W;
            if (r < dims.h && c_in < dims.w) {
              var value: F;
              //{read}
              if (chosen < 0 || value > best || (bitcast<u32>(value) & 0x7fffffff) > 0x7f800000) {
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
