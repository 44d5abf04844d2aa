/** The encodings that can be read. */
export type ImageFormat = 'PNG' | 'JPEG' | 'BMP' | 'TIFF';

const extensions: Readonly<Record<string, ImageFormat>> = {
  png: 'PNG',
  jpg: 'JPEG',
  jpeg: 'JPEG',
  bmp: 'BMP',
  tif: 'TIFF',
  tiff: 'TIFF',
};

const startsWith = (bytes: Uint8Array, magic: readonly number[], at = 0): boolean =>
  bytes.length >= at + magic.length && magic.every((byte, i) => bytes[at + i] === byte);

const ascii = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));

/** Encodings that are recognised only to be refused by name. */
const unsupported: readonly (readonly [string, (bytes: Uint8Array) => boolean])[] = [
  ['GIF', (b) => startsWith(b, ascii('GIF8'))],
  ['WebP', (b) => startsWith(b, ascii('RIFF')) && startsWith(b, ascii('WEBP'), 8)],
  [
    'JPEG 2000',
    (b) => startsWith(b, [0, 0, 0, 12, ...ascii('jP')]) || startsWith(b, [0xff, 0x4f, 0xff, 0x51]),
  ],
  ['BigTIFF', (b) => startsWith(b, [0x49, 0x49, 43, 0]) || startsWith(b, [0x4d, 0x4d, 0, 43])],
];

/** The encoding that a file name promises, by its extension in any case; undefined where it promises none. */
export const formatOfName = (name: string): ImageFormat | undefined =>
  extensions[/\.([^./\\]+)$/.exec(name)?.[1].toLowerCase() ?? ''];

/**
 * The encoding of a file's bytes, by its first bytes.
 * @throws Error with the reason (without the file's name) when they belong to none that can be read.
 */
export const formatOfBytes = (bytes: Uint8Array): ImageFormat => {
  if (bytes.length === 0) throw new Error('the file is empty');
  if (startsWith(bytes, [0x89, ...ascii('PNG'), 0x0d, 0x0a, 0x1a, 0x0a])) return 'PNG';
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return 'JPEG';
  if (startsWith(bytes, ascii('BM'))) return 'BMP';
  if (startsWith(bytes, [0x49, 0x49, 42, 0]) || startsWith(bytes, [0x4d, 0x4d, 0, 42])) return 'TIFF';
  const other = unsupported.find(([, matches]) => matches(bytes))?.[0];
  if (other) throw new Error(`${other} cannot be read: convert it to PNG, JPEG, BMP or TIFF`);
  throw new Error('not an image: the content is not PNG, JPEG, BMP or TIFF');
};
