// Gradient of a convolution with respect to its input, any stride, symmetric zero padding and kernel size, for GPUs, as
// products of the weights with the windows of gy, which are read in place. Template: goes before product_tiled.wgsl.
//
//   gx[n,c,i,j] = sum over o,u,v of w[o,c,u,v] * gy[n,o, (i + pad - u) / STRIDE, (j + pad - v) / STRIDE],
//   over the terms whose divisions leave no remainder and whose position lies inside gy.
//
// A row i meets every STRIDE-th u only: with i + pad = STRIDE*q + r they are u = STRIDE*a + r, and they meet rows q - a of gy.
// So rows and columns fall into STRIDE phases r each; a phase is a convolution without stride, by kernels [KA,KB].
// Layouts: gy [B*N,O,OH,OW], w [B,O,C,KH,KW], gx [B*N,C,H,W], contiguous: B tasks, each with N images and a weight of its
// own. A task's phase is a product with rows c, columns (n,p,q), [QH,QW] pixels of an image, and terms (o,a,b).
// Constants: KH, KW, STRIDE.

struct Dims {
  batches: u32, m: u32, n: u32, k: u32, row: u32,
  images: u32, qh: u32, qw: u32, h: u32, w: u32, o: u32, oh: u32, ow: u32, pad: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> gy: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

const PHASES = STRIDE * STRIDE;
const KA = (KH + STRIDE - 1) / STRIDE;
const KB = (KW + STRIDE - 1) / STRIDE;

struct Row { at: u32 }
// The element of gy that tap (0,0) of the phase meets, and its row and column.
struct Column { at: u32, bottom: u32, right: u32 }
// A weight and the steps up and left from there to the element that it meets.
struct Term { weight: u32, step: u32, up: u32, back: u32, inside: bool }
struct Place { at: u32, inside: bool }

fn terms(batch: u32) -> vec2u { return vec2u(0, dims.k); }

fn row(batch: u32, m: u32) -> Row {
  return Row((batch / PHASES * dims.o * dims.m + m) * (KH * KW));
}

fn column(batch: u32, n: u32) -> Column {
  let plane = dims.qh * dims.qw;
  let image = batch / PHASES * dims.images + n / plane;
  let bottom = n % plane / dims.qw + dims.pad / STRIDE;
  let right = n % dims.qw + dims.pad / STRIDE;
  return Column((image * dims.o * dims.oh + bottom) * dims.ow + right, bottom, right);
}

// Steps may wrap: what is added to them does so too.
fn term(batch: u32, k: u32, last: u32) -> Term {
  let o = k / (KA * KB);
  let a = k % (KA * KB) / KB;
  let b = k % KB;
  let u = a * STRIDE + batch % PHASES / STRIDE;
  let v = b * STRIDE + batch % STRIDE;
  let weight = (o * dims.m * KH + u) * KW + v;
  let step = (o * dims.oh - a) * dims.ow - b;
  return Term(weight, step, a, b, (k < last) & (u < KH) & (v < KW));
}

fn left(row: Row, term: Term) -> f32 { return w[row.at + term.weight]; }

// Rows and columns outside gy are, or wrap to, numbers that are too large.
fn right(term: Term, column: Column) -> f32 { return gy[column.at + term.step]; }

fn meets(term: Term, column: Column) -> bool {
  return (column.bottom - term.up < dims.oh) & (column.right - term.back < dims.ow) & term.inside;
}

fn place(batch: u32, n: u32) -> Place {
  let plane = dims.qh * dims.qw;
  let image = batch / PHASES * dims.images + n / plane;
  let i = n % plane / dims.qw * STRIDE + batch % PHASES / STRIDE - dims.pad % STRIDE;
  let j = n % dims.qw * STRIDE + batch % STRIDE - dims.pad % STRIDE;
  return Place(image * dims.m * dims.row + i * dims.w + j, (i < dims.h) & (j < dims.w));
}
