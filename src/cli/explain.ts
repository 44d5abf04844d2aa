import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { fileNames, findPictures, loadTaskBytes, readImage } from '../data/index.ts';
import {
  bestReference,
  Explainer,
  heatMapPng,
  largestOf,
  normaliseMap,
  overlayPng,
  panelOf,
  panelPng,
} from '../explain/index.ts';
import { Interrupted, RunDetector } from '../medetection/index.ts';
import { writeFileAtomic } from '../store/index.ts';
import { addCommon, type CommonOptions, outputOf, withDevice } from './common.ts';
import { addMapFlags, type MapOptions, mapOptions } from './explain-flags.ts';
import { shortPath } from './invocation.ts';
import { decimals } from './output.ts';
import { refuseOverwriting } from './overwriting.ts';
import { type Progress, startProgress } from './progress.ts';

interface Options extends CommonOptions, MapOptions {
  readonly run: string;
  readonly out: string;
  readonly absolute: boolean;
  readonly skipBroken: boolean;
}

export function addExplain(program: Command): void {
  const command = program
    .command('explain')
    .description(
      'show where on pictures a detector sees a defect: heat-maps, overlays, the reference and the difference',
    )
    .argument('<picture...>', 'PNG, JPEG, BMP or TIFF files, or folders of them')
    .requiredOption('--run <run>', 'folder of a fine-tuned run')
    .requiredOption('--out <dir>', 'folder for the PNG files')
    .option(
      '--absolute',
      'one colour scale for all pictures, so that they compare (default: one for each)',
      false,
    )
    .option('--skip-broken', 'leave out pictures that cannot be read, and list them', false);
  addMapFlags(command);
  addCommon(command).action(async (given: string[], options: Options) => {
    const output = outputOf(options);
    await withDevice(options, output, async (signal) => {
      const run = await RunDetector.open(options.run, undefined, options.register);
      const explainer = new Explainer(run.detector, mapOptions(options));
      const { paths } = await findPictures(given);
      const samples = paths.map((path) => ({ id: path, path, label: 0, kind: 'unknown' }) as const);
      const { size, register } = run.config.model;
      const loaded = await loadTaskBytes(samples, { size, skipBroken: options.skipBroken });
      for (const { path, reason } of loaded.skipped) output.warn(`left out ${path}: ${reason}`);
      const { all: task, references } = run.withReferences(loaded);
      const indices = loaded.samples.map((_, i) => i);
      const names = fileNames(loaded.samples.map(({ path }) => path));
      const files = names.map((name) => ({
        overlay: join(options.out, `${name}.overlay.png`),
        heatMap: join(options.out, `${name}.heat-map.png`),
        panel: join(options.out, `${name}.panel.png`),
      }));
      await refuseOverwriting(
        'explain',
        files.flatMap((of) => Object.values(of)),
        task.samples.map(({ path }) => path),
      );

      const stopIfAsked = (done: number) => {
        if (signal.aborted) throw new Interrupted(`stopped after ${done} pictures`);
      };
      const scores = await run.scores(loaded, indices, () => stopIfAsked(0));
      let bar: Progress | undefined;
      const onPair = (done: number, total: number) => {
        stopIfAsked(0);
        bar ??= startProgress('explaining', 'pair', total);
        bar.update(done);
      };
      const maps = await explainer.maps(task, indices, references, onPair).finally(() => bar?.stop());
      await mkdir(options.out, { recursive: true });
      const largest = options.absolute ? largestOf(maps) : undefined;
      output.print(`${'logit'.padStart(8)}  ${'largest'.padStart(8)}  picture (best reference) -> files`);
      const images: object[] = [];
      for (const i of indices) {
        stopIfAsked(i);
        const { path } = loaded.samples[i];
        const map = normaliseMap(maps[i], largest);
        const best = bestReference(task, i, references, register);
        const reference = task.samples[best.index].path;
        const picture = await readImage(path);
        await writeFileAtomic(files[i].overlay, overlayPng(picture, map));
        await writeFileAtomic(files[i].heatMap, heatMapPng(map, picture.width, picture.height));
        await writeFileAtomic(files[i].panel, panelPng(panelOf(task, i, best, map), size));
        const peak = largestOf([maps[i]]);
        const { distance, placement } = best;
        images.push({
          path,
          score: scores[i],
          largest: peak,
          reference,
          distance,
          placement,
          files: files[i],
        });
        output.print(
          `${scores[i].toFixed(3).padStart(8)}  ${decimals(peak).padStart(8)}  ${shortPath(path)} (${shortPath(reference)}) -> ${shortPath(join(options.out, names[i]))}.*.png`,
        );
      }
      output.record({
        run: run.folder,
        ...explainer.options,
        register,
        absolute: options.absolute,
        images,
      });
    });
  });
}
