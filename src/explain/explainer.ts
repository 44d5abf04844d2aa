import { grad } from '../autodiff/index.ts';
import { type Compiled, compile } from '../compile/index.ts';
import { resample } from '../data/index.ts';
import type { Tensor } from '../graph/index.ts';
import {
  BATCH,
  blocksOf,
  type Detector,
  fill,
  imageOf,
  type Judge,
  type JudgedPair,
  judgedPairs,
  type ModelConfig,
  type ModelParams,
  outputs,
  type Pairs,
  pairs,
  picked,
  type TaskImages,
} from '../medetection/index.ts';
import { byStatistics, type Statistics } from '../nn/index.ts';
import { type CamMethod, cams } from './cam.ts';
import { type Shift, shiftPlanes, shiftsBy } from './shifts.ts';

/**
 * Which score is explained: the log-odds of a defect; or the logit of one class alone, which of a network with one logit z is z
 * for `defective` and -z for `normal`.
 */
export const explainedLogits = ['log-odds', 'defective', 'normal'] as const;
export type ExplainedLogit = (typeof explainedLogits)[number];

export interface ExplainOptions {
  /** The block whose features are looked at: one of {@link explainableBlocks}. */
  readonly block: string;
  readonly method: CamMethod;
  readonly logit: ExplainedLogit;
  /**
   * A map is the mean of nine: of the picture and its references moved by so many pixels in each direction, and as they lie, each map
   * moved back. Poolings pass on the largest value of each of their windows alone, so that where the windows lie decides which pixels
   * a single map marks. 0: a single map.
   */
  readonly shift: number;
}

/** How maps are made, whatever they are made of. */
export type MapMethod = Pick<ExplainOptions, 'method' | 'shift'>;

/** In words without a full stop. */
export const mapWords = ({ method, shift }: MapMethod): string =>
  shift === 0 ? method : `${method}, the mean over shifts of the picture by ${shift} px`;

/** What is explained unless told otherwise, at the block {@link defaultBlock}; chosen by masks of a validation part. */
export const defaultExplain: Omit<ExplainOptions, 'block'> = {
  method: 'hires-cam',
  logit: 'log-odds',
  shift: 2,
};

/** The blocks of a network that maps can be made of, in the order in which the features pass them. */
export const explainableBlocks = (model: ModelConfig): string[] => blocksOf(model);

/** The block that is looked at unless told otherwise: the first, whose positions lie closest, so that small defects have some of their own. */
export const defaultBlock = (model: ModelConfig): string => blocksOf(model)[0];

/** A pair whose two pictures are moved before they are looked at. */
type ShiftedPair = JudgedPair & { readonly shift: Shift };

/** Where on its images a detector's score comes from. Compiles one plan for each scale. */
export class Explainer {
  readonly options: ExplainOptions;
  readonly #detector: Judge;
  readonly #maps: Compiled<[ModelParams, Statistics, Pairs], Tensor>;

