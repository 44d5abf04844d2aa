import { grad } from '../autodiff/index.ts';
import { compile } from '../compile/index.ts';
import { batches, pairReferences, pickReferences } from '../data/index.ts';
import { type Tensor, tensor, tree } from '../graph/index.ts';
import { type AdamState, adam, initAdam } from '../optim/index.ts';
import type { Random } from '../random.ts';
import { labelledPairs, type Pairing, type TaskImages } from './batch.ts';
import { checkScales, type ModelConfig } from './config.ts';
import type { FineTuneOptions } from './fine-tune.ts';
import { type LabelledPairs, loss, type ModelParams } from './network.ts';
import { drawScale } from './scales.ts';
import { type Detector, Scorer } from './scorer.ts';
import { readMeasures, stepMeasures } from './step-measures.ts';

/** Compiled once for all trainings of a model: the step of Adam, and the passes that judge. */
export class Tuner {
  readonly model: ModelConfig;
  readonly options: FineTuneOptions;
  readonly scorer: Scorer;
  readonly step: ReturnType<typeof compileStep>;

  /** @throws when the model cannot be shown images of the options' scales. */
  constructor(model: ModelConfig, options: FineTuneOptions) {
    checkScales(model, options.scales ?? []);
    this.model = model;
    this.options = options;
    this.scorer = new Scorer(model, options);
    this.step = compileStep(model, options);
  }
}

export interface TuningHooks {
  readonly onStep?: (done: number, total: number, trainLoss: number) => void;
  /** Stops after the step under way. */
  readonly signal?: AbortSignal;
}

/** A network in training by Adam on some images of a task, the normal ones of which are its references. */
export class Tuning {
  /** Indices of the references that images are judged by. */
  readonly references: readonly number[];
  readonly #tuner: Tuner;
  readonly #task: TaskImages;
  readonly #train: readonly number[];
  readonly #normals: readonly number[];
  readonly #random: Random;
  #params: ModelParams;
  #moments: AdamState<ModelParams>;

  /**
   * @param train indices of the images to learn from.
   * @param start where to begin, or to go on from.
   * @param random epoch i draws from `random.fork(i)`, so that training goes on as if it had never stopped.
   * @throws when there are too few normal images among those to learn from.
   */
  constructor(
    tuner: Tuner,
    task: TaskImages,
    train: readonly number[],
    start: { readonly params: ModelParams; readonly adam?: AdamState<ModelParams> },
    random: Random,
  ) {
    this.#normals = train.filter((i) => task.labels[i] === 0);
    if (this.#normals.length === 0)
      throw new Error('fine-tune: the training part has no normal image to serve as a reference');
    const labels = train.map((i) => task.labels[i]);
    this.references = pickReferences(labels, tuner.options.references, random.fork('references')).map(
      (i) => train[i],
    );
    this.#tuner = tuner;
    this.#task = task;
    this.#train = train;
    this.#random = random;
    this.#params = start.params;
    this.#moments = start.adam ?? initAdam(start.params);
  }

  /** Trains an epoch, counted from 1. Returns its mean loss, or undefined when stopped within it. */
  async train(epoch: number, { onStep, signal }: TuningHooks = {}): Promise<number | undefined> {
    const { model, options, step } = this.#tuner;
    const draw = this.#random.fork(`epoch ${epoch}`);
    const size = Math.min(options.batch, this.#train.length);
    const order = [...batches(this.#train.length, size, draw, 'drop')];
    let total = 0;
    for (const [i, batch] of order.entries()) {
      if (signal?.aborted) return undefined;
      const pairings = this.#pairUp(batch, draw.fork(`references ${i}`));
      const scale = drawScale(options, draw.fork(`scale ${i}`));
      const shown = labelledPairs(this.#task, pairings, model, scale);
      const next = await step(this.#params, this.#moments, shown, options.rate);
      const { losses, squaredNorm } = await readMeasures(next.measures, 1);
      for (const [what, value] of [
        ['loss', losses[0]],
        ['squared norm of the gradient', squaredNorm],
      ] as const)
        if (!Number.isFinite(value))
          throw new Error(
            `fine-tune: the ${what} is ${value} at epoch ${epoch}, step ${i + 1}; lower the rate`,
          );
      this.#params = next.params;
      this.#moments = next.adam;
      total += losses[0];
      onStep?.(i + 1, order.length, losses[0]);
    }
    return total / order.length;
  }

  /** The detector of the parameters as they are now, on the device: the next step replaces them. */
  async detector(): Promise<Omit<Detector, 'model'>> {
    const shown = [...batches(this.#train.length, 32, this.#random.fork('statistics'))]
      .slice(0, 8)
      .map((batch, i) => this.#pairUp(batch, this.#random.fork(`statistics ${i}`)));
    const params = this.#params;
    return { params, statistics: await this.#tuner.scorer.statistics(params, this.#task, shown) };
  }

  /** The scores that a detector gives images of the task, against this training's references. */
  scores(detector: Omit<Detector, 'model'>, images: readonly number[]): Promise<Float32Array> {
    return this.#tuner.scorer.scores(detector, this.#task, images, this.references);
  }

  /** A copy of where training stands, on the host: the arrays themselves are donated to the next step. */
  state(): Promise<{ params: ModelParams; adam: AdamState<ModelParams> }> {
    return hostCopy({ params: this.#params, adam: this.#moments });
  }

  /** Pairs images, by their places among those learned from, with references. */
  #pairUp(places: readonly number[], draw: Random): Pairing[] {
    const indices = places.map((place) => this.#train[place]);
    const chosen = pairReferences(indices, this.#normals, draw);
    return indices.map((index, i) => ({ index, reference: chosen[i] }));
  }
}

function compileStep(model: ModelConfig, { beta1, headRate, memoryBudget }: FineTuneOptions) {
  return compile(
    (params: ModelParams, moments: AdamState<ModelParams>, batch: LabelledPairs, rate: Tensor) => {
      const value = loss(model)(params, batch);
      const gradient = grad(value, params);
      const rates = (path: string) => (headRate !== undefined && path.startsWith('head.') ? headRate : rate);
      const next = adam(params, gradient, moments, rates, { beta1 });
      return { params: next.params, adam: next.state, measures: stepMeasures([value], gradient) };
    },
    { donate: [0, 1], memoryBudget: memoryBudget && memoryBudget * 2 ** 20 },
  );
}

/** The same tree with its numbers on the host. */
export async function hostCopy<T extends tree.Tree>(values: T): Promise<T> {
  const copies = await Promise.all(tree.leaves(values).map(async (t) => tensor(await t.data(), t.shape)));
  return tree.withLeaves(values, copies);
}

/** Mean binary cross-entropy of scores (logits) against labels. */
export const crossEntropy = (scores: Float32Array, labels: readonly number[]): number =>
  scores.reduce((sum, z, i) => sum + Math.max(z, 0) - z * labels[i] + Math.log1p(Math.exp(-Math.abs(z))), 0) /
  scores.length;
