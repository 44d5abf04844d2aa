/**
 * A picture: 8-bit RGB, interleaved, rows from the top. Every encoding becomes this one form:
 * grey is repeated in the three channels, palettes are looked up, 16 bits are scaled (65535 -> 255, rounded),
 * one bit becomes 0 or 255, and alpha is dropped (the colour stored in a transparent pixel is kept as it is).
 */
export interface RgbImage {
  /** Columns, in pixels. */
  readonly width: number;
  /** Rows, in pixels. */
  readonly height: number;
  /** width * height * 3 bytes. */
  readonly data: Uint8Array;
}

/** Default limit on a picture's size, in pixels: what is larger is refused before it is decoded. */
export const defaultLimitPixels = 100e6;

/**
 * Checks the size that a header states, before anything is decoded or allocated.
 * @throws Error with the reason when a side is zero or the picture is larger than the limit.
 */
export const checkSize = (width: number, height: number, limitPixels: number): void => {
  if (!(width >= 1 && height >= 1)) {
    throw new Error(`the header says ${width} x ${height} pixels: both sides must be at least 1`);
  }
  if (width * height > limitPixels) {
    const megapixels = (pixels: number): string => `${Number((pixels / 1e6).toPrecision(4))} megapixels`;
    throw new Error(
      `the header says ${width} x ${height} pixels (${megapixels(width * height)}), more than the limit of ${megapixels(limitPixels)}`,
    );
  }
};

/**
 * Unpacks rows of 1, 2, 4 or 8-bit samples (first sample in the highest bits, rows padded to `stride` bytes) to
 * one byte per sample; the values are not scaled.
 */
export const unpackBits = (
  packed: Uint8Array,
  rowSamples: number,
  rows: number,
  depth: number,
  stride = Math.ceil((rowSamples * depth) / 8),
): Uint8Array => {
  const perByte = 8 / depth;
  const mask = 2 ** depth - 1;
  const samples = new Uint8Array(rowSamples * rows);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < rowSamples; x++) {
      const byte = packed[y * stride + Math.floor(x / perByte)];
      samples[y * rowSamples + x] = (byte >> (8 - depth * ((x % perByte) + 1))) & mask;
    }
  }
  return samples;
};

/**
 * RGB from interleaved samples.
 * @param channels samples per pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 or more RGB and others, which are dropped.
 * @param maxValue the sample value that means full intensity (255, 65535, 1 ...), scaled to 255 and rounded.
 */
export const samplesToRgb = (
  width: number,
  height: number,
  samples: ArrayLike<number>,
  channels: number,
  maxValue: number,
): RgbImage => {
  const count = width * height;
  const data = new Uint8Array(count * 3);
  const [green, blue] = channels >= 3 ? [1, 2] : [0, 0];
  const scale = 255 / maxValue;
  for (let i = 0, from = 0, to = 0; i < count; i++, from += channels, to += 3) {
    data[to] = samples[from] * scale + 0.5;
    data[to + 1] = samples[from + green] * scale + 0.5;
    data[to + 2] = samples[from + blue] * scale + 0.5;
  }
  return { width, height, data };
};

/**
 * RGB from palette indices.
 * @param palette 8-bit colours.
 * @throws Error with the reason when an index has no colour.
 */
export const indicesToRgb = (
  width: number,
  height: number,
  indices: ArrayLike<number>,
  palette: readonly (readonly number[])[],
): RgbImage => {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0, to = 0; i < width * height; i++, to += 3) {
    const colour = palette[indices[i]];
    if (!colour) throw new Error(`a pixel has colour ${indices[i]}, but the palette has ${palette.length}`);
    data[to] = colour[0];
    data[to + 1] = colour[1];
    data[to + 2] = colour[2];
  }
  return { width, height, data };
};
