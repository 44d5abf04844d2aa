/**
 * The safetensors format: 8 bytes of little-endian header length N, N bytes of JSON, then the tensors' bytes.
 * The header maps each name to `{ dtype, shape, data_offsets: [begin, end] }`, offsets counted from the end of the header,
 * and `__metadata__` to strings. The bytes of the tensors must fill the rest of the file with no gap and no overlap.
 */
import { duplicateKey } from './json-keys.ts';

/** Array type in memory for each dtype. 64-bit integers become numbers, exact up to 2^53. BOOL is a byte that is 0 or 1. */
export interface DtypeArrays {
  F64: Float64Array;
  F32: Float32Array;
  I64: Float64Array;
  I32: Int32Array;
  I16: Int16Array;
  I8: Int8Array;
  U32: Uint32Array;
  U16: Uint16Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}
export type StoredDtype = keyof DtypeArrays;

/** A tensor as stored: row-major, `data.length` = the product of `shape` (1 for a scalar, `[]`). */
export type StoredTensor = {
  [D in StoredDtype]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: DtypeArrays[D] };
}[StoredDtype];

interface DtypeRule {
  readonly bytes: number;
  /** Array class in memory. */
  readonly array: new (
    length: number,
  ) => StoredTensor['data'];
  /** Array over the bytes of the file, where that is the array in memory; absent where elements are converted. */
  readonly view?: new (
    buffer: ArrayBuffer,
  ) => StoredTensor['data'];
}

const rules: Readonly<Record<StoredDtype, DtypeRule>> = {
  F64: { bytes: 8, array: Float64Array, view: Float64Array },
  F32: { bytes: 4, array: Float32Array, view: Float32Array },
  I64: { bytes: 8, array: Float64Array },
  I32: { bytes: 4, array: Int32Array, view: Int32Array },
  I16: { bytes: 2, array: Int16Array, view: Int16Array },
  I8: { bytes: 1, array: Int8Array, view: Int8Array },
  U32: { bytes: 4, array: Uint32Array, view: Uint32Array },
  U16: { bytes: 2, array: Uint16Array, view: Uint16Array },
  U8: { bytes: 1, array: Uint8Array, view: Uint8Array },
  BOOL: { bytes: 1, array: Uint8Array, view: Uint8Array },
};

const metadataKey = '__metadata__';
/** The reference implementation's limit on the header, in bytes. */
const headerLimit = 100_000_000;
const isDtype = (s: unknown): s is StoredDtype => typeof s === 'string' && Object.hasOwn(rules, s);
const isObject = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
const isCount = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= 0;
const isCountArray = (v: unknown): v is number[] => Array.isArray(v) && v.every(isCount);
const countOf = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);

const toBytes = (tensor: StoredTensor): Uint8Array => {
  const { data } = tensor;
  if (tensor.dtype !== 'I64') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(BigInt64Array.from(tensor.data, BigInt).buffer);
};

const checkForEncoding = (name: string, tensor: StoredTensor): void => {
  const fail = (what: string): never => {
    throw new RangeError(`encodeSafetensors: tensor "${name}": ${what}`);
  };
  if (name === metadataKey) fail('this name is reserved for the metadata: rename the tensor');
  if (!isDtype(tensor.dtype))
    fail(`unknown dtype ${tensor.dtype}: use one of ${Object.keys(rules).join(', ')}`);
  if (!isCountArray(tensor.shape)) fail(`shape [${tensor.shape}] is not a list of sizes`);
  const { array } = rules[tensor.dtype];
  if (!(tensor.data instanceof array)) fail(`data of dtype ${tensor.dtype} must be a ${array.name}`);
  const count = countOf(tensor.shape);
  if (tensor.data.length !== count) {
    fail(`shape [${tensor.shape}] has ${count} elements but data has ${tensor.data.length}`);
  }
  if (tensor.dtype === 'I64') {
    const bad = tensor.data.findIndex((v) => !Number.isSafeInteger(v));
    if (bad >= 0) fail(`element ${bad} is ${tensor.data[bad]}, which is not an exact integer`);
  }
  if (tensor.dtype === 'BOOL') {
    const bad = tensor.data.findIndex((v) => v > 1);
    if (bad >= 0) fail(`element ${bad} is ${tensor.data[bad]}: BOOL holds 0 and 1`);
  }
};

/**
 * Serialises named tensors. The header is padded with spaces so that the data begin at a multiple of 8, and tensors are
 * ordered by falling element size and then by name, so that every one is aligned and equal inputs give equal bytes.
 * @throws RangeError naming the tensor if its data do not fit its shape and dtype, or its name is `__metadata__`.
 */
export const encodeSafetensors = (
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array => {
  const entries = Object.entries(tensors);
  for (const [name, tensor] of entries) checkForEncoding(name, tensor);
  for (const [key, value] of Object.entries(metadata ?? {})) {
    if (typeof value !== 'string') {
      throw new RangeError(
        `encodeSafetensors: metadata "${key}" is a ${typeof value}: the format holds strings only`,
      );
    }
  }
  entries.sort(
    ([a, s], [b, t]) => rules[t.dtype].bytes - rules[s.dtype].bytes || (a < b ? -1 : Number(a > b)),
  );
  const header: [string, unknown][] = metadata ? [[metadataKey, metadata]] : [];
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, tensor] of entries) {
    const begin = end;
    const bytes = toBytes(tensor);
    end += bytes.length;
    parts.push(bytes);
    header.push([name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] }]);
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + headerBytes + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8, 8 + headerBytes);
  file.set(text, 8);
  let at = 8 + headerBytes;
  for (const bytes of parts) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
};