  /** @throws when the network has no such block (listing those it has), or there is no such method or logit. */
  constructor(detector: Judge, options: Partial<ExplainOptions> = {}) {
    const { model } = detector;
    this.options = checkExplain({ block: defaultBlock(model), ...defaultExplain, ...options }, model);
    this.#detector = detector;
    this.#maps = compile((params: ModelParams, statistics: Statistics, batch: Pairs) =>
      batchMaps({ model, params, statistics }, batch, this.options),
    );
  }

  /**
   * The map of each image [size, size], in the score's unit and so comparable between images: the mean over the shifts, and over the
   * pairs that its score is the mean of (see `judgedPairs`), of the maps [H,W] at the block, resized (bilinear) to the image. Images
   * do not influence each other.
   *
   * @param references indices of defect-free images of the task; one that is the image itself is passed over.
   * @param onProgress told of maps of pairs made, one for each shift.
   * @throws when a value is not finite, naming the image.
   */
  async maps(
    task: TaskImages,
    indices: readonly number[],
    references: readonly number[],
    onProgress?: (done: number, total: number) => void,
  ): Promise<Float32Array[]> {
    const { judging = { referenceChoice: 'fixed' } } = this.#detector;
    const shifts = shiftsBy(this.options.shift);
    const all = judgedPairs(task, indices, references, judging)
      .flat()
      .flatMap((pair) => shifts.map((shift) => ({ ...pair, shift })));
    const sums = indices.map(() => new Float32Array(task.size ** 2));
    const counts = new Float64Array(indices.length);
    let done = 0;
    while (done < all.length) {
      const { scale } = all[done];
      const batch = all.slice(done, done + BATCH).filter((pair) => pair.scale === scale);
      const maps = await this.#batch(task, batch);
      for (const [j, { place }] of batch.entries()) {
        const sum = sums[place];
        maps[j].forEach((value, k) => {
          sum[k] += value;
        });
        counts[place]++;
      }
      done += batch.length;
      onProgress?.(done, all.length);
    }
    return sums.map((sum, place) => {
      if (!sum.every(Number.isFinite))
        throw new Error(
          `explain: image ${indices[place]} (${task.samples[indices[place]].path}) has no finite map at ${this.options.block}: the network's training has failed, train again with lower rates`,
        );
      return sum.map((value) => value / counts[place]);
    });
  }

  /** The maps [size, size] of at most {@link BATCH} pairs of one scale, each moved by its shift and its map back. */
  async #batch(task: TaskImages, batch: readonly ShiftedPair[]): Promise<Float32Array[]> {
    const { model, params, statistics } = this.#detector;
    const { size } = task;
    const pictures = picked(
      task,
      batch.flatMap(({ index, reference }) => [index, reference]),
    );
    for (const [j, { shift }] of batch.entries())
      for (const k of [2 * j, 2 * j + 1]) {
        const picture = imageOf(pictures, k);
        picture.set(shiftPlanes(picture, size, shift));
      }
    const pairings = fill([...batch.keys()], BATCH).map((j) => ({ index: 2 * j, reference: 2 * j + 1 }));
    const output = await this.#maps(params, statistics, pairs(pictures, pairings, model, batch[0].scale));
    const values = (await output.data()) as Float32Array;
    const side = output.shape[1];
    output.dispose();
    return batch.map(({ shift: [x, y] }, j) => {
      const map = values.subarray(j * side * side, (j + 1) * side * side);
      return shiftPlanes(resample(map, side, side, 1, size, size), size, [-x, -y]);
    });
  }
}

/** @throws naming the option, its value and what is allowed. */
export function checkMapMethod({ method, shift }: MapMethod): void {
  known('method', method, Object.keys(cams));
  // Pictures have 32 px and more; what has moved by more than a few is another picture.
  if (!Number.isSafeInteger(shift) || shift < 0 || shift > 8)
    throw new Error(`explain: a shift by ${shift} pixels; it must be an integer of 0 to 8`);
}

function checkExplain(options: ExplainOptions, model: ModelConfig): ExplainOptions {
  checkMapMethod(options);
  known('block', options.block, explainableBlocks(model));
  known('logit', options.logit, explainedLogits);
  return options;
}

function known(name: string, value: string, values: readonly string[]): void {
  if (!values.includes(value))
    throw new Error(`explain: there is no ${name} "${value}"; there are ${values.join(', ')}`);
}

/** The maps [N,H,W] of N pairs at a block, as graph. */
export function batchMaps(
  { model, params, statistics }: Detector,
  batch: Pairs,
  { block, method, logit }: Pick<ExplainOptions, 'block' | 'method' | 'logit'>,
): Tensor {
  let features: Tensor | undefined;
  const scores = outputs(params, batch, model, {
    normalise: byStatistics(statistics),
    tap: (name, x) => {
      if (name === block) features = x;
      return x;
    },
  });
  if (features === undefined) throw new Error(`explain: the network has no block "${block}"`);
  // By fixed statistics no score depends on another image, so the sum's gradient holds that of every score.
  const gradients = grad(explained(scores, logit).sum(), features);
  // The trunk's features are those of the images and then those of the references.
  const images = (x: Tensor) => x.slice([0], [batch.image.shape[0]]);
  return cams[method](images(features), images(gradients));
}

/** The score [N,1] of each pair, from what the head gives: one logit [N,1], or those of normal and defective [N,2]. */
export function explained(output: Tensor, logit: ExplainedLogit): Tensor {
  const [n, classes] = output.shape;
  const of = (k: number) => output.slice([0, k], [n, k + 1]);
  const [normal, defective] = classes === 1 ? [of(0).neg(), of(0)] : [of(0), of(1)];
  if (logit === 'normal') return normal;
  return logit === 'defective' || classes === 1 ? defective : defective.sub(normal);
}
