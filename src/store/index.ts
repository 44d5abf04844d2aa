/** Files that survive a crash: whole-file replacement, append-only logs, named tensors. */
export { writeFileAtomic } from './atomic.ts';
export {
  type JsonLines,
  JsonLinesWriter,
  type JsonRecord,
  openJsonLines,
  parseRecord,
  readJsonLines,
  stringifyRecord,
} from './jsonl.ts';
export {
  type DtypeArrays,
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsFile,
  type StoredDtype,
  type StoredTensor,
} from './safetensors.ts';
