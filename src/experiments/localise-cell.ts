import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseShots, fileNames, loadMask } from '../data/index.ts';
import {
  bestReference,
  defaultIouThreshold,
  Explainer,
  heatMap,
  type LocalisationRow,
  localiseRun,
  type MapMethod,
  normaliseMap,
  overlay,
  pictureOf,
  rowPng,
} from '../explain/index.ts';
import { imageOf, type LoadHooks, loadTestPart, RunDetector } from '../medetection/index.ts';
import { writeFileAtomic } from '../store/index.ts';
import { cellFiles, type LocaliseCell, type LocaliseResult, type Start } from './cell.ts';

/**
 * Measures the maps of both detectors where there are masks, and draws them side by side on defective test pictures, every kind of
 * defect in turn: image, best reference, map from random weights, map from meta-trained ones, mask. Each map's largest value is 1.
 */
export async function localiseCell(
  folder: string,
  run: string,
  { data, detectors, seed, panels, maps: how }: LocaliseCell,
  hooks: LoadHooks,
): Promise<Pick<LocaliseResult, 'measured' | 'panels'>> {
  const random = await RunDetector.open(cellFiles.run(folder, detectors.random));
  const maml = await RunDetector.open(cellFiles.run(folder, detectors.maml));
  const test = await loadTestPart(random, data, hooks);
  const defective = test.samples.filter(({ label }) => label === 1);
  const measured = defective.some(({ mask }) => mask !== undefined)
    ? { random: await measure(random, data, how, hooks), maml: await measure(maml, data, how, hooks) }
    : null;

  const chosen = chooseShots(defective, Math.max(2, panels), seed).slice(0, panels);
  const places = chosen.map(({ id }) => test.samples.findIndex((sample) => sample.id === id));
  const maps = async (detector: RunDetector) => {
    const { all, references } = detector.withReferences(test);
    return {
      task: all,
      references,
      maps: await new Explainer(detector.detector, how).maps(all, places, references),
    };
  };
  const from: Record<Start, Awaited<ReturnType<typeof maps>>> = {
    random: await maps(random),
    maml: await maps(maml),
  };
  await mkdir(run, { recursive: true });
  const files: string[] = [];
  const names = fileNames(chosen.map(({ id }) => id.replaceAll('/', '-')));
  for (const [k, place] of places.entries()) {
    const { mask } = chosen[k];
    const picture = pictureOf(imageOf(test, place), test.size);
    const { image: reference } = bestReference(from.maml.task, place, from.maml.references);
    const shown = [
      picture,
      pictureOf(reference, test.size),
      overlay(picture, normaliseMap(from.random.maps[k])),
      overlay(picture, normaliseMap(from.maml.maps[k])),
      ...(mask === undefined
        ? []
        : [heatMap(Float32Array.from(await loadMask(mask, test.size)), test.size, test.size)]),
    ];
    const file = `${names[k]}.png`;
    await writeFileAtomic(join(run, file), rowPng(shown, test.size));
    files.push(file);
  }
  return { measured, panels: files };
}

/** How well a detector's maps show where defects are, over all defective test pictures. */
async function measure(
  run: RunDetector,
  data: string,
  how: MapMethod,
  hooks: LoadHooks,
): Promise<LocalisationRow> {
  const request = { data, explain: how, iouThreshold: defaultIouThreshold, threshold: 0 };
  const { rows } = await localiseRun(run, request, hooks);
  return rows.find(({ name }) => name === 'all') as LocalisationRow;
}
