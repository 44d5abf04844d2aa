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
  gather,
  type LoadedTask,
  type LoadOptions,
  loadTask,
  loadTaskBytes,
  type Normalisation,
  normalise,
  type Progress,
} from './loader.ts';
export { loadMask } from './mask.ts';
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
  parseSplit,
  restoreSplit,
  type Split,
  type SplitOptions,
  type SplitRecord,
  serialiseSplit,
  splitTask,
  splitValidation,
} from './split.ts';
export {
  type DiscoverOptions,
  discoverTasks,
  type Label,
  type Layout,
  type Sample,
  type Task,
} from './tasks.ts';
