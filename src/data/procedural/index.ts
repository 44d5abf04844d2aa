/** Procedural inspection tasks: surfaces of products, drawn, with stains and breaks; nothing to download. */
export { type DefectFamily, defectFamilies, type TextureName, textures } from './catalogue.ts';
export { type BreakKind, breakKinds } from './defects.ts';
export { renderSample, type Sample, type SampleOptions } from './render.ts';
export {
  generateTask,
  type ProceduralTask,
  proceduralTasks,
  type TaskLayout,
  type TaskOptions,
  type TaskSample,
  writeTask,
} from './task.ts';
