import { type Compiled, compile, evaluate } from '../compile/index.ts';
import { type Tensor, tree } from '../graph/index.ts';
import { byStatistics, collecting, type Statistics } from '../nn/index.ts';
import { type Pairing, pairs, type TaskImages } from './batch.ts';
import type { ModelConfig } from './config.ts';
import { BATCH, fill, type Judging, judgedPairs, scalesOf } from './judging.ts';
import { logits, type ModelParams, type Pairs } from './network.ts';

/** A network ready to judge: parameters and the statistics its normalisations use. */
export interface Detector {
  readonly model: ModelConfig;
  readonly params: ModelParams;
  readonly statistics: Statistics;
}

/** A detector, and how it judges images (default: by all references, at the size that they have). */
export interface Judge extends Detector {
  readonly judging?: Judging;
}

/** Compiled forward passes of one model: scoring by fixed statistics, and their collection. */
export class Scorer {
  readonly #score: Compiled<[ModelParams, Statistics, Pairs], Tensor>;
  readonly #collect: Compiled<[ModelParams, Pairs], Statistics>;

  readonly #model: ModelConfig;
  readonly #judging: Judging;

  constructor(model: ModelConfig, judging: Judging = { referenceChoice: 'fixed' }) {
    this.#model = model;
    this.#judging = judging;
    this.#score = compile((params: ModelParams, statistics: Statistics, batch: Pairs) =>
      logits(params, batch, model, { normalise: byStatistics(statistics) }),
    );
    this.#collect = compile((params: ModelParams, batch: Pairs) => {
      const statistics: Record<string, { mean: Tensor; variance: Tensor }> = {};
      logits(params, batch, model, { normalise: collecting(statistics) });
      return statistics;
    });
  }

  /**
   * Statistics for judging: means over batches of training pairs at these parameters. Estimated anew rather than
   * averaged while the parameters move, since a few steps of fine-tuning are too few for a running average.
   */
  async statistics(
    params: ModelParams,
    task: TaskImages,
    batches: readonly (readonly Pairing[])[],
  ): Promise<Statistics> {
    const collected: Statistics[] = [];
    const scales = scalesOf(this.#judging, task);
    // No scale is left out, however few the batches.
    for (let i = 0; i < Math.max(batches.length, scales.length); i++) {
      const batch = fill(batches[i % batches.length], BATCH);
      const shown = pairs(task, batch, this.#model, scales[i % scales.length]);
      collected.push(await this.#collect(params, shown));
    }
    const mean = (...values: Tensor[]) => values.reduce((a, b) => a.add(b)).div(values.length);
    const means = tree.map(mean, ...(collected as [Statistics, ...Statistics[]]));
    // Computed now, rather than again for every batch that is judged by them.
    return tree.withLeaves(means, await evaluate(tree.leaves(means)));
  }

  /**
   * The score of each image: the mean of its logits over its references and scales (see `judgedPairs`). Positive means defective.
   *
   * @param references indices of defect-free images of the task; one that is the image itself is passed over
   * @throws when a score is not finite, naming the image
   */
  async scores(
    detector: Omit<Detector, 'model'>,
    task: TaskImages,
    images: readonly number[],
    references: readonly number[],
    onProgress?: (done: number, total: number) => void,
  ): Promise<Float32Array> {
    const scores = await this.rawScores(detector, task, images, references, onProgress);
    const bad = scores.findIndex((score) => !Number.isFinite(score));
    if (bad >= 0)
      throw new Error(
        `scores: image ${images[bad]} (${task.samples[images[bad]].path}) has the score ${scores[bad]}: the network computes no finite number for it; its training has failed, train again with lower rates`,
      );
    return scores;
  }

  /** As {@link scores}, but NaN or infinite where the network computes no finite number. */
  async rawScores(
    { params, statistics }: Omit<Detector, 'model'>,
    task: TaskImages,
    images: readonly number[],
    references: readonly number[],
    onProgress?: (done: number, total: number) => void,
  ): Promise<Float32Array> {
    const batches = judgedPairs(task, images, references, this.#judging);
    const total = batches.reduce((sum, { length }) => sum + length, 0);
    const sums = new Float64Array(images.length);
    const counts = new Float64Array(images.length);
    let done = 0;
    for (const batch of batches) {
      const shown = pairs(task, fill(batch, BATCH), this.#model, batch[0].scale);
      const output = await this.#score(params, statistics, shown);
      const values = await output.data();
      output.dispose();
      batch.forEach(({ place }, j) => {
        sums[place] += values[j];
        counts[place]++;
      });
      done += batch.length;
      onProgress?.(done, total);
    }
    return Float32Array.from(sums, (s, i) => s / counts[i]);
  }
}
