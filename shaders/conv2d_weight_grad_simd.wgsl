// Gradient of a convolution of stride 1, any extents, symmetric zero padding and (small) kernel size, with respect to its
// weights, for adapters whose subgroups are SIMD vectors of a processor: no shared memory, no barrier, loads of four.
// Template: see `expand`.
//
//   parts[b,s,o,c,u,v] = sum over n,i,j in part s of task b of gy[n,o,i,j] * x[n,c, i + u - pad, j + v - pad]
//
// The bands of ROWS rows of a task's N images are split in S parts of ceil(N * ceil(OH/ROWS) / S), each with a partial sum
// of its own: no atomics, so the result is the same in every run. The gradient is the sum of `parts` over its second axis.
// Layouts: x [B*N,C,H,W], gy [B*N,O,OH,OW], parts [B,S,O,C,KH,KW], contiguous.
// A workgroup is one subgroup and computes the weights of GROUPS * LANES output channels, GROUPS to a lane, and CHANNELS
// input channels. It walks along a band by 4 columns: a lane loads the gy of its output channels and a share of the
// CHANNELS x (ROWS+KH-1) rows of x, which are broadcast. A row starts anywhere in a quad of memory: each step loads the
// next whole quad and shifts; ALIGNED says that all rows start alike.
// Grid: (ceil(C / CHANNELS), ceil(O / (GROUPS * LANES)), B * S).
// Constants: LANES (subgroup size), ROWS, GROUPS, CHANNELS, KH, KW, ALIGNED: 1 if W and OW are multiples of 4, else 0,
// SHIFT: -pad modulo 4.
enable subgroups;

struct Dims {
  n: u32, c: u32, h: u32, w: u32,
  o: u32, oh: u32, ow: u32, pad: u32, s: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> gy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> parts: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  #let HEIGHT = ROWS+KH-1
  #let WIDTH = 3+KW
  #let LOADS = (CHANNELS*HEIGHT+LANES-1)/LANES
  #let QUADS = (WIDTH+3+ALIGNED*SHIFT+(1-ALIGNED)*3)/4
  let bands = (dims.oh + ROWS - 1) / ROWS;
  let share = (dims.n * bands + dims.s - 1) / dims.s;
  let task = group.z / dims.s * dims.n;
  let first = group.z % dims.s * share;
  let last = min(first + share, dims.n * bands);
  let o = group.y * GROUPS * LANES + lane;
  let c = group.x * CHANNELS;

  // Row i of x in a band: channel c + i/HEIGHT, row i%HEIGHT - pad of the band. Channels past the last repeat it.
  #for k in 0..LOADS
  let channel_$k = min(c + ($k * LANES + lane) / $(HEIGHT), dims.c - 1);
  let offset_$k = ($k * LANES + lane) % $(HEIGHT) - dims.pad;
  #end
  #for g in 0..GROUPS
  let filter_$g = min(o + $g * LANES, dims.o - 1);
  #for k in 0..CHANNELS
  #for t in 0..KH*KW
  var sum_$g_$k_$t = 0.0;
  #end
  #end
  #end

  for (var band = first; band < last; band++) {
    let n = task + band / bands;
    let top = band % bands * ROWS;
    // Rows and columns outside the image wrap to numbers that are too large and read as zero.
    #for k in 0..LOADS
    let row_$k = top + offset_$k;
    let start_$k = ((n * dims.c + channel_$k) * dims.h + row_$k) * dims.w - dims.pad;
    let at_$k = i32(start_$k) >> 2;
    #for q in 0..QUADS-1
    var ahead_$k_$q = x[at_$k + $q];
    #end
    #end
    #for g in 0..GROUPS
    #for r in 0..ROWS
    let from_$g_$r = ((n * dims.o + filter_$g) * dims.oh + top + $r) * dims.ow;
    #if 1-ALIGNED
    var next_$g_$r = gy[from_$g_$r / 4];
    #end
    #end
    #end
    for (var left = 0u; left < dims.ow; left += 4) {
      #for g in 0..GROUPS
      #for r in 0..ROWS
      #if ALIGNED
      let q_$g_$r = gy[(from_$g_$r + left) / 4];
      #for j in 0..4
      let g_$g_$r_$j = select(0.0, q_$g_$r[$j], top + $r < dims.oh);
      #end
      #end
      #if 1-ALIGNED
      let q_$g_$r_0 = next_$g_$r;
      next_$g_$r = gy[(from_$g_$r + left) / 4 + 1];
      let q_$g_$r_1 = next_$g_$r;
      #for j in 0..5
      let h_$g_$r_$j = select(q_$g_$r_$(j/4)[$(j%4)], q_$g_$r_$((j+2)/4)[$((j+2)%4)], (from_$g_$r & 2) != 0);
      #end
      #for j in 0..4
      let g_$g_$r_$j = select(0.0, select(h_$g_$r_$j, h_$g_$r_$(j+1), (from_$g_$r & 1) != 0),
        (top + $r < dims.oh) & (left + $j < dims.ow));
      #end
      #end
      #end
      #end
      #for k in 0..LOADS
      #for q in 0..QUADS-1
      let a_$k_$q = ahead_$k_$q;
      #end
      let a_$k_$(QUADS-1) = x[at_$k + i32(left / 4) + $(QUADS-1)];
      #for q in 0..QUADS-1
      ahead_$k_$q = a_$k_$(q+1);
      #end
      #if ALIGNED
      #for j in 0..WIDTH
      let x_$k_$j = select(0.0, a_$k_$((j+SHIFT)/4)[$((j+SHIFT)%4)],
        (row_$k < dims.h) & (left + $j - dims.pad < dims.w));
      #end
      #end
      #if 1-ALIGNED
      #for j in 0..WIDTH+1
      let b_$k_$j = select(a_$k_$(j/4)[$(j%4)], a_$k_$((j+2)/4)[$((j+2)%4)], (start_$k & 2) != 0);
      #end
      #for j in 0..WIDTH
      let x_$k_$j = select(0.0, select(b_$k_$j, b_$k_$(j+1), (start_$k & 1) != 0),
        (row_$k < dims.h) & (left + $j - dims.pad < dims.w));
      #end
      #end
      #end
      #for k in 0..CHANNELS
      #for i in 0..HEIGHT
      #let slot = k*HEIGHT+i
      #for j in 0..WIDTH
      let p_$k_$i_$j = subgroupBroadcast(x_$(slot/LANES)_$j, $(slot%LANES));
      #end
      #end
      #for u in 0..KH
      #for r in 0..ROWS
      #for j in 0..4
      #for v in 0..KW
      #for g in 0..GROUPS
      sum_$g_$k_$(u*KW+v) = fma(g_$g_$r_$j, p_$k_$(r+u)_$(j+v), sum_$g_$k_$(u*KW+v));
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
      let at = ((group.z * dims.o + o + $g * LANES) * dims.c + c + $k) * $(KH*KW);
      #for t in 0..KH*KW
      parts[at + $t] = sum_$g_$k_$t;
      #end
    }
    #end
  }
  #end
}