/** What a safetensors file holds. */
export interface SafetensorsFile {
  readonly tensors: Record<string, StoredTensor>;
  readonly metadata: Record<string, string>;
}

interface Entry {
  readonly name: string;
  readonly dtype: StoredDtype;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

type Fail = (what: string) => never;

const readHeader = (
  bytes: Uint8Array,
  fail: Fail,
): { header: Record<string, unknown>; dataStart: number } => {
  if (bytes.length < 8) return fail(`truncated: ${bytes.length} bytes, but the header length alone takes 8`);
  const declared = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (declared > BigInt(headerLimit)) {
    return fail(
      `header length ${declared} is beyond the limit of ${headerLimit}: this is not a safetensors file`,
    );
  }
  const dataStart = 8 + Number(declared);
  if (dataStart > bytes.length) {
    return fail(`truncated: the header should end at byte ${dataStart} but the file has ${bytes.length}`);
  }
  let text: string;
  let header: unknown;
  try {
    // A byte order mark is kept so that JSON.parse refuses it, as the format demands that "{" comes first.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, dataStart));
  } catch {
    return fail('the header is not UTF-8: this is not a safetensors file, or it is damaged');
  }
  try {
    header = JSON.parse(text);
  } catch (error) {
    return fail(`the header is not JSON (${(error as Error).message})`);
  }
  if (!isObject(header) || !text.startsWith('{'))
    return fail('the header is not a JSON object that starts with "{"');
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) return fail(`key "${duplicate}" appears twice in the header`);
  return { header, dataStart };
};

const readMetadata = (value: unknown, fail: Fail): Record<string, string> => {
  if (!isObject(value)) return fail(`${metadataKey} is not an object`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') fail(`${metadataKey} "${key}" is not a string`);
  }
  return value as Record<string, string>;
};

const readEntry = (name: string, value: unknown, dataBytes: number, fail: Fail): Entry => {
  if (!isObject(value)) return fail('its header entry is not an object');
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) {
    return fail(
      `dtype ${JSON.stringify(dtype)} is not supported: convert it to one of ${Object.keys(rules).join(', ')}`,
    );
  }
  if (!isCountArray(shape)) return fail(`shape ${JSON.stringify(shape)} is not a list of sizes`);
  if (!isCountArray(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    return fail(`data_offsets ${JSON.stringify(offsets)} is not [begin, end] with 0 <= begin <= end`);
  }
  const [begin, end] = offsets;
  if (end > dataBytes) {
    return fail(
      `its bytes end at ${end} but the file holds ${dataBytes} bytes of data: truncated, or a bad offset`,
    );
  }
  const needed = countOf(shape) * rules[dtype].bytes;
  if (needed !== end - begin) {
    return fail(`shape [${shape}] of ${dtype} takes ${needed} bytes but data_offsets span ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
};

/** Reads the elements of one tensor out of a copy of its bytes. */
const readData = (dtype: StoredDtype, copy: ArrayBuffer, fail: Fail): StoredTensor['data'] => {
  const { view } = rules[dtype];
  if (view) {
    const data = new view(copy);
    if (dtype === 'BOOL') {
      const bad = (data as Uint8Array).findIndex((v) => v > 1);
      if (bad >= 0) return fail(`element ${bad} is ${data[bad]}: BOOL holds 0 and 1`);
    }
    return data;
  }
  const wide = new BigInt64Array(copy);
  const data = Float64Array.from(wide, Number);
  const bad = data.findIndex((v) => !Number.isSafeInteger(v));
  if (bad >= 0)
    return fail(`element ${bad} is ${wide[bad]}, beyond the integers that a number holds exactly`);
  return data;
};

/**
 * Parses a safetensors file, strictly. The arrays are copies: they do not keep `bytes` alive.
 * @param name what errors call the file, usually its path
 * @throws Error naming file and tensor: truncated, bad header, duplicate names, unsupported dtype, shape and byte range that
 *   differ, ranges that overlap, leave gaps or leave the file, 64-bit integers beyond 2^53.
 */
export const decodeSafetensors = (bytes: Uint8Array, name: string): SafetensorsFile => {
  const fail: Fail = (what) => {
    throw new Error(`decodeSafetensors: ${name}: ${what}`);
  };
  const failAt =
    (tensor: string): Fail =>
    (what) =>
      fail(`tensor "${tensor}": ${what}`);
  const { header, dataStart } = readHeader(bytes, fail);
  const dataBytes = bytes.length - dataStart;
  const metadata = Object.hasOwn(header, metadataKey) ? readMetadata(header[metadataKey], fail) : {};
  const entries = Object.entries(header)
    .filter(([key]) => key !== metadataKey)
    .map(([key, value]) => readEntry(key, value, dataBytes, failAt(key)));
  let covered = 0;
  for (const { name: tensor, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered) failAt(tensor)(`its bytes ${begin} to ${end} overlap those of another tensor`);
    if (begin > covered) failAt(tensor)(`bytes ${covered} to ${begin} before it belong to no tensor`);
    covered = end;
  }
  if (covered !== dataBytes) fail(`the last ${dataBytes - covered} bytes belong to no tensor`);
  const tensors = entries.map(({ name: tensor, dtype, shape, begin, end }): [string, StoredTensor] => {
    const copy = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end)).buffer;
    return [tensor, { dtype, shape, data: readData(dtype, copy, failAt(tensor)) } as StoredTensor];
  });
  return { tensors: Object.fromEntries(tensors), metadata };
};
