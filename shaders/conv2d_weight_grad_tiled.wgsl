// Gradient of a convolution with respect to its weights, any stride, symmetric zero padding and kernel size, for GPUs, as
// products of gy with the windows of the images, which are read in place. Template: goes before product_tiled.wgsl.
// The output pixels of a task's images are split in S parts of `share`, each with a partial sum of its own: no atomics, so the
// result is the same in every run. The gradient is the sum of the parts over their second axis.
//
//   parts[b,s,o,c,u,v] = sum over (n,i,j) in part s of task b of gy[n,o,i,j] * x[n,c, i*STRIDE + u - pad, j*STRIDE + v - pad]
//
// Layouts: x [B*N,C,H,W], gy [B*N,O,OH,OW], parts [B,S,O,C,KH,KW], contiguous.
// A part of a task is a product with rows o, columns (c,u,v) and terms (n,i,j).
// Constants: KH, KW, STRIDE.

struct Dims {
  batches: u32, m: u32, n: u32, k: u32, row: u32,
  images: u32, c: u32, h: u32, w: u32, oh: u32, ow: u32, pad: u32, s: u32, share: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gy: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

struct Row { at: u32 }
// The step from the start of a window to the element that meets a weight.
struct Column { step: u32, down: u32, across: u32 }
// An output pixel, and its window: the element of x where it starts, and that element's row and column.
struct Term { pixel: u32, at: u32, top: u32, left: u32, inside: bool }
struct Place { at: u32, inside: bool }

fn terms(batch: u32) -> vec2u {
  let first = batch % dims.s * dims.share;
  return vec2u(first, max(first, min(first + dims.share, dims.k)));
}

fn row(batch: u32, m: u32) -> Row { return Row(m * dims.oh * dims.ow); }

fn column(batch: u32, n: u32) -> Column {
  let u = n % (KH * KW) / KW;
  let v = n % KW;
  return Column((n / (KH * KW) * dims.h + u) * dims.w + v, u, v);
}

// Rows and columns outside the image wrap to numbers that are too large, and so may addresses.
fn term(batch: u32, k: u32, last: u32) -> Term {
  let plane = dims.oh * dims.ow;
  let image = batch / dims.s * dims.images + k / plane;
  let pixel = k % plane;
  let top = pixel / dims.ow * STRIDE - dims.pad;
  let left = pixel % dims.ow * STRIDE - dims.pad;
  let at = (image * dims.c * dims.h + top) * dims.w + left;
  return Term(image * dims.m * plane + pixel, at, top, left, k < last);
}

fn left(row: Row, term: Term) -> f32 { return gy[row.at + term.pixel]; }

fn right(term: Term, column: Column) -> f32 { return x[term.at + column.step]; }

fn meets(term: Term, column: Column) -> bool {
  return (term.top + column.down < dims.h) & (term.left + column.across < dims.w) & term.inside;
}

fn place(batch: u32, n: u32) -> Place { return Place(batch * dims.m * dims.n + n, true); }
