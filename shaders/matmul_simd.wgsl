// Batched matrix product for adapters whose subgroups are SIMD vectors of a processor: no shared memory, no barrier,
// loads of four. Template: see `expand`.
//
//   c[b,i,j] = sum over k of A[b,i,k] * B[b,k,j]
//
// Layouts: a holds A as [M,K] rows, or as [K,M] with A_TRANSPOSED; b holds B as [K,N], or as [N,K] with B_TRANSPOSED.
// Rows are contiguous, a_stride and b_stride quads (of 4 elements) apart, matrices a_batch and b_batch quads apart (0: one
// matrix for all). c [BATCH,M,N] is contiguous. M is a multiple of 4 with A_TRANSPOSED, N without B_TRANSPOSED, K unless
// both hold.
// A workgroup is one subgroup and computes ROWS x 4*QUADS*LANES entries of one product, 4*QUADS columns to a lane. Four k
// at a time, a lane loads B for its columns; the values of A lie 4 to a lane and are broadcast.
// Grid: x and y = ceil(N / (4*QUADS*LANES)) * ceil(M / ROWS) * BATCH folded; columns first, then rows.
// Constants: LANES (subgroup size), ROWS (a multiple of 4), QUADS, A_TRANSPOSED and B_TRANSPOSED (0 or 1), REST: 1 if K is
// no multiple of 4, else 0.
enable subgroups;

struct Dims {
  batch: u32, m: u32, n: u32, k: u32,
  a_batch: u32, a_stride: u32,
  b_batch: u32, b_stride: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
#if B_TRANSPOSED
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
#end
#if 1-B_TRANSPOSED
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;
#end

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32) {
  let columns = (dims.n + 4 * QUADS * LANES - 1) / (4 * QUADS * LANES);
  let rows = (dims.m + ROWS - 1) / ROWS;
  let tile = group.y * groups.x + group.x;
  let batch = tile / (rows * columns);
  if (batch >= dims.batch) { return; }
  let row = tile / columns % rows * ROWS;
  let column = tile % columns * 4 * QUADS * LANES;

  // Quad i of A, for k = 0..3. Rows and columns past the last repeat it: they are computed and not stored.
  #let LOADS = (ROWS+LANES-1)/LANES
  #for i in 0..LOADS
  #if A_TRANSPOSED
  let k_$i = ($i * LANES + lane) / (ROWS / 4);
  let at_$i = batch * dims.a_batch + k_$i * dims.a_stride
    + min(row / 4 + ($i * LANES + lane) % (ROWS / 4), dims.m / 4 - 1);
  #end
  #if 1-A_TRANSPOSED
  let at_$i = batch * dims.a_batch + min(row + $i * LANES + lane, dims.m - 1) * dims.a_stride;
  #end
  #end
  #for q in 0..QUADS
  #if B_TRANSPOSED
  #for j in 0..4
  let from_$q_$j = batch * dims.b_batch + min(column + (4 * $q + $j) * LANES + lane, dims.n - 1) * dims.b_stride;
  #end
  #end
  #if 1-B_TRANSPOSED
  let from_$q = batch * dims.b_batch + min(column / 4 + $q * LANES + lane, dims.n / 4 - 1);
  #end
  #end

  #for r in 0..ROWS
  #for q in 0..QUADS
  var sum_$r_$q = vec4f();
  #end
  #end
  for (var k = 0u; k < dims.k; k += 4) {
    #for i in 0..LOADS
    #if A_TRANSPOSED
    #if REST
    let a_$i = select(vec4f(), a[at_$i + k * dims.a_stride], k + k_$i < dims.k);
    #end
    #if 1-REST
    let a_$i = a[at_$i + k * dims.a_stride];
    #end
    #end
    #if 1-A_TRANSPOSED
    let a_$i = a[at_$i + k / 4];
    #end
    #end
    #for q in 0..QUADS
    #if B_TRANSPOSED
    #for j in 0..4
    let t_$q_$j = b[from_$q_$j + k / 4];
    #end
    #for s in 0..4
    let b_$q_$s = vec4f(t_$q_0[$s], t_$q_1[$s], t_$q_2[$s], t_$q_3[$s]);
    #end
    #end
    #if 1-B_TRANSPOSED
    #for s in 0..4
    #if REST
    let b_$q_$s = select(vec4f(), b[from_$q + (k + $s) * dims.b_stride], k + $s < dims.k);
    #end
    #if 1-REST
    let b_$q_$s = b[from_$q + (k + $s) * dims.b_stride];
    #end
    #end
    #end
    #end
    #for r in 0..ROWS
    #for s in 0..4
    #let i = A_TRANSPOSED*(s*(ROWS/4)+r/4)+(1-A_TRANSPOSED)*r
    #let t = A_TRANSPOSED*(r%4)+(1-A_TRANSPOSED)*s
    let f_$r_$s = vec4f(subgroupBroadcast(a_$(i/LANES)[$t], $(i%LANES)));
    #for q in 0..QUADS
    sum_$r_$q = fma(f_$r_$s, b_$q_$s, sum_$r_$q);
    #end
    #end
    #end
  }

  #for r in 0..ROWS
  if (row + $r < dims.m) {
    #for q in 0..QUADS
    #if B_TRANSPOSED
    #for j in 0..4
    let j_$q_$j = column + $(4*q+j) * LANES + lane;
    if (j_$q_$j < dims.n) { c[(batch * dims.m + row + $r) * dims.n + j_$q_$j] = sum_$r_$q[$j]; }
    #end
    #end
    #if 1-B_TRANSPOSED
    let j_$q = column / 4 + $q * LANES + lane;
    if (j_$q < dims.n / 4) { c[(batch * dims.m + row + $r) * (dims.n / 4) + j_$q] = sum_$r_$q; }
    #end
    #end
  }
  #end
}
