import type { Tensor } from '../../graph/index.ts';
import { batchedQueryLosses, type InnerLoop } from '../../meta/index.ts';
import { Random } from '../../random.ts';
import { innerCheck } from '../inner-check.ts';
import { metaSteps } from '../meta-steps.ts';
import type { MetaTraining } from '../study.ts';
import type { Characters } from './data.ts';
import { omniglotEvaluation } from './evaluate.ts';
import { type ClassifierParams, initClassifier, isAdapted, taskLoss } from './networks.ts';
import type { OmniglotMethod, OmniglotSettings } from './settings.ts';
import { divide, drawTask, type TaskImages, taskImages } from './tasks.ts';

/**
 * How the parameters are learned. Under one seed, methods start from the same ones, see the same tasks, and are measured on
 * the same others, of characters that none was trained on.
 */
export function trainOmniglot(
  images: Characters,
  settings: OmniglotSettings,
  method: OmniglotMethod,
  seed: number,
): MetaTraining<ClassifierParams> {
  const { network, way, innerRate, innerSteps, outerRate, tasksPerStep, trainCharacters, testEvery } =
    settings;
  const random = new Random(seed).fork('omniglot');
  const { train, test } = divide(random.fork('characters'), images.count, trainCharacters);
  const tasks = random.fork('tasks');
  const loss = taskLoss(network, way);
  const inner: InnerLoop = {
    rate: innerRate,
    steps: innerSteps,
    order: method === 'second-order' ? 2 : 1,
    adapts: isAdapted,
  };
  const objective = (theta: ClassifierParams, data: TaskImages): Tensor =>
    batchedQueryLosses(loss, theta, data, inner).mean();
  const draw = (iteration: number): TaskImages => {
    const stream = tasks.fork(String(iteration));
    const drawn = Array.from({ length: tasksPerStep }, () => drawTask(stream, train, settings));
    return taskImages(images, drawn, settings);
  };
  return {
    init: () => initClassifier(network, random.fork('init'), way),
    // One plan of several would be too large, and save nothing: the device is busy far longer than the host.
    stepsPerCall: 1,
    advance: metaSteps(objective, outerRate, draw),
    checkInner: innerCheck(loss, inner, draw),
    evaluate: omniglotEvaluation(images, test, settings, random.fork('test')),
    testEvery,
  };
}
