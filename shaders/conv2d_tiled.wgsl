// Convolution (cross-correlation) for GPUs, any stride, symmetric zero padding and kernel size, as the product of the weights
// with the windows of the images, which are read in place. Template: goes before product_tiled.wgsl.
//
//   y[n,o,i,j] = sum over c,u,v of w[o,c,u,v] * x[n,c, i*STRIDE + u - pad, j*STRIDE + v - pad]
//
// Layouts: x [B*N,C,H,W], w [B,O,C,KH,KW], y [B*N,O,OH,OW], contiguous: B tasks, each with N images and a weight of its own.
// A task is a product with rows o, columns (n,i,j) and terms (c,u,v).
// Constants: KH, KW, STRIDE.

struct Dims {
  batches: u32, m: u32, n: u32, k: u32, row: u32,
  images: u32, c: u32, h: u32, w: u32, ow: u32, pad: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

struct Row { at: u32 }
// The window of an output pixel: the element of x where it starts, and that element's row and column.
struct Column { at: u32, top: u32, left: u32 }
// A weight and the step from the start of a window to the element that it meets.
struct Term { weight: u32, step: u32, down: u32, across: u32, inside: bool }
struct Place { at: u32, inside: bool }

fn terms(batch: u32) -> vec2u { return vec2u(0, dims.k); }

fn row(batch: u32, m: u32) -> Row { return Row((batch * dims.m + m) * dims.k); }

// Rows and columns outside the image wrap to numbers that are too large, and so may addresses.
fn column(batch: u32, n: u32) -> Column {
  let image = batch * dims.images + n / dims.row;
  let pixel = n % dims.row;
  let top = pixel / dims.ow * STRIDE - dims.pad;
  let left = pixel % dims.ow * STRIDE - dims.pad;
  return Column((image * dims.c * dims.h + top) * dims.w + left, top, left);
}

fn term(batch: u32, k: u32, last: u32) -> Term {
  let tap = k % (KH * KW);
  let u = tap / KW;
  let v = tap % KW;
  return Term(k, (k / (KH * KW) * dims.h + u) * dims.w + v, u, v, k < last);
}

fn left(row: Row, term: Term) -> f32 { return w[row.at + term.weight]; }

fn right(term: Term, column: Column) -> f32 { return x[column.at + term.step]; }

fn meets(term: Term, column: Column) -> bool {
  return (column.top + term.down < dims.h) & (column.left + term.across < dims.w) & term.inside;
}

fn place(batch: u32, n: u32) -> Place {
  let image = batch * dims.images + n / dims.row;
  return Place(image * dims.m * dims.row + n % dims.row, true);
}
