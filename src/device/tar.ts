const BLOCK = 512;

/**
 * The regular files of a tar archive (ustar) by name.
 *
 * @throws Error if the archive is truncated or a header's checksum is wrong
 */
export function readTar(bytes: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break; // The end is marked by empty blocks.
    if (checksum(header) !== octal(header, 148, 8)) throw new Error(`tar: damaged header at byte ${at}`);
    const name = text(header, 0, 100);
    const size = octal(header, 124, 12);
    const content = at + BLOCK;
    if (content + size > bytes.length) throw new Error(`tar: ${name}: truncated (${size} bytes expected)`);
    const type = text(header, 156, 1);
    if (type === '0' || type === '')
      files.set(name.replace(/^\.\//, ''), bytes.subarray(content, content + size));
    at = content + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

/** The sum of a header's bytes, its own checksum field counted as spaces. */
function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 0x20 : byte), 0);
}

function text(header: Uint8Array, from: number, length: number): string {
  const field = header.subarray(from, from + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

const octal = (header: Uint8Array, from: number, length: number) =>
  Number.parseInt(text(header, from, length), 8);
