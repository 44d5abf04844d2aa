import {
  defaultFineTune,
  defaultMetaTrain,
  defaultModel,
  type FineTuneOptions,
  type MetaTrainOptions,
  type ModelConfig,
} from '../medetection/index.ts';
import type { Result } from './cell.ts';
import type { Request } from './request.ts';

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** What stands above the tables: what was computed, and what of it is not as in the paper. */
export function whatDiffers(request: Request, results: readonly Result[], hasPrinted: boolean): string[] {
  const { settings, targets, seeds, data, tasks, scale, changes } = request;
  const { model, metaTrain, fineTune, fewShot, maxPerClass, targetMaxPerClass } = settings;
  const adapters = [...new Set(results.map(({ adapter }) => adapter))];
  const atMost = (of: string, most: number) =>
    most > 0 ? `, of ${of} at most ${most} pictures of a class` : '';
  const cap = atMost('each learned from', maxPerClass) + atMost('the target', targetMaxPerClass);
  return [
    `data: ${plural(tasks, 'task')} in ${data}${cap}; ${plural(targets.length, 'target')}, ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}. The paper: 30 tasks of MVTec AD, DAGM and its own BC defects`,
    ...datasetNotes(request),
    `network: ${model.size} px, width ${model.width}${others(model, defaultModel, saidOfModel)} (the paper: 256 px, 32)`,
    `meta-training: ${metaTrain.iterations} steps of ${plural(metaTrain.tasksPerStep, 'task')} with ${metaTrain.support} support and ${metaTrain.query} query pairs, ${metaTrain.algorithm}, inner rate ${metaTrain.innerRate}, outer rate ${metaTrain.outerRate}${others(metaTrain, defaultMetaTrain, saidOfMetaTraining)} (the paper: 64 and 20 pairs; its authors' code adapts the linear head only, one task a step)`,
    `fine-tuning: ${schedule(fineTune)}; of ${fewShot.shots} shots ${schedule(fewShot)}. The kept epoch is that of the lowest loss on a validation part of the training part (the authors' code: the best epoch on the test part)`,
    `split: 7 to 3, stratified, by the seed; scores are ${judged(fineTune)}${judged(fewShot) === judged(fineTune) ? '' : `, of few shots ${judged(fewShot)}`}, by statistics of training pictures (the authors' code: a random reference, batch statistics)`,
    `scale ${scale}${changes.length > 0 ? `, changed: ${changes.join(', ')}` : ''}; computed on ${adapters.join('; ') || 'nothing yet'}`,
    ...(hasPrinted
      ? []
      : [
          "the paper's printed figures were not at hand when this was written; --printed FILE puts them beside",
        ]),
  ];
}

/** What is learned from that is of a target's own data set. */
function datasetNotes({ leaveOutDataset, siblings = {} }: Request): string[] {
  if (leaveOutDataset) return ["no task of a target's own data set is learned from"];
  const named = Object.entries(siblings).map(([target, names]) => `${target} (${names.join(', ')})`);
  return named.length === 0
    ? []
    : [
        `learned from although of the target's own data set, so that the target is not all new: ${named.join('; ')}; --leave-out-dataset leaves them out`,
      ];
}

// Attention and the reference branch are what tables are about.
const saidOfModel: readonly (keyof ModelConfig)[] = ['size', 'width', 'attention', 'siamese'];
const saidOfMetaTraining: readonly (keyof MetaTrainOptions)[] = [
  ...(['iterations', 'tasksPerStep', 'support', 'query', 'algorithm', 'innerRate', 'outerRate'] as const),
  // Neither changes what is computed.
  ...(['microBatch', 'memoryBudget'] as const),
];
const saidOfFineTuning: readonly (keyof FineTuneOptions)[] = [
  ...(['epochs', 'batch', 'rate', 'patience', 'shots', 'references', 'referenceChoice'] as const),
  'memoryBudget',
];

const schedule = (options: FineTuneOptions): string =>
  `${plural(options.epochs, 'epoch')}, batch ${options.batch}, rate ${options.rate}${others(options, defaultFineTune, saidOfFineTuning)}`;

const judged = ({ references, referenceChoice }: FineTuneOptions): string =>
  referenceChoice === 'random'
    ? `by one of ${plural(references, 'reference')}, drawn for each picture`
    : references === 1
      ? 'by one fixed reference'
      : `means over ${references} fixed references`;

/** Settings besides those said that are not the defaults, as `, jointNorm true`. */
const others = <T extends object>(settings: T, defaults: T, said: readonly (keyof T)[]): string =>
  (Object.keys(settings) as (keyof T & string)[])
    .filter(
      (name) => !said.includes(name) && JSON.stringify(settings[name]) !== JSON.stringify(defaults[name]),
    )
    .map((name) => `, ${name} ${settings[name]}`)
    .join('');
