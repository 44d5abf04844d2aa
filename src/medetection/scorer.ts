import { type Compiled, compile, evaluate } from '../compile/index.ts';
import { type Tensor, tree } from '../graph/index.ts';
import { byStatistics, collecting, type Statistics } from '../nn/index.ts';
import { Random } from '../random.ts';
import { otherReferences, type Pairing, pairs, type TaskImages } from './batch.ts';
import type { ModelConfig } from './config.ts';
import type { FineTuneOptions } from './fine-tune.ts';
import { logits, type ModelParams, type Pairs } from './network.ts';

/** A network ready to judge: parameters and the statistics its normalisations use. */
export interface Detector {
  readonly model: ModelConfig;
  readonly params: ModelParams;
  readonly statistics: Statistics;
}

/** Pairs per forward pass. One size for all passes, so that one plan serves; the last one is filled up. */
export const BATCH = 32;

/** What of a fine-tuning decides how images are judged. */
export type Judging = Pick<FineTuneOptions, 'scales' | 'referenceChoice'>;

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
    const scales = this.#scales(task);
    for (const [i, batch] of batches.entries()) {
      const shown = pairs(task, fill(batch, BATCH), this.#model, scales[i % scales.length]);
      collected.push(await this.#collect(params, shown));
    }
    const mean = (...values: Tensor[]) => values.reduce((a, b) => a.add(b)).div(values.length);
    const means = tree.map(mean, ...(collected as [Statistics, ...Statistics[]]));
    // Computed now, rather than again for every batch that is judged by them.
    return tree.withLeaves(means, await evaluate(tree.leaves(means)));
  }

  /** The sizes in pixels at which images are judged. */
  #scales({ size }: TaskImages): readonly number[] {
    return this.#judging.scales ?? [size];
  }

  /**
   * The score of each image: the mean of its logits against its references, at every scale. Positive means defective.
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
    const pairings = images.flatMap((index, place) => {
      const allowed = otherReferences(index, references);
      // By the image's name, so that it meets the same reference whatever else is judged.
      const { id } = task.samples[index];
      const drawn = () => [allowed[new Random(0).fork(id).int(allowed.length)]];
      const chosen = this.#judging.referenceChoice === 'random' ? drawn() : allowed;
      const scales = this.#scales(task);
      return scales.flatMap((scale) => chosen.map((reference) => ({ index, reference, place, scale })));
    });
    // Batches are of one size; the sort keeps the order within each.
    pairings.sort((a, b) => a.scale - b.scale);
    const sums = new Float64Array(images.length);
    const counts = new Float64Array(images.length);
    for (let i = 0, end = 0; i < pairings.length; i = end) {
      const { scale } = pairings[i];
      while (end < Math.min(pairings.length, i + BATCH) && pairings[end].scale === scale) end++;
      const batch = pairings.slice(i, end);
      const shown = pairs(task, fill(batch, BATCH), this.#model, scale);
      const output = await this.#score(params, statistics, shown);
      const values = await output.data();
      output.dispose();
      batch.forEach(({ place }, j) => {
        sums[place] += values[j];
        counts[place]++;
      });
      onProgress?.(end, pairings.length);
    }
    return Float32Array.from(sums, (s, i) => s / counts[i]);
  }
}

/** A batch of full size: what is missing repeats what is there. */
export const fill = <T>(batch: readonly T[], size: number): T[] =>
  Array.from({ length: size }, (_, i) => batch[i % batch.length]);
