// Convolution of stride 1, any extents, symmetric zero padding and (small) kernel size, for adapters whose subgroups are
// SIMD vectors of a processor: no shared memory, no barrier. Template: see `expand`.
//
//   y[n,o,i,j] = sum over c,u,v of x[n,c, i + u - pad, j + v - pad] * packed[c,u,v,o]
//
// Layouts: x [B*N,C,H,W], packed [B,C,KH,KW,P], y [B*N,O,OH,OW], contiguous: B tasks, each with N images and a weight of
// its own; P is O rounded up to a multiple of 4. With gy for x, packed[o,u,v,c] = w[o,c,KH-1-u,KW-1-v] and K-1-pad for pad
// this is the gradient with respect to the input.
// A workgroup is one subgroup and computes a tile of ROWS x COLUMNS pixels of GROUPS * LANES output channels, GROUPS to a lane.
// A lane loads the weights of its channels and a share of the pixels that the tile reads, which are broadcast: so it does not
// matter where rows start in memory. WHOLE says that a tile is as wide as the image: which taps fall left or right of it is
// then known when the text is unrolled, and SPAN neighbouring pixels are loaded at a time if rows are made of such.
// Grid: x and y = N * ceil(OH / ROWS) * ceil(OW / COLUMNS) folded, z = B * ceil(O / (GROUPS * LANES)).
// Constants: LANES (subgroup size), GROUPS (1, 2 or 4), ROWS, COLUMNS, KH, KW, PAD, WHOLE: 1 if COLUMNS is OW, else 0,
// W: of x, used if WHOLE, SPAN: 4, 2 or 1, a divisor of W if WHOLE, else 1, SPLIT: input channels
// that are summed at a time, whose sums are added up, or 0: all of them.
enable subgroups;

struct Dims {
  n: u32, c: u32, h: u32, w: u32,
  o: u32, oh: u32, ow: u32,
}

#if 3 < GROUPS
alias V = vec4f;
#end
#if GROUPS%4/2
alias V = vec2f;
#end
#if GROUPS < 2
alias V = f32;
#end
#if 3 < SPAN
alias S = vec4f;
#end
#if SPAN%4/2
alias S = vec2f;
#end
#if SPAN < 2
alias S = f32;
#end

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<S>;
@group(0) @binding(2) var<storage, read> packed: array<V>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32) {
  #let HEIGHT = ROWS+KH-1
  #let WIDTH = WHOLE*W+(1-WHOLE)*(COLUMNS+KW-1)
  #let BORDER = WHOLE*PAD
  #let LOADS = (HEIGHT*WIDTH/SPAN+LANES-1)/LANES
  let bands = (dims.oh + ROWS - 1) / ROWS;
  let chunks = (dims.ow + COLUMNS - 1) / COLUMNS;
  let tile = group.y * groups.x + group.x;
  if (tile >= dims.n * bands * chunks) { return; }
  let blocks = (dims.o + GROUPS * LANES - 1) / (GROUPS * LANES);
  let task = group.z / blocks;
  let n = task * dims.n + tile / (bands * chunks);
  let top = tile / chunks % bands * ROWS;
  let left = tile % chunks * COLUMNS;
  let o = (group.z % blocks * LANES + lane) * GROUPS;
  let plane = dims.h * dims.w;

  // Span i of those that the tile reads is in row i/(WIDTH/SPAN) and column i%(WIDTH/SPAN) of them. Those outside the image wrap
  // to numbers that are too large and read as zero.
  #for k in 0..LOADS
  let row_$k = top + ($k * LANES + lane) / $(WIDTH/SPAN) - PAD;
  let column_$k = left + ($k * LANES + lane) % $(WIDTH/SPAN) * SPAN - $((1-WHOLE)*PAD);
  let inside_$k = (row_$k < dims.h) & (column_$k < dims.w);
  let from_$k = (n * dims.c * plane + row_$k * dims.w + column_$k) / SPAN;
  #end
  // Lanes past the last output channel repeat it.
  let slots = (dims.o + 3) / 4 * $(4/GROUPS);
  let slot = task * dims.c * $(KH*KW) * slots + min(o / GROUPS, slots - 1);

  #if SPLIT
  #for r in 0..ROWS
  #for j in 0..COLUMNS
  var total_$r_$j = V();
  #end
  #end
  for (var first = 0u; first < dims.c; first += SPLIT) {
  let end = min(first + SPLIT, dims.c);
  #end
  #if SPLIT < 1
  let first = 0u;
  let end = dims.c;
  #end
  #for r in 0..ROWS
  #for j in 0..COLUMNS
  var sum_$r_$j = V();
  #end
  #end
  for (var c = first; c < end; c++) {
    #for t in 0..KH*KW
    let w_$t = packed[slot + (c * $(KH*KW) + $t) * slots];
    #end
    #for k in 0..LOADS
    let x_$k = select(S(), x[from_$k + c * plane / SPAN], inside_$k);
    #end
    #for i in 0..HEIGHT
    #for j in 0..WIDTH
    #let e = (i*WIDTH+j)/SPAN
    #if 1 < SPAN
    let p_$i_$j = V(subgroupBroadcast(x_$(e/LANES)[$(j%SPAN)], $(e%LANES)));
    #end
    #if SPAN < 2
    let p_$i_$j = V(subgroupBroadcast(x_$(e/LANES), $(e%LANES)));
    #end
    #end
    #end
    #for r in 0..ROWS
    #for u in 0..KH
    #for v in 0..KW
    #for j in 0..COLUMNS
    #if BORDER < j+v+1
    #if j+v < WIDTH+BORDER
    sum_$r_$j = fma(w_$(u*KW+v), p_$(r+u)_$(j+v-BORDER), sum_$r_$j);
    #end
    #end
    #end
    #end
    #end
    #end
  }
  #for r in 0..ROWS
  #for j in 0..COLUMNS
  #if SPLIT
  total_$r_$j += sum_$r_$j;
  #end
  #if SPLIT < 1
  let total_$r_$j = sum_$r_$j;
  #end
  #end
  #end
  #if SPLIT
  }
  #end

  #for r in 0..ROWS
  #for j in 0..COLUMNS
  if ((top + $r < dims.oh) & (left + $j < dims.ow)) {
    let to_$r_$j = ((n * dims.o + o) * dims.oh + top + $r) * dims.ow + left + $j;
    #for g in 0..GROUPS
    #if 1 < GROUPS
    if (o + $g < dims.o) { y[to_$r_$j + $g * dims.oh * dims.ow] = total_$r_$j[$g]; }
    #end
    #if GROUPS < 2
    if (o < dims.o) { y[to_$r_$j] = total_$r_$j; }
    #end
    #end
  }
  #end
  #end
}
