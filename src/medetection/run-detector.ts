import { join, resolve } from 'node:path';
import { parseSplit, restoreSplit } from '../data/index.ts';
import { type Decision, type DecisionRule, type Summary, summary } from '../metrics/index.ts';
import type { TaskImages } from './batch.ts';
import { type FineTuneConfig, hashImages, readConfig, readRunFile, runFiles } from './run.ts';
import { decisionOf, type ScoredImage } from './run-judgement.ts';
import { findTarget, type LoadHooks, loadTasks } from './run-tasks.ts';
import { joinImages, loadDetector, loadReferences } from './run-tensors.ts';
import { type Detector, type Judge, Scorer } from './scorer.ts';

/** A fine-tuned run, ready to judge pictures against its references. */
export class RunDetector {
  readonly folder: string;
  readonly config: FineTuneConfig;
  readonly references: TaskImages;
  readonly detector: Judge;
  readonly #scorer: Scorer;
  /** What is not as it was when the run's pictures were scored. */
  readonly #changed: readonly string[];

  private constructor(
    folder: string,
    config: FineTuneConfig,
    detector: Detector,
    references: TaskImages,
    changed: readonly string[],
  ) {
    this.folder = folder;
    this.config = config;
    this.references = references;
    this.#changed = changed;
    this.detector = { ...detector, judging: config.options };
    this.#scorer = new Scorer(config.model, config.options);
  }

  /**
   * Opens a fine-tuned run.
   * @param references pictures to compare with instead of those stored in the run.
   * @param register lays each reference over its picture even where the run was not trained so.
   * @throws when the folder is no fine-tuned run, or its files are damaged.
   */
  static async open(
    folder: string,
    references?: (size: number) => Promise<TaskImages>,
    register = false,
  ): Promise<RunDetector> {
    const root = resolve(folder);
    const stored = await readConfig(root, 'fine-tune');
    const config = register ? { ...stored, model: { ...stored.model, register } } : stored;
    const detector = await loadDetector(root, config.model);
    const chosen = references
      ? await references(config.model.size)
      : await loadReferences(root, config.model);
    const changed = [
      ...(references ? ['with the references of the run'] : []),
      ...(register && !stored.model.register ? ['without registration'] : []),
    ];
    return new RunDetector(root, config, detector, chosen, changed);
  }

  /**
   * The threshold that it judges by: the run's own, or that of another rule; see `decisionOf`. Its note says so where the scores
   * that it was chosen on are not such as the detector gives now.
   * @throws when the file that it takes is absent or damaged.
   */
  async decision(rule?: DecisionRule): Promise<Decision> {
    const decision = await decisionOf(this.folder, rule);
    if (this.#changed.length === 0 || typeof decision.rule === 'number') return decision;
    const why = `the threshold was chosen on scores ${this.#changed.join(' and ')}, and may not fit those of now: give a number as --threshold, or fine-tune anew`;
    return { ...decision, note: decision.note === undefined ? why : `${decision.note}; ${why}` };
  }

  /**
   * The score of each picture: the mean of its logits over the run's references and scales. Positive means defective.
   * @throws when a score is not finite, naming the picture.
   */
  scores(
    task: TaskImages,
    indices: readonly number[],
    onProgress?: (done: number, total: number) => void,
  ): Promise<Float32Array> {
    const { all, references } = this.withReferences(task);
    return this.#scorer.scores(this.detector, all, indices, references, onProgress);
  }

  /** As {@link scores}, but NaN or infinite where the network computes no finite number. */
  rawScores(task: TaskImages, indices: readonly number[]): Promise<Float32Array> {
    const { all, references } = this.withReferences(task);
    return this.#scorer.rawScores(this.detector, all, indices, references);
  }

  /** Pictures with the run's references after them, and where those are. */
  withReferences(task: TaskImages): { all: TaskImages; references: number[] } {
    const references = this.references.samples.map((_, i) => task.samples.length + i);
    return { all: joinImages(task, this.references), references };
  }
}

export interface Evaluation {
  /** At the threshold 0. */
  readonly test: Summary;
  readonly images: readonly Omit<ScoredImage, 'part'>[];
}

/**
 * Loads the pictures of the test part of a run's split.
 * @param data where the data are now, if they moved.
 * @throws when pictures of the split are gone, have another label, or are not what they were.
 */
export async function loadTestPart(
  { folder, config }: RunDetector,
  data: string | undefined,
  hooks: LoadHooks = {},
): Promise<TaskImages> {
  if (config.enrolled)
    throw new Error(
      `run: ${folder}: it was enrolled from all its photographs, so no test part is left to measure it on; ${runFiles.enrolment} in it says what cross-validation showed. For new pictures of known label, use predict`,
    );
  const bytes = await readRunFile(folder, runFiles.split, 'there is no split; the run is not whole');
  const record = parseSplit(new TextDecoder().decode(bytes), join(folder, runFiles.split));
  if (record.hash !== config.splitHash)
    throw new Error(
      `run: ${join(folder, runFiles.split)}: its hash is ${record.hash}, but the run was made with ${config.splitHash}: restore the file`,
    );
  const { target } = await findTarget(data ?? config.data, config.target);
  const { test } = restoreSplit(record, target);
  const part = { ...target, samples: test };
  const [task] = await loadTasks([part], { size: config.model.size, skipBroken: config.skipBroken }, hooks);
  if (hashImages(task) !== config.testHash)
    throw new Error(
      `run: ${target.root}: the pictures of the test part are not what they were when ${folder} was made: restore them, or fine-tune anew`,
    );
  return task;
}

/**
 * Measures a run's detector on the test part of its split.
 * @param data where the data are now, if they moved.
 * @throws as {@link loadTestPart}.
 */
export async function evaluateRun(
  detector: RunDetector,
  data: string | undefined,
  hooks: LoadHooks & { readonly onScore?: (done: number, total: number) => void } = {},
): Promise<Evaluation> {
  const task = await loadTestPart(detector, data, hooks);
  const indices = task.samples.map((_, i) => i);
  const scores = await detector.scores(task, indices, hooks.onScore);
  const labels = indices.map((i) => task.labels[i]);
  const images = indices.map((i, k) => {
    const { id, label, kind } = task.samples[i];
    return { id, label, kind, score: scores[k] };
  });
  return { test: summary(labels, scores), images };
}
