// Convolution 3x3, stride 1, padding 1, for adapters whose subgroups are SIMD vectors of a processor: no shared memory,
// no barrier, loads of four. Template: see `expand`.
//
//   y[n,o,i,j] = sum over c,u,v of x[n,c, i + u - 1, j + v - 1] * packed[c,u,v,o]
//
// Layouts: x [B*N,C,H,W], packed [B,C,3,3,P], y [B*N,O,H,W], contiguous: B tasks, each with N images and a weight of its
// own; W is a multiple of 4, P is O rounded up to a multiple of 4. With gy for x and packed[o,u,v,c] = w[o,c,2-u,2-v] this
// is the gradient with respect to the input.
// A workgroup is one subgroup. Its lanes hold neighbouring tiles of ROWS x 4 pixels, numbered over a task's images, bands
// of ROWS rows and quads of 4 columns, and compute 8 output channels of them. A lane loads the quads of its tile and takes the
// columns left and right of it from its neighbours. The 72 weights of an input channel lie 4 to a lane and are broadcast.
// Grid: x and y = ceil(N * ceil(H/ROWS) * W/4 / LANES) folded, z = B * ceil(O / 8).
// Constants: LANES (subgroup size), ROWS, EDGES: 0 if LANES is a multiple of W/4, so that rows do not continue in
// another subgroup, else 1; SPLIT: input channels that are summed at a time, whose sums are added up, or 0: all of them.
enable subgroups;

struct Dims { n: u32, c: u32, h: u32, w: u32, o: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> packed: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32) {
  let quads = dims.w / 4;
  let bands = (dims.h + ROWS - 1) / ROWS;
  let tiles = dims.n * bands * quads;
  let own = (group.y * groups.x + group.x) * LANES + lane;
  let tile = min(own, tiles - 1);
  let band = tile / quads;
  let blocks = (dims.o + 7) / 8;
  let task = group.z / blocks;
  let n = task * dims.n + band / bands;
  let quad = tile - band * quads;
  let top = band % bands * ROWS;
  let plane = dims.h * quads;
  let o = group.z % blocks * 8;
  let slots = (dims.o + 3) / 4;

  // Input rows top - 1 + r; those outside the image wrap to numbers that are too large and read as zero.
  #for r in 0..ROWS+2
  let row_$r = top + $r - 1;
  let inside_$r = row_$r < dims.h;
  let start_$r = n * dims.c * plane + row_$r * quads + quad;
  #end
  // What the first and the last lane need of other subgroups: pixel i is left of row i of the first lane's tile, or right of row
  // i - ROWS - 2 of the last one's. They lie one to a lane and are broadcast.
  #let EDGE_LOADS = EDGES*((2*ROWS+4+LANES-1)/LANES)
  #for k in 0..EDGE_LOADS
  let i_edge_$k = $k * LANES + lane;
  var edge_start_$k = 0u;
  var edge_inside_$k = false;
  let edge_column_$k = select(0u, 3u, i_edge_$k < $(ROWS+2));
  #end
  #if EDGES
  #for r in 0..ROWS+2
  let first_$r = subgroupBroadcast(start_$r, 0) - 1;
  let first_inside_$r = subgroupBroadcast(u32(inside_$r), 0) == 1;
  let last_$r = subgroupBroadcast(start_$r, LANES - 1) + 1;
  let last_inside_$r = subgroupBroadcast(u32(inside_$r), LANES - 1) == 1;
  #for k in 0..EDGE_LOADS
  edge_start_$k = select(edge_start_$k, first_$r, i_edge_$k == $r);
  edge_inside_$k = select(edge_inside_$k, first_inside_$r, i_edge_$k == $r);
  edge_start_$k = select(edge_start_$k, last_$r, i_edge_$k == $(r+ROWS+2));
  edge_inside_$k = select(edge_inside_$k, last_inside_$r, i_edge_$k == $(r+ROWS+2));
  #end
  #end
  #end
  // Quad i of the weights of an input channel: tap i/2, channels o + i%2*4 and the next 3. A last half is repeated.
  #let LOADS = (18+LANES-1)/LANES
  #for k in 0..LOADS
  let i_$k = min($k * LANES + lane, 17);
  let slot_$k = task * dims.c * 9 * slots + i_$k / 2 * slots + min(o / 4 + i_$k % 2, slots - 1);
  #end

  #if SPLIT
  #for k in 0..8
  #for r in 0..ROWS
  var total_$k_$r = vec4f();
  #end
  #end
  for (var first = 0u; first < dims.c; first += SPLIT) {
  let end = min(first + SPLIT, dims.c);
  #end
  #if SPLIT < 1
  let first = 0u;
  let end = dims.c;
  #end
  #for k in 0..8
  #for r in 0..ROWS
  var sum_$k_$r = vec4f();
  #end
  #end
  for (var c = first; c < end; c++) {
    #for k in 0..LOADS
    let w_$k = packed[c * 9 * slots + slot_$k];
    #end
    #for r in 0..ROWS+2
    let at_$r = start_$r + c * plane;
    let b_$r = select(vec4f(), x[at_$r], inside_$r);
    var left_$r = subgroupShuffleUp(b_$r.w, 1);
    var right_$r = subgroupShuffleDown(b_$r.x, 1);
    #end
    #if EDGES
    #for k in 0..EDGE_LOADS
    let e_$k = select(0.0, x[edge_start_$k + c * plane][edge_column_$k], edge_inside_$k);
    #end
    #for r in 0..ROWS+2
    left_$r = select(left_$r, subgroupBroadcast(e_$(r/LANES), $(r%LANES)), lane == 0);
    #let i = r+ROWS+2
    right_$r = select(right_$r, subgroupBroadcast(e_$(i/LANES), $(i%LANES)), lane == LANES - 1);
    #end
    #end
    #for r in 0..ROWS+2
    let a_$r = vec4f(select(left_$r, 0.0, quad == 0), b_$r.xyz);
    let c_$r = vec4f(b_$r.yzw, select(right_$r, 0.0, quad == quads - 1));
    #end
    #for k in 0..8
    #for u in 0..3
    #let i = u*6+k/4
    let fa_$k_$u = vec4f(subgroupBroadcast(w_$(i/LANES)[$(k%4)], $(i%LANES)));
    let fb_$k_$u = vec4f(subgroupBroadcast(w_$((i+2)/LANES)[$(k%4)], $((i+2)%LANES)));
    let fc_$k_$u = vec4f(subgroupBroadcast(w_$((i+4)/LANES)[$(k%4)], $((i+4)%LANES)));
    #for r in 0..ROWS
    sum_$k_$r = fma(fa_$k_$u, a_$(r+u), sum_$k_$r);
    #end
    #for r in 0..ROWS
    sum_$k_$r = fma(fb_$k_$u, b_$(r+u), sum_$k_$r);
    #end
    #for r in 0..ROWS
    sum_$k_$r = fma(fc_$k_$u, c_$(r+u), sum_$k_$r);
    #end
    #end
    #end
  }
  #for k in 0..8
  #for r in 0..ROWS
  #if SPLIT
  total_$k_$r += sum_$k_$r;
  #end
  #if SPLIT < 1
  let total_$k_$r = sum_$k_$r;
  #end
  #end
  #end
  #if SPLIT
  }
  #end

  if (own >= tiles) { return; }
  #for k in 0..8
  if (o + $k < dims.o) {
    let image = (n * dims.o + o + $k) * plane + top * quads + quad;
    #for r in 0..ROWS
    if (top + $r < dims.h) { y[image + $r * quads] = total_$k_$r; }
    #end
  }
  #end
}
