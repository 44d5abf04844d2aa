import { type LoadedTask, loadMask } from '../data/index.ts';
import { type LoadHooks, loadTestPart, type RunDetector } from '../medetection/index.ts';
import { iou, pixelAuroc, pointingGame, pro } from '../metrics/index.ts';
import { Explainer, type ExplainOptions } from './explainer.ts';
import { normaliseMap } from './pictures.ts';

/** How well the maps of some pictures show where their defects are; NaN where there is nothing to measure. */
export interface LocalisationRow {
  /** A defect's type, `all`, or `found`: the defective pictures that the detector calls so. */
  readonly name: string;
  /** Defective pictures, of which each has a mask. */
  readonly pictures: number;
  /** Over the pixels of these pictures and of all normal ones, by maps in the score's unit. */
  readonly pixelAuroc: number;
  readonly pro: number;
  /** Share of the defective pictures whose hottest pixel lies on the defect. */
  readonly pointingGame: number;
  /** The same with {@link pointingMargin} around it. */
  readonly pointingNear: number;
  /** Over the pixels of the defective pictures together, by maps whose largest value is 1 in each. */
  readonly iou: number;
}

export interface LocalisedImage {
  readonly id: string;
  readonly label: number;
  readonly kind: string;
  readonly score: number;
  /** The share of the map's hottest pixels that lies on the defect; null of a normal picture. */
  readonly hit: number | null;
}

export interface LocalisedRun {
  /** How the maps were made. */
  readonly explain: ExplainOptions;
  readonly rows: readonly LocalisationRow[];
  readonly images: readonly LocalisedImage[];
  /** Defective pictures that have no mask; they are not measured. */
  readonly unmasked: readonly string[];
  /** The pictures measured, with the run's references after them; maps and masks [size, size] in the order of `images`. */
  readonly task: LoadedTask<Uint8Array>;
  readonly maps: readonly Float32Array[];
  readonly masks: readonly Uint8Array[];
  /** Where in `task` the references are. */
  readonly references: readonly number[];
}

/** The margin of the pointing game as a share of the side: 15 pixels of about 500, as where the game was introduced. */
export const pointingMargin = 0.03;

/** What a row is measured by, as tables name it. */
export const localisationMeasures: readonly (readonly [
  name: string,
  of: (row: LocalisationRow) => number,
])[] = [
  ['pixel AUROC', (row) => row.pixelAuroc],
  ['PRO', (row) => row.pro],
  ['pointing game', (row) => row.pointingGame],
  [`pointing within ${100 * pointingMargin} %`, (row) => row.pointingNear],
  ['IoU', (row) => row.iou],
];

/** From which part of a map's largest value on IoU calls a pixel defective, unless told otherwise. */
export const defaultIouThreshold = 0.5;

export interface LocaliseRequest {
  /** Where the data are now, if they moved. */
  readonly data?: string;
  readonly explain: Partial<ExplainOptions>;
  /** From which part of a map's largest value on a pixel is called defective, for `iou`. */
  readonly iouThreshold: number;
  /** From which score on a picture is called defective. */
  readonly threshold: number;
}

export interface LocaliseHooks extends LoadHooks {
  readonly onScore?: (done: number, total: number) => void;
  readonly onMap?: (done: number, total: number) => void;
}

/**
 * Measures the maps of a run's detector against the masks of the test part of its split.
 * @throws when no defective picture of the test part has a mask, and as `loadTestPart`.
 */
export async function localiseRun(
  run: RunDetector,
  { data, explain, iouThreshold, threshold }: LocaliseRequest,
  hooks: LocaliseHooks = {},
): Promise<LocalisedRun> {
  const explainer = new Explainer(run.detector, explain);
  const test = await loadTestPart(run, data, hooks);
  const { samples, size } = test;
  const unmasked = samples.filter(({ label, mask }) => label === 1 && mask === undefined).map(({ id }) => id);
  const measured = samples.flatMap(({ label, mask }, i) => (label === 0 || mask ? [i] : []));
  if (!measured.some((i) => samples[i].label === 1))
    throw new Error(
      `localise: ${run.config.target}: no defective picture of the test part has a mask: give a task in the layout of MVTec AD, with ground_truth/<type>/<name>_mask.png`,
    );
  const empty = new Uint8Array(size * size);
  const masks: Uint8Array[] = [];
  for (const i of measured) {
    const { mask } = samples[i];
    masks.push(mask === undefined ? empty : await loadMask(mask, size));
  }
  const scores = await run.scores(test, measured, hooks.onScore);
  const { all: task, references } = run.withReferences(test);
  const maps = await explainer.maps(task, measured, references, hooks.onMap);
  const images = measured.map((i, k): LocalisedImage => {
    const { id, label, kind } = samples[i];
    const hit = masks[k].includes(1) ? pointingGame([maps[k]], [masks[k]]) : null;
    return { id, label, kind, score: scores[k], hit };
  });

  const margin = { pixels: pointingMargin * size, width: size };
  const row = (name: string, belongs: (image: LocalisedImage) => boolean): LocalisationRow => {
    const places = (keep: (image: LocalisedImage) => boolean) =>
      images.flatMap((image, k) => (keep(image) ? [k] : []));
    const defective = places((image) => image.label === 1 && belongs(image));
    if (defective.length === 0)
      return { name, pictures: 0, pixelAuroc: NaN, pro: NaN, pointingGame: NaN, pointingNear: NaN, iou: NaN };
    const all = [...defective, ...places((image) => image.label === 0)];
    const of = <T>(values: readonly T[], at: readonly number[]): T[] => at.map((k) => values[k]);
    const shown = of(maps, defective).map((map) => normaliseMap(map));
    return {
      name,
      pictures: defective.length,
      pixelAuroc: pixelAuroc(of(maps, all), of(masks, all)),
      pro: pro(of(maps, all), of(masks, all), size),
      pointingGame: pointingGame(of(maps, defective), of(masks, defective)),
      pointingNear: pointingGame(of(maps, defective), of(masks, defective), margin),
      iou: iou(shown, of(masks, defective), iouThreshold),
    };
  };
  const kinds = [...new Set(images.filter(({ label }) => label === 1).map(({ kind }) => kind))].sort();
  const rows = [
    ...kinds.map((kind) => row(kind, (image) => image.kind === kind)),
    row('all', () => true),
    row('found', ({ score }) => score >= threshold),
  ];
  return { explain: explainer.options, rows, images, unmasked, task, maps, masks, references };
}
