import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { fileNames } from '../data/index.ts';
import {
  bestReference,
  defaultIouThreshold,
  type LocalisedRun,
  localisationMeasures,
  localiseRun,
  mapWords,
  normaliseMap,
  panelOf,
  panelPng,
  pointingMargin,
} from '../explain/index.ts';
import { Interrupted, RunDetector } from '../medetection/index.ts';
import type { DecisionRule } from '../metrics/index.ts';
import { writeFileAtomic } from '../store/index.ts';
import { addCommon, type CommonOptions, outputOf, withDevice } from './common.ts';
import { printDecision, thresholdHelp } from './decision.ts';
import { addMapFlags, type MapOptions, mapOptions } from './explain-flags.ts';
import { decisionRule, fraction } from './flags.ts';
import { shortPath } from './invocation.ts';
import { decimals, table } from './output.ts';
import { type Progress, startProgress } from './progress.ts';
import { loadingUi } from './training.ts';

interface Options extends CommonOptions, MapOptions {
  readonly run: string;
  readonly data?: string;
  readonly out?: string;
  readonly threshold?: DecisionRule;
  readonly iouThreshold: number;
}

export function addLocalise(program: Command): void {
  const command = program
    .command('localise')
    .description('measure heat-maps against the masks of the test part: pixel AUROC, PRO, pointing game, IoU')
    .requiredOption('--run <run>', 'folder of a fine-tuned run on a task with masks')
    .option('--data <dir>', 'where the folder of tasks is now, if it moved')
    .option(
      '--out <dir>',
      'folder for a PNG of each defective picture: itself, reference, difference, heat-map, mask',
    )
    .option(
      '--iou-threshold <part>',
      "part of a map's largest value from which IoU calls a pixel defective",
      fraction,
      defaultIouThreshold,
    )
    .option('--threshold <rule>', thresholdHelp, decisionRule);
  addMapFlags(command);
  addCommon(command).action(async (options: Options) => {
    const output = outputOf(options);
    const { data, iouThreshold } = options;
    await withDevice(options, output, async (signal) => {
      const run = await RunDetector.open(options.run, undefined, options.register);
      const decision = await run.decision(options.threshold);
      const loading = loadingUi(output);
      let bar: Progress | undefined;
      const during = (label: string) => {
        let own: Progress | undefined;
        return (done: number, total: number) => {
          if (signal.aborted) throw new Interrupted('stopped while measuring');
          if (own === undefined) {
            bar?.stop();
            own = bar = startProgress(label, 'pair', total);
          }
          own.update(done);
        };
      };
      const localised = await localiseRun(
        run,
        { data, explain: mapOptions(options), iouThreshold, threshold: decision.threshold },
        { ...loading, signal, onScore: during('scoring'), onMap: during('explaining') },
      ).finally(() => {
        loading.finish();
        bar?.stop();
      });
      const { register } = run.config.model;
      const { explain, rows, images, unmasked } = localised;
      if (unmasked.length > 0)
        output.warn(
          `${unmasked.length} defective pictures have no mask and are not measured, the first is ${unmasked[0]}`,
        );
      if (options.out) await writePanels(localised, options.out, register);
      output.record({
        run: run.folder,
        ...explain,
        register,
        decision,
        iouThreshold,
        rows,
        images,
        unmasked,
      });
      output.print(
        `${run.config.target}: ${mapWords(explain)}, at ${explain.block}, ${images.length} pictures of the test part, detector ${shortPath(run.folder)}`,
      );
      output.print();
      output.print(
        table([
          ['defect', 'pictures', ...localisationMeasures.map(([name]) => name)],
          ...rows.map((row) => [
            row.name,
            String(row.pictures),
            ...localisationMeasures.map(([, of]) => decimals(of(row))),
          ]),
        ]),
      );
      output.print();
      output.print('found: the defective pictures that the detector calls so');
      output.print(
        `pointing game: the hottest pixel lies on the defect, or within ${100 * pointingMargin} % of the side of it; IoU at ${iouThreshold} of a map's largest value`,
      );
      printDecision(decision, output);
      if (options.out) output.print(`panels: ${shortPath(options.out)}`);
    });
  });
}

/** Writes image | best reference | difference | overlay | mask of every defective picture, named by its id with `-` for `/`. */
async function writePanels(localised: LocalisedRun, folder: string, register: boolean): Promise<void> {
  const { images, task, maps, masks, references } = localised;
  await mkdir(folder, { recursive: true });
  const names = fileNames(images.map(({ id }) => id.replaceAll('/', '-')));
  for (const [k, { id, label }] of images.entries()) {
    if (label === 0) continue;
    const place = task.samples.findIndex((sample) => sample.id === id);
    const best = bestReference(task, place, references, register);
    const panel = { ...panelOf(task, place, best, normaliseMap(maps[k])), mask: masks[k] };
    await writeFileAtomic(join(folder, `${names[k]}.png`), panelPng(panel, task.size));
  }
}
