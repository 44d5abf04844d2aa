import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../../src/store/index.ts';

/** A file with this header text and these data bytes, right or wrong. */
const fileOf = (
  header: string | Uint8Array,
  data: Uint8Array = new Uint8Array(0),
  declared?: bigint,
): Uint8Array => {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, declared ?? BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
};
const entry = (dtype: string, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets });
const headerOf = (tensors: Record<string, unknown>) => JSON.stringify(tensors);

const all: Record<string, StoredTensor> = {
  f64: { dtype: 'F64', shape: [2], data: Float64Array.of(Math.PI, -0) },
  f32: { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1.5, Number.NaN, Infinity, -2) },
  i64: {
    dtype: 'I64',
    shape: [3],
    data: Float64Array.of(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0),
  },
  i32: { dtype: 'I32', shape: [1], data: Int32Array.of(-7) },
  i16: { dtype: 'I16', shape: [1], data: Int16Array.of(-300) },
  i8: { dtype: 'I8', shape: [3], data: Int8Array.of(-1, 0, 1) },
  u32: { dtype: 'U32', shape: [1], data: Uint32Array.of(0xffffffff) },
  u16: { dtype: 'U16', shape: [1], data: Uint16Array.of(65535) },
  'u8 with "quotes" {and} [more]: é': { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) },
  bool: { dtype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) },
  scalar: { dtype: 'F32', shape: [], data: Float32Array.of(3) },
  empty: { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
  __proto__x: { dtype: 'U8', shape: [1], data: Uint8Array.of(9) },
};

const test = suite('safetensors');

test('round trip of every dtype, scalars, empty tensors and metadata', () => {
  const file = decodeSafetensors(encodeSafetensors(all, { step: '3', note: 'é "x"' }), 'a');
  assert.equal(file.metadata, { step: '3', note: 'é "x"' });
  assert.equal(Object.keys(file.tensors).sort(), Object.keys(all).sort());
  for (const [name, { dtype, shape, data }] of Object.entries(all)) {
    const back = file.tensors[name];
    assert.equal([back.dtype, back.shape, back.data.constructor], [dtype, shape, data.constructor], name);
    // Bytes, since NaN and -0 must survive too.
    assert.equal(new Uint8Array(back.data.buffer), new Uint8Array(data.buffer), name);
  }
});

test('a name that objects treat specially is an ordinary tensor name', () => {
  const tensors = Object.fromEntries([
    ['__proto__', { dtype: 'U8', shape: [1], data: Uint8Array.of(5) } as StoredTensor],
  ]);
  const back = decodeSafetensors(encodeSafetensors(tensors), 'a').tensors;
  assert.equal(Object.keys(back), ['__proto__']);
});

test('equal inputs give equal bytes in any order, and every tensor is aligned', () => {
  const bytes = encodeSafetensors(all);
  assert.equal(bytes, encodeSafetensors(Object.fromEntries(Object.entries(all).reverse())));
  const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assert.is(headerBytes % 8, 0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)));
  const size = { F64: 8, I64: 8, F32: 4, I32: 4, U32: 4, I16: 2, U16: 2, I8: 1, U8: 1, BOOL: 1 };
  for (const { dtype, data_offsets } of Object.values<{ dtype: keyof typeof size; data_offsets: number[] }>(
    header,
  )) {
    assert.is(data_offsets[0] % size[dtype], 0);
  }
});

test('no tensors at all is a file', () => {
  assert.equal(decodeSafetensors(encodeSafetensors({}), 'a'), { tensors: {}, metadata: {} });
});

test('bytes at an odd offset of a larger buffer, and tensors at odd offsets, are read', () => {
  const bytes = fileOf(
    headerOf({ a: entry('U8', [1], [0, 1]), b: entry('F32', [1], [1, 5]) }),
    new Uint8Array([7, ...new Uint8Array(Float32Array.of(2.5).buffer)]),
  );
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  const { tensors } = decodeSafetensors(shifted.subarray(3), 'a');
  assert.equal(tensors.a.data, Uint8Array.of(7));
  assert.equal(tensors.b.data, Float32Array.of(2.5));
});

test('decoded arrays are copies', () => {
  const bytes = encodeSafetensors({ a: { dtype: 'U8', shape: [1], data: Uint8Array.of(1) } });
  const { tensors } = decodeSafetensors(bytes, 'a');
  bytes.fill(0);
  assert.is(tensors.a.data[0], 1);
});

