import jpeg from 'jpeg-js';
import { applyOrientation, exifOrientation } from './orientation.ts';
import { checkSize, type RgbImage } from './pixels.ts';

interface Component {
  readonly id: number;
  /** Sampling factors. */
  readonly h: number;
  readonly v: number;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly Component[];
}

interface Structure {
  readonly frame: Frame;
  readonly orientation: number;
  /** Colour transform of the Adobe segment (0 none, 1 YCbCr, 2 YCCK), where there is one. */
  readonly adobe: number | undefined;
}

const startOfImage = 0xd8;
const endOfImage = 0xd9;
const startOfScan = 0xda;
const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7;

/** Start-of-frame markers that name a process which is not decoded: ITU T.81, table B.1. */
const undecodedFrames: Readonly<Record<number, string>> = {
  195: 'lossless',
  197: 'hierarchical',
  198: 'hierarchical',
  199: 'hierarchical',
  201: 'arithmetic coding',
  202: 'arithmetic coding',
  203: 'arithmetic coding',
  205: 'hierarchical',
  206: 'hierarchical',
  207: 'hierarchical',
};

const hasPrefix = (segment: Uint8Array, prefix: string): boolean =>
  segment.length >= prefix.length && Array.from(prefix).every((c, i) => segment[i] === c.charCodeAt(0));

const readFrame = (segment: Uint8Array, limitPixels: number): Frame => {
  const [precision, heightHigh, heightLow, widthHigh, widthLow, count] = segment;
  if (segment.length < 6 || segment.length < 6 + 3 * count)
    throw new Error('damaged JPEG (short frame header)');
  if (precision !== 8) throw new Error(`JPEG with ${precision} bits per sample cannot be read: only 8`);
  const width = widthHigh * 256 + widthLow;
  const height = heightHigh * 256 + heightLow;
  checkSize(width, height, limitPixels);
  const components = Array.from({ length: count }, (_, i) => {
    const [id, factors] = segment.subarray(6 + 3 * i);
    return { id, h: factors >> 4, v: factors & 15 };
  });
  if (components.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4)) {
    throw new Error('damaged JPEG (sampling factors must be 1 to 4)');
  }
  return { width, height, components };
};

/** 8x8 blocks of all components. */
const blocksOf = ({ width, height, components }: Frame): number => {
  const maxH = Math.max(...components.map(({ h }) => h));
  const maxV = Math.max(...components.map(({ v }) => v));
  return components.reduce(
    (sum, { h, v }) => sum + Math.ceil((width * h) / maxH / 8) * Math.ceil((height * v) / maxV / 8),
    0,
  );
};

/**
 * Walks the markers from start to end without decoding. `jpeg-js` reads zeros past the end of a file, and so
 * would turn a truncated one into a grey smear: here it is refused, and so is a header that promises more
 * blocks than its data can hold.
 */
