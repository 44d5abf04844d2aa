// Batched matrix product with general strides, for GPUs. Template: goes before product_tiled.wgsl.
//
//   y[b,m,n] = sum over k of a[b*a_batch + m*a_row + k*a_column] * b[b*b_batch + k*b_row + n*b_column]
//
// Strides count elements. A transposed operand swaps its row and column strides; an operand shared by the whole batch
// has a batch stride of 0. y [BATCH,M,N] is contiguous.

struct Dims {
  batches: u32, m: u32, n: u32, k: u32, row: u32,
  a_batch: u32, a_row: u32, a_column: u32,
  b_batch: u32, b_row: u32, b_column: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

struct Row { at: u32 }
struct Column { at: u32 }
struct Term { a: u32, b: u32, inside: bool }
struct Place { at: u32, inside: bool }

fn terms(batch: u32) -> vec2u { return vec2u(0, dims.k); }

fn row(batch: u32, m: u32) -> Row { return Row(batch * dims.a_batch + m * dims.a_row); }

fn column(batch: u32, n: u32) -> Column { return Column(batch * dims.b_batch + n * dims.b_column); }

fn term(batch: u32, k: u32, last: u32) -> Term { return Term(k * dims.a_column, k * dims.b_row, k < last); }

fn left(row: Row, term: Term) -> f32 { return a[row.at + term.a]; }

fn right(term: Term, column: Column) -> f32 { return b[term.b + column.at]; }

fn meets(term: Term, column: Column) -> bool { return term.inside; }

fn place(batch: u32, n: u32) -> Place { return Place(batch * dims.m * dims.n + n, true); }
