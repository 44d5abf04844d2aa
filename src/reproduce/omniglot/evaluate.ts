import { compile } from '../../compile/index.ts';
import type { Tensor } from '../../graph/index.ts';
import { adapt } from '../../meta/index.ts';
import type { Random } from '../../random.ts';
import { vmap } from '../../vmap/index.ts';
import { summarise } from '../statistics.ts';
import type { Evaluation } from '../study.ts';
import type { Characters } from './data.ts';
import { type ClassifierParams, classify, isAdapted, taskLoss } from './networks.ts';
import type { OmniglotSettings } from './settings.ts';
import { drawTask, type TaskClass, type TaskImages, taskImages } from './tasks.ts';

/** Tasks adapted to at once. */
const BATCH = 50;

/** The share of images whose greatest logit is that of their class, image i being of class i modulo `way`. */
export function accuracy(logits: ArrayLike<number>, way: number): number {
  const images = logits.length / way;
  let right = 0;
  for (let i = 0; i < images; i++) {
    let best = 0;
    for (let k = 1; k < way; k++) if (logits[i * way + k] > logits[i * way + best]) best = k;
    if (best === i % way) right++;
  }
  return right / images;
}

/** The test tasks, the same ones for all methods and for all parameters from one seed. */
const testTasks = (
  characters: readonly number[],
  settings: OmniglotSettings,
  random: Random,
): TaskClass[][] => Array.from({ length: settings.testTasks }, () => drawTask(random, characters, settings));

/**
 * The accuracy on the query images of test tasks, before adaptation and after each of the inner steps. Query images are
 * normalised together, as in training (the published figures are of this kind, which is called transductive).
 * @param characters to draw from, and `random` to draw by.
 */
export function omniglotEvaluation(
  images: Characters,
  characters: readonly number[],
  settings: OmniglotSettings,
  random: Random,
): (theta: ClassifierParams) => Promise<Evaluation> {
  const { network, way, innerRate, testSteps } = settings;
  const loss = taskLoss(network, way);
  const queryLogits = compile((theta: ClassifierParams, tasks: TaskImages, rate: Tensor) =>
    vmap(({ support, query }: TaskImages) => {
      const inner = { rate, steps: testSteps, adapts: isAdapted };
      const { theta: adapted, steps } = adapt(loss, theta, support, inner);
      return [...steps.map((step) => step.theta), adapted].map((p) => classify(network, p, query));
    })(tasks),
  );
  const tasks = testTasks(characters, settings, random);
  return async (theta) => {
    const accuracies = Array.from({ length: testSteps + 1 }, (): number[] => []);
    for (let first = 0; first < tasks.length; first += BATCH) {
      const batch = tasks.slice(first, first + BATCH);
      const logits = await queryLogits(theta, taskImages(images, batch, settings), innerRate);
      for (const [k, values] of logits.entries()) {
        const all = await values.data();
        const perTask = all.length / batch.length;
        for (let t = 0; t < batch.length; t++)
          accuracies[k].push(accuracy(all.subarray(t * perTask, (t + 1) * perTask), way));
        values.dispose();
      }
    }
    return {
      tasks: tasks.length,
      steps: accuracies.map((values, steps) => ({ steps, ...summarise(values) })),
    };
  };
}
