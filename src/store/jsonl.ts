/**
 * Append-only logs: one JSON object per line. A crash can leave at most a half-written last line, which the reader reports
 * and the writer cuts off before it goes on. A line that ends is a record that was written whole.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';

/** One line of a log. Values are JSON's, and also NaN, the infinities and typed arrays (which are read back as arrays). */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** What a log file holds. */
export interface JsonLines {
  readonly records: Record<string, unknown>[];
  /** The text of a last line that was cut short, which is in no record; undefined if the file ends well. */
  readonly halfWritten: string | undefined;
}

/** JSON has no NaN and no infinity, and a diverged loss must not be read back as null: these strings stand for them. */
const nonFinite = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);
const encodeValue = (_key: string, value: unknown): unknown => {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (ArrayBuffer.isView(value) && Symbol.iterator in value)
    return Array.from(value as unknown as Iterable<number>);
  return value;
};
const decodeValue = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? (nonFinite.get(value) ?? value) : value;

/**
 * One record as text: JSON, with strings for NaN and the infinities. On one line, as a line of a log without its end, or
 * indented for a file of its own.
 */
export const stringifyRecord = (record: JsonRecord, indent = 0): string =>
  JSON.stringify(record, encodeValue, indent);

/** The record in a text that `stringifyRecord` gave, or undefined if it holds none. */
export const parseRecord = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text, decodeValue);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
};

const newline = 0x0a;

/**
 * Reads a log. The strings "NaN", "Infinity" and "-Infinity" come back as numbers. Empty lines are passed over.
 * @throws Error naming file and line if any line but the last is not a JSON object, or if the file cannot be read.
 */
export const readJsonLines = async (path: string): Promise<JsonLines> => {
  const lines = new TextDecoder().decode(await readFile(path)).split('\n');
  const records: Record<string, unknown>[] = [];
  for (let k = 0; k < lines.length; k++) {
    const line = lines[k].trim();
    if (line === '') continue;
    const record = parseRecord(line);
    if (record) records.push(record);
    // No proper prefix of a JSON object is a JSON object, so a last line that parses is whole even without its newline.
    else if (k === lines.length - 1) return { records, halfWritten: lines[k] };
    else
      throw new Error(
        `readJsonLines: ${path}: line ${k + 1} is not a JSON object: the file is damaged there`,
      );
  }
  return { records, halfWritten: undefined };
};

/** Where the last whole line ends, and what follows it. */
const findTail = async (file: FileHandle): Promise<{ end: number; tail: string }> => {
  const { size } = await file.stat();
  const chunk = 65536;
  let tail = new Uint8Array(0);
  for (let at = size; at > 0; ) {
    const length = Math.min(chunk, at);
    at -= length;
    const piece = new Uint8Array(length);
    await file.read(piece, 0, length, at);
    const joined = new Uint8Array(piece.length + tail.length);
    joined.set(piece);
    joined.set(tail, piece.length);
    const last = joined.lastIndexOf(newline);
    if (last >= 0) return { end: at + last + 1, tail: new TextDecoder().decode(joined.subarray(last + 1)) };
    tail = joined;
  }
  return { end: 0, tail: new TextDecoder().decode(tail) };
};

/** An open log; `append` calls are written in the order in which they were made. */
export class JsonLinesWriter {
  readonly path: string;
  /** The half-written last line that was cut off on opening, if there was one. */
  readonly repaired: string | undefined;
  readonly #file: FileHandle;
  #pending: Promise<void> = Promise.resolve();

  constructor(path: string, file: FileHandle, repaired: string | undefined) {
    this.path = path;
    this.#file = file;
    this.repaired = repaired;
  }

  /**
   * Appends one record as one line.
   * @throws Error (by rejecting) if the record cannot be written, for one because the disk is full; later records still can be.
   */
  async append(record: JsonRecord): Promise<void> {
    const line = new TextEncoder().encode(`${stringifyRecord(record)}\n`);
    const written = this.#pending.then(() => this.#write(line));
    // A failed line is reported to its own caller; it must not fail those after it.
    this.#pending = written.catch(() => {});
    await written;
  }

  /** Waits for the appends that are under way, syncs the file to the disk and closes it. */
  async close(): Promise<void> {
    await this.#pending;
    try {
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  async #write(line: Uint8Array): Promise<void> {
    const { size } = await this.#file.stat();
    try {
      for (let at = 0; at < line.length; ) {
        const { bytesWritten } = await this.#file.write(line, at, line.length - at, size + at);
        at += bytesWritten;
      }
    } catch (error) {
      // Nothing may ever follow a half-written line.
      await this.#file.truncate(size).catch(() => {});
      throw new Error(
        `JsonLinesWriter: ${this.path}: ${(error as Error).message}: the record was not written`,
        {
          cause: error,
        },
      );
    }
  }
}

/**
 * Opens a log for appending, creating it if there is none. A half-written last line is cut off, and kept in `repaired`.
 * One writer at a time: two processes appending to one file are not kept apart.
 * @throws Error if the file cannot be opened.
 */
export const openJsonLines = async (path: string): Promise<JsonLinesWriter> => {
  // 'a' would create the file but cannot write at a position, and 'r+' does not create it.
  await (await open(path, 'a')).close();
  const file = await open(path, 'r+');
  try {
    const { end, tail } = await findTail(file);
    if (tail !== '' && parseRecord(tail) !== undefined) {
      await file.write(Uint8Array.of(newline), 0, 1, (await file.stat()).size);
      return new JsonLinesWriter(path, file, undefined);
    }
    await file.truncate(end);
    return new JsonLinesWriter(path, file, tail === '' ? undefined : tail);
  } catch (error) {
    await file.close();
    throw error;
  }
};
