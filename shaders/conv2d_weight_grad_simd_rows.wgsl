// Gradient of a convolution of stride 1 with respect to its weights on narrow maps, any padding and (small) kernel size, for
// adapters whose subgroups are SIMD vectors of a processor: no shared memory, no barrier. Template: see `expand`.
//
//   parts[b,s,o,c,u,v] = sum over n in part s of task b, i and j of gy[n,o,i,j] * x[n,c, i + u - pad, j + v - pad]
//
// A task's N images are split in S parts of ceil(N / S), each with a partial sum of its own: no atomics, so the result is
// the same in every run. The gradient is the sum of `parts` over its second axis.
// Layouts: x [B*N,C,H,W], gy [B*N,O,OH,OW], parts [B,S,O,C,KH,KW], contiguous.
// A workgroup is one subgroup and computes the weights of GROUPS * LANES output channels, GROUPS to a lane, and LANES input
// channels. It walks down an image by whole rows: a lane loads a row of gy of each of its output channels, and the next row
// of x of its input channel, which is broadcast. KH rows of x are kept. Which taps fall left or right of the image is known
// when the text is unrolled.
// Grid: (ceil(C / LANES), ceil(O / (GROUPS * LANES)), B * S).
// Constants: LANES (subgroup size), GROUPS, KH, KW, PAD, W, OW, SPAN: 4, 2 or 1, a divisor of W and OW.
enable subgroups;

struct Dims { n: u32, c: u32, h: u32, o: u32, oh: u32, s: u32 }

#if 3 < SPAN
alias S = vec4f;
#end
#if SPAN%4/2
alias S = vec2f;
#end
#if SPAN < 2
alias S = array<f32, 1>;
#end

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<S>;
@group(0) @binding(2) var<storage, read> gy: array<S>;
@group(0) @binding(3) var<storage, read_write> parts: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let share = (dims.n + dims.s - 1) / dims.s;
  let task = group.z / dims.s * dims.n;
  let first = group.z % dims.s * share;
  let last = min(first + share, dims.n);
  let c = group.x * LANES;
  let o = group.y * GROUPS * LANES + lane;
  // Channels past the last repeat it: they are computed and not stored.
  let channel = min(c + lane, dims.c - 1);
  #for g in 0..GROUPS
  let filter_$g = min(o + $g * LANES, dims.o - 1);
  #for k in 0..LANES
  #for t in 0..KH*KW
  var sum_$g_$k_$t = 0.0;
  #end
  #end
  #end

  for (var image = first; image < last; image++) {
    let n = task + image;
    let start = (n * dims.c + channel) * dims.h * W;
    // Row i of gy needs rows i - PAD to i - PAD + KH - 1 of x. Those outside the image wrap to numbers that are too large and
    // read as zero.
    #for u in 1..KH
    #for j in 0..W
    var x_$u_$j = select(0.0, x[(start + ($(u-1)u - PAD) * W) / SPAN + $(j/SPAN)][$(j%SPAN)], $(u-1)u - PAD < dims.h);
    #end
    #end
    for (var i = 0u; i < dims.oh; i++) {
      #for u in 1..KH
      #for j in 0..W
      let r_$(u-1)_$j = x_$u_$j;
      #end
      #end
      let row = i + $(KH-1) - PAD;
      #for q in 0..W/SPAN
      let l_$q = x[(start + row * W) / SPAN + $q];
      #end
      #for j in 0..W
      let r_$(KH-1)_$j = select(0.0, l_$(j/SPAN)[$(j%SPAN)], row < dims.h);
      #end
      #for u in 1..KH
      #for j in 0..W
      x_$u_$j = r_$u_$j;
      #end
      #end
      #for g in 0..GROUPS
      let from_$g = ((n * dims.o + filter_$g) * dims.oh + i) * OW;
      #for q in 0..OW/SPAN
      let m_$g_$q = gy[from_$g / SPAN + $q];
      #end
      #for j in 0..OW
      let g_$g_$j = m_$g_$(j/SPAN)[$(j%SPAN)];
      #end
      #end
      #for k in 0..LANES
      #for u in 0..KH
      #for j in 0..W
      let p_$k_$u_$j = subgroupBroadcast(r_$u_$j, $k);
      #end
      #for v in 0..KW
      #for g in 0..GROUPS
      #for j in 0..OW
      #if PAD < j+v+1
      #if j+v < W+PAD
      sum_$g_$k_$(u*KW+v) = fma(g_$g_$j, p_$k_$u_$(j+v-PAD), sum_$g_$k_$(u*KW+v));
      #end
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
    #for k in 0..LANES
    if (c + $k < dims.c) {
      let to_$g_$k = ((group.z * dims.o + o + $g * LANES) * dims.c + c + $k) * $(KH*KW);
      #for t in 0..KH*KW
      parts[to_$g_$k + $t] = sum_$g_$k_$t;
      #end
    }
    #end
  }
  #end
}
