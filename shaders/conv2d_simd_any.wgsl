// Convolution of stride 1, any extents, symmetric zero padding and (small) kernel size, for adapters whose subgroups are
// SIMD vectors of a processor: no shared memory, no barrier, loads of four. Slower than conv2d_simd, which need not shift
// rows. Template: see `expand`.
//
//   y[n,o,i,j] = sum over c,u,v of x[n,c, i + u - pad, j + v - pad] * packed[c,u,v,o]
//
// Layouts: x [B*N,C,H,W], packed [B,C,KH,KW,P], y [B*N,O,OH,OW], contiguous: B tasks, each with N images and a weight of
// its own; P is O rounded up to a multiple of 4. With gy for x, packed[o,u,v,c] = w[o,c,KH-1-u,KW-1-v] and K-1-pad for pad
// this is the gradient with respect to the input.
// A workgroup is one subgroup. Its lanes hold tiles of ROWS x 4 pixels, numbered over a task's images, bands of ROWS rows
// and quads of 4 columns, and compute 8 output channels of them. A row of a tile's input starts anywhere in a quad of memory: it is
// loaded as whole quads and shifted. The weights of an input channel lie 4 to a lane and are broadcast.
// Grid: x and y = ceil(N * ceil(OH/ROWS) * ceil(OW/4) / LANES) folded, z = B * ceil(O / 8).
// Constants: LANES (subgroup size), ROWS, KH, KW.
enable subgroups;

struct Dims {
  n: u32, c: u32, h: u32, w: u32,
  o: u32, oh: u32, ow: u32, pad: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> packed: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32) {
  #let TAPS = KH*KW
  #let LOADS = (2*TAPS+LANES-1)/LANES
  #let HEIGHT = ROWS-1+KH
  #let WIDTH = 3+KW
  #let QUADS = (WIDTH+3+3)/4
  let quads = (dims.ow + 3) / 4;
  let bands = (dims.oh + ROWS - 1) / ROWS;
  let tiles = dims.n * bands * quads;
  let own = (group.y * groups.x + group.x) * LANES + lane;
  let tile = min(own, tiles - 1);
  let band = tile / quads;
  let blocks = (dims.o + 7) / 8;
  let task = group.z / blocks;
  let n = task * dims.n + band / bands;
  let left = (tile - band * quads) * 4;
  let top = band % bands * ROWS;
  let o = group.z % blocks * 8;
  let slots = (dims.o + 3) / 4;

  // Rows and columns outside the image wrap to numbers that are too large and read as zero.
  #for j in 0..WIDTH
  let column_$j = left + $j - dims.pad;
  #end
  #for i in 0..HEIGHT
  let row_$i = top + $i - dims.pad;
  let start_$i = (n * dims.c * dims.h + row_$i) * dims.w + column_0;
  #for j in 0..WIDTH
  let inside_$i_$j = (row_$i < dims.h) & (column_$j < dims.w);
  #end
  #end
  // Quad i of the weights of an input channel: tap i/2, channels o + i%2*4 and the next 3. A last half is repeated.
  #for k in 0..LOADS
  let i_$k = min($k * LANES + lane, $(2*TAPS-1));
  let slot_$k = task * dims.c * $(TAPS) * slots + i_$k / 2 * slots + min(o / 4 + i_$k % 2, slots - 1);
  #end

  #for k in 0..8
  #for r in 0..ROWS
  var sum_$k_$r = vec4f();
  #end
  #end
  for (var c = 0u; c < dims.c; c++) {
    #for k in 0..LOADS
    let w_$k = packed[c * $(TAPS) * slots + slot_$k];
    #end
    #for i in 0..HEIGHT
    let at_$i = start_$i + c * dims.h * dims.w;
    #for q in 0..QUADS
    let q_$i_$q = x[(i32(at_$i) >> 2) + $q];
    #end
    let odd_$i = (at_$i & 1) != 0;
    let high_$i = (at_$i & 2) != 0;
    #for j in 0..WIDTH+1
    let h_$i_$j = select(q_$i_$(j/4)[$(j%4)], q_$i_$((j+2)/4)[$((j+2)%4)], high_$i);
    #end
    #for j in 0..WIDTH
    let x_$i_$j = select(0.0, select(h_$i_$j, h_$i_$(j+1), odd_$i), inside_$i_$j);
    #end
    #end
    #for k in 0..8
    #for u in 0..KH
    #for v in 0..KW
    #let t = (u*KW+v)*2+k/4
    let f_$k_$u_$v = vec4f(subgroupBroadcast(w_$(t/LANES)[$(k%4)], $(t%LANES)));
    #for r in 0..ROWS
    #let i = r+u
    sum_$k_$r = fma(f_$k_$u_$v, vec4f(x_$i_$v, x_$i_$(v+1), x_$i_$(v+2), x_$i_$(v+3)), sum_$k_$r);
    #end
    #end
    #end
    #end
  }

  if (own >= tiles) { return; }
  #for k in 0..8
  if (o + $k < dims.o) {
    #for r in 0..ROWS
    if (top + $r < dims.oh) {
      let at = ((n * dims.o + o + $k) * dims.oh + top + $r) * dims.ow + left;
      y[at] = sum_$k_$r.x;
      if (left + 1 < dims.ow) { y[at + 1] = sum_$k_$r.y; }
      if (left + 2 < dims.ow) { y[at + 2] = sum_$k_$r.z; }
      if (left + 3 < dims.ow) { y[at + 3] = sum_$k_$r.w; }
    }
    #end
  }
  #end
}
