// Batched matrix product with general strides; runs on every adapter.
//
//   c[b,i,j] = sum over k of a[b*a_batch + i*a_row + k*a_column] * b[b*b_batch + k*b_row + j*b_column]
//
// Strides count elements. A transposed operand swaps its row and column strides; an operand shared by the whole batch
// has a batch stride of 0. c [BATCH,M,N] is contiguous.
// One invocation computes 4 rows, TILE apart, by 4 columns, TILE apart; a workgroup computes 4*TILE x 4*TILE.
// Grid: x and y = ceil(N / (4*TILE)) * ceil(M / (4*TILE)) * BATCH folded; columns first, then rows.

override TILE: u32 = 8;

struct Dims {
  batch: u32, m: u32, n: u32, k: u32,
  a_batch: u32, a_row: u32, a_column: u32,
  b_batch: u32, b_row: u32, b_column: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

fn store(batch: u32, row: u32, column: vec4u, value: vec4f) {
  if (row >= dims.m) { return; }
  for (var k = 0u; k < 4u; k++) {
    if (column[k] < dims.n) { c[(batch * dims.m + row) * dims.n + column[k]] = value[k]; }
  }
}

@compute @workgroup_size(TILE, TILE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u) {
  let steps = vec4u(0u, TILE, 2u * TILE, 3u * TILE);
  let tiles = (vec2u(dims.n, dims.m) + 4u * TILE - 1u) / (4u * TILE);
  let tile = group.y * groups.x + group.x;
  let batch = tile / (tiles.x * tiles.y);
  if (batch >= dims.batch) { return; }
  let row = tile / tiles.x % tiles.y * 4u * TILE + local.y + steps;
  let column = tile % tiles.x * 4u * TILE + local.x + steps;
  // Rows and columns past the last repeat it: they are computed and not stored.
  var at_a = batch * dims.a_batch + min(row, vec4u(dims.m - 1u)) * dims.a_row;
  var at_b = batch * dims.b_batch + min(column, vec4u(dims.n - 1u)) * dims.b_column;

  var c0 = vec4f(); var c1 = vec4f(); var c2 = vec4f(); var c3 = vec4f();
  for (var k = 0u; k < dims.k; k++) {
    let right = vec4f(b[at_b.x], b[at_b.y], b[at_b.z], b[at_b.w]);
    c0 += a[at_a.x] * right;
    c1 += a[at_a.y] * right;
    c2 += a[at_a.z] * right;
    c3 += a[at_a.w] * right;
    at_a += vec4u(dims.a_column);
    at_b += vec4u(dims.b_row);
  }

  store(batch, row.x, column, c0);
  store(batch, row.y, column, c1);
  store(batch, row.z, column, c2);
  store(batch, row.w, column, c3);
}