test('files written by the reference implementation decode, and encode back to the same tensors', () => {
  for (const name of ['ops', 'maml']) {
    const file = readFileSync(new URL(`../fixtures/oracle/${name}.safetensors`, import.meta.url));
    const { tensors } = decodeSafetensors(file, name);
    assert.ok(Object.keys(tensors).length > 50);
    assert.equal(decodeSafetensors(encodeSafetensors(tensors), name).tensors, tensors);
  }
});

test('every way in which a file can be damaged is refused, naming file and tensor', () => {
  const four = new Uint8Array(4);
  const eight = new Uint8Array(8);
  const good = headerOf({ a: entry('F32', [1], [0, 4]) });
  const unsafe = new Uint8Array(BigInt64Array.of(2n ** 53n).buffer);
  const cases: [string, Uint8Array, RegExp][] = [
    ['shorter than the length', Uint8Array.of(1, 2, 3), /w\.st: truncated: 3 bytes/],
    [
      'header beyond the file',
      fileOf(good, four, 1000n),
      /w\.st: truncated: the header should end at byte 1008/,
    ],
    [
      'absurd header length',
      fileOf(good, four, 2n ** 63n),
      /w\.st: header length 9223372036854775808 is beyond/,
    ],
    [
      'data cut off',
      fileOf(good, new Uint8Array(3)),
      /w\.st: tensor "a": its bytes end at 4 but the file holds 3/,
    ],
    ['not JSON', fileOf('{"a":'), /w\.st: the header is not JSON/],
    [
      'NaN in the header',
      fileOf('{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}', four),
      /the header is not JSON/,
    ],
    ['not UTF-8', fileOf(Uint8Array.of(0x7b, 0xff, 0x7d)), /w\.st: the header is not UTF-8/],
    ['empty header', fileOf(''), /w\.st: the header is not JSON/],
    ['an array', fileOf('[]'), /w\.st: the header is not a JSON object/],
    ['null', fileOf('null'), /w\.st: the header is not a JSON object/],
    ['leading space', fileOf(' {}'), /w\.st: the header is not a JSON object that starts/],
    [
      'name twice',
      fileOf(
        `{"a":${JSON.stringify(entry('F32', [1], [0, 4]))},"a":${JSON.stringify(entry('F32', [1], [4, 8]))}}`,
        eight,
      ),
      /key "a" appears twice/,
    ],
    [
      'escaped name twice',
      fileOf(
        '{"__metadata__":{},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
      ),
      /key "a" appears twice/,
    ],
    [
      'field twice',
      fileOf('{"a":{"dtype":"U8","shape":[4],"shape":[2],"data_offsets":[0,4]}}', four),
      /key "shape" appears twice/,
    ],
    ['entry is a number', fileOf('{"a":1}'), /w\.st: tensor "a": its header entry is not an object/],
    [
      'unknown dtype',
      fileOf(headerOf({ a: entry('F8', [4], [0, 4]) }), four),
      /tensor "a": dtype "F8" is not supported/,
    ],
    [
      'no dtype',
      fileOf(headerOf({ a: { shape: [4], data_offsets: [0, 4] } }), four),
      /tensor "a": dtype undefined/,
    ],
    [
      'inherited dtype',
      fileOf(headerOf({ a: entry('toString', [4], [0, 4]) }), four),
      /dtype "toString" is not supported/,
    ],
    [
      'no shape',
      fileOf(headerOf({ a: { dtype: 'F32', data_offsets: [0, 4] } }), four),
      /tensor "a": shape undefined/,
    ],
    [
      'negative size',
      fileOf(headerOf({ a: entry('U8', [-2, -2], [0, 4]) }), four),
      /tensor "a": shape \[-2,-2\]/,
    ],
    [
      'fractional size',
      fileOf(headerOf({ a: entry('U8', [1.5], [0, 4]) }), four),
      /tensor "a": shape \[1.5\]/,
    ],
    [
      'infinite size',
      fileOf('{"a":{"dtype":"U8","shape":[1e999],"data_offsets":[0,4]}}', four),
      /tensor "a": shape \[null\]/,
    ],
    [
      'overflowing shape',
      fileOf(headerOf({ a: entry('U8', [2 ** 52, 2 ** 52], [0, 4]) }), four),
      /tensor "a": shape .* takes/,
    ],
    [
      'no offsets',
      fileOf(headerOf({ a: { dtype: 'F32', shape: [1] } }), four),
      /tensor "a": data_offsets undefined/,
    ],
    [
      'three offsets',
      fileOf(headerOf({ a: entry('F32', [1], [0, 4, 8]) }), eight),
      /tensor "a": data_offsets \[0,4,8\]/,
    ],
    [
      'offsets reversed',
      fileOf(headerOf({ a: entry('F32', [1], [4, 0]) }), four),
      /tensor "a": data_offsets \[4,0\]/,
    ],
    [
      'negative offset',
      fileOf(headerOf({ a: entry('F32', [1], [-4, 0]) }), four),
      /tensor "a": data_offsets \[-4,0\]/,
    ],
    [
      'end beyond the file',
      fileOf(headerOf({ a: entry('F32', [2], [0, 8]) }), four),
      /tensor "a": its bytes end at 8/,
    ],
    [
      'shape and bytes differ',
      fileOf(headerOf({ a: entry('F32', [2], [0, 4]) }), four),
      /tensor "a": shape \[2\] of F32 takes 8 bytes but data_offsets span 4/,
    ],
    [
      'overlap',
      fileOf(headerOf({ a: entry('F32', [1], [0, 4]), b: entry('F32', [1], [2, 6]) }), new Uint8Array(6)),
      /tensor "b": its bytes 2 to 6 overlap/,
    ],
    [
      'the same bytes twice',
      fileOf(headerOf({ a: entry('F32', [1], [0, 4]), b: entry('F32', [1], [0, 4]) }), four),
      /tensor "b": its bytes 0 to 4 overlap/,
    ],
    [
      'gap',
      fileOf(headerOf({ a: entry('F32', [1], [4, 8]) }), eight),
      /tensor "a": bytes 0 to 4 before it belong to no tensor/,
    ],
    ['trailing bytes', fileOf(good, eight), /w\.st: the last 4 bytes belong to no tensor/],
    ['metadata is a list', fileOf('{"__metadata__":[]}'), /w\.st: __metadata__ is not an object/],
    ['metadata is not text', fileOf('{"__metadata__":{"a":1}}'), /w\.st: __metadata__ "a" is not a string/],
    [
      'integer beyond 2^53',
      fileOf(headerOf({ a: entry('I64', [1], [0, 8]) }), unsafe),
      /tensor "a": element 0 is 9007199254740992/,
    ],
    [
      'BOOL of 2',
      fileOf(headerOf({ a: entry('BOOL', [2], [0, 2]) }), Uint8Array.of(1, 2)),
      /tensor "a": element 1 is 2/,
    ],
  ];
  for (const [what, bytes, pattern] of cases) {
    assert.throws(() => decodeSafetensors(bytes, 'w.st'), pattern, what);
    assert.throws(() => decodeSafetensors(bytes, 'w.st'), /^(Error: )?decodeSafetensors: w\.st: /, what);
  }
});

