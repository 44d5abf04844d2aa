// Gradient of a convolution 3x3, stride 1, padding 1, with respect to its weights, for adapters whose subgroups are SIMD
// vectors of a processor: no shared memory, no barrier, loads of four. Template: see `expand`.
//
//   parts[s,o,c,u,v] = sum over n,i,j in part s of gy[n,o,i,j] * x[n,c, i + u - 1, j + v - 1]
//
// The bands of ROWS rows of all images are split in S parts of ceil(N * ceil(H/ROWS) / S), each with a partial sum of its
// own: no atomics, so the result is the same in every run. The gradient is the sum of `parts` over its first axis.
// Layouts: x [N,C,H,W], gy [N,O,H,W], parts [S,O,C,3,3], contiguous; W is a multiple of 4.
// A workgroup is one subgroup and computes the weights of GROUPS * LANES output channels, GROUPS to a lane, and CHANNELS
// input channels. It walks along a band by 4 columns: a lane loads the gy of its output channels and a share of the
// CHANNELS x (ROWS+2) quads of x, which are broadcast; columns left and right of a quad come from its neighbours.
// Grid: (ceil(C / CHANNELS), ceil(O / (GROUPS * LANES)), S).
// Constants: LANES (subgroup size), ROWS, GROUPS, CHANNELS.
enable subgroups;

struct Dims { n: u32, c: u32, h: u32, w: u32, o: u32, s: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> gy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> parts: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let quads = dims.w / 4;
  let plane = dims.h * quads;
  let bands = (dims.h + ROWS - 1) / ROWS;
  let share = (dims.n * bands + dims.s - 1) / dims.s;
  let last = min((group.z + 1) * share, dims.n * bands);
  let o = group.y * GROUPS * LANES + lane;
  let c = group.x * CHANNELS;

  #let LOADS = (CHANNELS*(ROWS+2)+LANES-1)/LANES
  // Quad i of x in a band: channel c + i/(ROWS+2), row i%(ROWS+2) - 1 of the band. Channels past the last repeat it.
  #for k in 0..LOADS
  let channel_$k = min(c + ($k * LANES + lane) / (ROWS + 2), dims.c - 1);
  let offset_$k = ($k * LANES + lane) % (ROWS + 2) - 1;
  #end
  #for g in 0..GROUPS
  let filter_$g = min(o + $g * LANES, dims.o - 1);
  #for k in 0..CHANNELS
  #for t in 0..9
  var sum_$g_$k_$t = 0.0;
  #end
  #end
  #end

  for (var band = group.z * share; band < last; band++) {
    let n = band / bands;
    let top = (band - n * bands) * ROWS;
    // Rows outside the image wrap to numbers that are too large and read as zero.
    #for k in 0..LOADS
    let row_$k = top + offset_$k;
    let at_$k = (n * dims.c + channel_$k) * plane + row_$k * quads;
    var edge_$k = 0.0;
    var next_$k = select(vec4f(), x[at_$k], row_$k < dims.h);
    #end
    #for g in 0..GROUPS
    let from_$g = (n * dims.o + filter_$g) * plane + top * quads;
    #end
    for (var q = 0u; q < quads; q++) {
      #for g in 0..GROUPS
      #for r in 0..ROWS
      let g_$g_$r = select(vec4f(), gy[from_$g + $r * quads + q], top + $r < dims.h);
      #end
      #end
      #for k in 0..LOADS
      let this_$k = next_$k;
      let left_$k = edge_$k;
      edge_$k = this_$k.w;
      next_$k = select(vec4f(), x[at_$k + q + 1], row_$k < dims.h && q + 1 < quads);
      #end
      #for k in 0..CHANNELS
      #for r in 0..ROWS+2
      #let i = k*(ROWS+2)+r
      let p_$k_$r_0 = subgroupBroadcast(left_$(i/LANES), $(i%LANES));
      #for j in 0..4
      let p_$k_$r_$(j+1) = subgroupBroadcast(this_$(i/LANES)[$j], $(i%LANES));
      #end
      let p_$k_$r_5 = subgroupBroadcast(next_$(i/LANES).x, $(i%LANES));
      #end
      #for u in 0..3
      #for r in 0..ROWS
      #for j in 0..4
      #for v in 0..3
      #for g in 0..GROUPS
      sum_$g_$k_$(u*3+v) = fma(g_$g_$r[$j], p_$k_$(r+u)_$(j+v), sum_$g_$k_$(u*3+v));
      #end
      #end
      #end
      #end
      #end
      #end
    }
  }

  #for g in 0..GROUPS
  if (o + $g * LANES < dims.o) {
    #for k in 0..CHANNELS
    if (c + $k < dims.c) {
      let at = ((group.z * dims.o + o + $g * LANES) * dims.c + c + $k) * 9;
      #for t in 0..9
      parts[at + $t] = sum_$g_$k_$t;
      #end
    }
    #end
  }
  #end
}
