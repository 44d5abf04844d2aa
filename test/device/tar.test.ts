import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readTar } from '../../src/device/tar.ts';
import { says } from '../support/says.ts';

/** A ustar entry, written from the format's description: header block, content, padding to 512 bytes. */
function entry(name: string, content: string, type = '0'): Uint8Array {
  const body = new TextEncoder().encode(content);
  const bytes = new Uint8Array(512 + Math.ceil(body.length / 512) * 512);
  const put = (text: string, at: number) => bytes.set(new TextEncoder().encode(text), at);
  put(name, 0);
  put(body.length.toString(8).padStart(11, '0'), 124);
  put(' '.repeat(8), 148);
  put(type, 156);
  put('ustar', 257);
  const sum = bytes.subarray(0, 512).reduce((a, b) => a + b, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  bytes.set(body, 512);
  return bytes;
}

const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const end = new Uint8Array(1024);

test('reads regular files and skips the rest', () => {
  const files = readTar(
    join(entry('./a.txt', 'alpha'), entry('folder/', '', '5'), entry('b', 'x'.repeat(600)), end),
  );
  assert.equal([...files.keys()], ['a.txt', 'b']);
  assert.is(new TextDecoder().decode(files.get('a.txt')), 'alpha');
  assert.is(files.get('b')?.length, 600);
});

test('a truncated archive is refused', () => {
  const archive = entry('b', 'x'.repeat(600));
  assert.throws(() => readTar(archive.subarray(0, 1024)), says('tar: b: truncated (600 bytes expected)'));
});

test('a damaged header is refused', () => {
  const archive = join(entry('a', 'alpha'), entry('b', 'beta'), end);
  archive[1024] ^= 1;
  assert.throws(() => readTar(archive), says('tar: damaged header at byte 1024'));
});

test.run();
