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
    `network: ${model.size} px, width ${model.width} (the paper: 256 px, 32)`,
    `meta-training: ${metaTrain.iterations} steps of ${metaTrain.tasksPerStep} tasks with ${metaTrain.support} support and ${metaTrain.query} query pairs, ${metaTrain.algorithm}, inner rate ${metaTrain.innerRate}, outer rate ${metaTrain.outerRate} (the paper: 64 and 20 pairs; its authors' code adapts the linear head only, one task a step)`,
    `fine-tuning: ${fineTune.epochs} epochs, batch ${fineTune.batch}, rate ${fineTune.rate}; of ${fewShot.shots} shots ${fewShot.epochs} epochs, batch ${fewShot.batch}, rate ${fewShot.rate}. The kept epoch is that of the lowest loss on a validation part of the training part (the authors' code: the best epoch on the test part)`,
    `split: 7 to 3, stratified, by the seed; scores are means over ${fineTune.references} fixed references, by statistics of training pictures (the authors' code: a random reference, batch statistics)`,
    `scale ${scale}${changes.length > 0 ? `, changed: ${changes.join(', ')}` : ''}; computed on ${adapters.join('; ') || 'nothing yet'}`,
    ...(hasPrinted
      ? []
      : [
          "the paper's printed figures were not at hand when this was written; --printed FILE puts them beside",
        ]),
  ];
}