test('a file cut at any length is refused', () => {
  const bytes = encodeSafetensors(all);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeSafetensors(bytes.subarray(0, length), 'cut.st'), /cut\.st/, `${length} bytes`);
  }
});

test('tensors that cannot be stored as given are refused, naming the tensor', () => {
  const encode = (tensor: unknown, name = 'w') => encodeSafetensors({ [name]: tensor as StoredTensor });
  assert.throws(
    () => encode({ dtype: 'F32', shape: [3], data: new Float32Array(2) }),
    /"w": shape \[3\] has 3 elements but data has 2/,
  );
  assert.throws(
    () => encode({ dtype: 'F32', shape: [2], data: new Float64Array(2) }),
    /"w": data of dtype F32 must be a Float32Array/,
  );
  assert.throws(
    () => encode({ dtype: 'F16', shape: [2], data: new Float32Array(2) }),
    /"w": unknown dtype F16/,
  );
  assert.throws(() => encode({ dtype: 'F32', shape: [-1], data: new Float32Array(1) }), /"w": shape \[-1\]/);
  assert.throws(
    () => encode({ dtype: 'I64', shape: [1], data: Float64Array.of(0.5) }),
    /"w": element 0 is 0.5/,
  );
  assert.throws(() => encode({ dtype: 'BOOL', shape: [1], data: Uint8Array.of(2) }), /"w": element 0 is 2/);
  assert.throws(
    () => encode({ dtype: 'U8', shape: [0], data: new Uint8Array(0) }, '__metadata__'),
    /reserved/,
  );
  assert.throws(() => encodeSafetensors({}, { a: 1 as unknown as string }), /metadata "a" is a number/);
});

test.run();
