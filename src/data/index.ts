export { type Datasets, datasetsFile, readDatasets, siblingsOf } from './datasets.ts';
export { type Duplicates, findDuplicates, findShared, type Shared } from './duplicates.ts';
export { fileNames } from './file-names.ts';
export { digestSide, type Fingerprint, fingerprints, pixelDigest } from './fingerprint.ts';
export { formatOfName, type ImageFormat } from './format.ts';
export {
  type DecodeOptions,
  decodeImage,
  defaultLimitPixels,
  ImageError,
  type RgbImage,
  readImage,
} from './image.ts';
export {
  defaultNormalisation,
  type FixedNormalisation,
  gather,
  type LoadedTask,
  type LoadOptions,
  loadImageBytes,
  loadTask,
  loadTaskBytes,
  type Normalisation,
  normalise,
  type Progress,
  resizeImages,
} from './loader.ts';
export { loadMask } from './mask.ts';
export { findPictures, type Pictures } from './pictures.ts';
export {
  type BreakKind,
  breakKinds,
  type DefectFamily,
  defectFamilies,
  generateTask,
  type ProceduralTask,
  proceduralTasks,
  renderSample,
  type Sample as RenderedSample,
  type SampleOptions as RenderOptions,
  type TaskLayout,
  type TaskOptions,
  type TaskSample,
  type TextureName,
  textures,
  writeTask,
} from './procedural/index.ts';
export { type Placement, type Registration, registerReference } from './register.ts';
export { resample, resizeToSquare } from './resize.ts';
export {
  batches,
  type Episode,
  type EpisodeOptions,
  pairReferences,
  pickReferences,
  type Shot,
  sampleEpisode,
} from './sampler.ts';
export {
  type Copies,
  parseSplit,
  restoreSplit,
  type Split,
  type SplitOptions,
  type SplitRecord,
  serialiseSplit,
  splitOf,
  splitTask,
  splitValidation,
} from './split.ts';
export { capClasses, chooseShots } from './subset.ts';
export {
  type DiscoverOptions,
  discoverTasks,
  type Label,
  type Layout,
  type Sample,
  type Task,
} from './tasks.ts';