const readStructure = (bytes: Uint8Array, limitPixels: number): Structure => {
  const truncated = (what: string): Error =>
    new Error(`truncated JPEG (${what}; the file ends at byte ${bytes.length})`);
  let frame: Frame | undefined;
  let orientation = 1;
  let adobe: number | undefined;
  let scanBytes = 0;
  const scanned = new Set<number>();

  for (let at = 2; ; ) {
    if (at + 1 >= bytes.length) throw truncated('no end-of-image marker');
    if (bytes[at] !== 0xff) throw new Error(`damaged JPEG (no marker at byte ${at})`);
    const marker = bytes[at + 1];
    at += 1;
    if (marker === 0xff) continue; // fill byte
    at += 1;
    if (marker === endOfImage) break;
    if (marker === startOfImage || marker <= 0x01 || isRestart(marker)) {
      throw new Error(`damaged JPEG (misplaced marker at byte ${at - 2})`);
    }
    if (at + 2 > bytes.length) throw truncated('it stops within a segment');
    const end = at + bytes[at] * 256 + bytes[at + 1];
    if (end > bytes.length) throw truncated(`a segment reaches to byte ${end}`);
    const segment = bytes.subarray(at + 2, end);
    at = end;
    if (undecodedFrames[marker]) throw new Error(`JPEG with ${undecodedFrames[marker]} cannot be read`);
    if (marker >= 0xc0 && marker <= 0xc2) {
      if (frame) throw new Error('damaged JPEG (two frame headers)');
      frame = readFrame(segment, limitPixels);
    } else if (marker === 0xe1 && hasPrefix(segment, 'Exif\0\0')) {
      orientation = exifOrientation(segment.subarray(6));
    } else if (marker === 0xee && hasPrefix(segment, 'Adobe') && segment.length >= 12) {
      adobe = segment[11];
    } else if (marker === startOfScan) {
      if (!frame) throw new Error('damaged JPEG (a scan before the frame header)');
      for (let i = 0; i < segment[0]; i++) scanned.add(segment[1 + 2 * i]);
      // In entropy-coded data 0xff is followed by 0 (a stuffed byte) or a restart marker.
      while (
        at + 1 < bytes.length &&
        !(bytes[at] === 0xff && bytes[at + 1] !== 0 && !isRestart(bytes[at + 1]))
      )
        at++;
      scanBytes += at - end;
    }
  }
  if (!frame) throw new Error('damaged JPEG (no frame header)');
  const missing = frame.components.findIndex(({ id }) => !scanned.has(id));
  if (missing >= 0) throw new Error(`damaged JPEG (no scan holds component ${missing + 1})`);
  // A block takes at least one bit: the shortest Huffman code of its DC difference.
  if (scanBytes * 8 < blocksOf(frame)) {
    throw new Error(
      `damaged JPEG (${frame.width} x ${frame.height} pixels cannot come from ${scanBytes} bytes of data)`,
    );
  }
  return { frame, orientation, adobe };
};

/** Whether three components are RGB as they are: no Adobe transform, or (as libjpeg does) named R, G, B. */
const isPlainRgb = ({ frame, adobe }: Structure): boolean =>
  adobe === undefined
    ? frame.components.map(({ id }) => String.fromCharCode(id)).join('') === 'RGB'
    : adobe === 0;

/**
 * Decodes a JPEG: baseline and progressive; grey, YCbCr with any subsampling, RGB, Adobe CMYK and YCCK (stored
 * inverted; converted without a colour profile). The EXIF orientation is applied.
 * @throws Error with the reason (without the file's name) when it is damaged, truncated or too large.
 */
export const decodeJpeg = (bytes: Uint8Array, limitPixels: number): RgbImage => {
  const structure = readStructure(bytes, limitPixels);
  const count = structure.frame.components.length;
  if (count !== 1 && count !== 3 && count !== 4)
    throw new Error(`JPEG with ${count} components cannot be read`);
  if (count === 4 && structure.adobe === undefined) {
    throw new Error(
      'JPEG with four components and no Adobe segment cannot be read: its colours are not defined',
    );
  }
  let decoded: { width: number; height: number; data: Uint8Array };
  try {
    decoded = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      colorTransform: count === 3 && isPlainRgb(structure) ? false : undefined,
      maxResolutionInMP: limitPixels / 1e6,
      // At most 4 components, each of 4 + 1 + 1 bytes per pixel, and the result.
      maxMemoryUsageInMB: 64 + (27 * limitPixels) / 2 ** 20,
    });
  } catch (error) {
    // The library indexes tables without looking: its own TypeErrors say nothing to a user.
    const contradiction = error instanceof TypeError;
    throw new Error(
      `damaged JPEG (${contradiction ? 'its tables, frame and scans do not fit together' : (error as Error).message})`,
    );
  }
  const { width, height, data } = decoded;
  return applyOrientation({ width, height, data }, structure.orientation);
};
