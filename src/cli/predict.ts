import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { stringify } from 'csv-stringify/sync';
import { fileNames, findPictures, ImageError, loadImageBytes } from '../data/index.ts';
import {
  type BestReference,
  bestReference,
  Explainer,
  normaliseMap,
  panelOf,
  panelPng,
} from '../explain/index.ts';
import {
  Interrupted,
  judgingWords,
  RunDetector,
  referencesOf,
  type TaskImages,
} from '../medetection/index.ts';
import type { DecisionRule } from '../metrics/index.ts';
import { writeFileAtomic } from '../store/index.ts';
import { addCommon, type CommonOptions, outputOf, withDevice } from './common.ts';
import { printDecision, thresholdHelp } from './decision.ts';
import { exitCode } from './errors.ts';
import { registerFlag } from './explain-flags.ts';
import { decisionRule } from './flags.ts';
import { shortPath } from './invocation.ts';
import { refuseOverwriting } from './overwriting.ts';
import { startLines, startProgress } from './progress.ts';

interface Options extends CommonOptions {
  readonly run: string;
  readonly threshold?: DecisionRule;
  readonly references?: string;
  readonly register: boolean;
  readonly skipBroken?: boolean;
  readonly csv?: string;
  readonly png?: string;
}

/** Pictures in memory at once. */
const CHUNK = 64;

/** What becomes of a picture. */
interface Judged {
  readonly path: string;
  readonly score?: number;
  readonly probability?: number;
  readonly verdict?: 'defective' | 'normal' | 'none';
  /** The reference that looks most like it. */
  readonly reference?: string;
  /** All that it was compared with; none where the network sees the picture alone. */
  readonly references?: readonly string[];
  /** Why it has no score. */
  readonly error?: string;
}

const CSV_COLUMNS = ['path', 'score', 'probability', 'verdict', 'reference', 'error'] as const;

const csvOf = (images: readonly Judged[]): string =>
  stringify(images as object[], { header: true, columns: [...CSV_COLUMNS] });

export function addPredict(program: Command): void {
  const command = program
    .command('predict')
    .description('judge pictures with a fine-tuned or enrolled detector')
    .argument('<picture...>', 'PNG, JPEG, BMP or TIFF files, or folders of them')
    .requiredOption('--run <run>', 'folder of a fine-tuned or enrolled run')
    .option('--threshold <rule>', thresholdHelp, decisionRule)
    .option('--references <dir>', 'defect-free pictures to compare with (default: those stored in the run)')
    .option(...registerFlag)
    .option('--skip-broken', 'do not count pictures that cannot be read as a failure')
    .option('--csv <file>', 'write a line for each picture instead of printing it')
    .option(
      '--png <dir>',
      'write for each picture NAME.panel.png, which shows it, the reference most like it, their difference, and where the score comes from',
    );
  addCommon(command).action(async (given: string[], options: Options) => {
    const output = outputOf(options);
    const { paths, others } = await findPictures(given);
    await withDevice(options, output, async (signal) => {
      const { references: folder, csv, png } = options;
      const detector = await RunDetector.open(
        options.run,
        folder ? (size) => loadReferences(folder, size) : undefined,
        options.register,
      );
      const { model, options: judging, enrolled } = detector.config;
      const decision = await detector.decision(options.threshold);
      printDecision(decision, output, enrolled !== undefined);
      const references = detector.references.samples.map(({ path }) => path);
      output.print(judgingWords(model, judging, references.length));
      if (model.siamese) for (const path of references) output.print(`  ${path}`);
      const panels = png === undefined ? [] : fileNames(paths).map((name) => join(png, `${name}.panel.png`));
      await refuseOverwriting(
        'predict',
        [...panels, ...(csv === undefined ? [] : [csv])],
        [...paths, ...references],
      );
      // Before the work rather than after it: where nothing can be written.
      if (csv !== undefined) await writeFileAtomic(csv, csvOf([]));
      if (png !== undefined) await mkdir(png, { recursive: true });
      const explainer = png === undefined ? undefined : new Explainer(detector.detector);

      const listed = csv === undefined && !output.json;
      if (listed)
        output.print(
          `${'logit'.padStart(8)}  ${'sigmoid'.padStart(7)}  verdict    picture (reference most like it)`,
        );
      const images: Judged[] = [];
      const progress = (listed ? startLines : startProgress)('judging', 'picture', paths.length);
      try {
        for (let i = 0; i < paths.length; i += CHUNK) {
          if (signal.aborted) throw new Interrupted(`stopped after ${i} of ${paths.length} pictures`);
          const chunk = paths.slice(i, i + CHUNK);
          const loaded = await Promise.all(chunk.map((path) => load(path, model.size)));
          const task = asTask(
            loaded.filter((item): item is Loaded => 'bytes' in item),
            model.size,
          );
          const found = await judge(detector, task, decision.threshold);
          const judged = new Map(found.map(({ judged: of }) => [of.path, of]));
          for (const item of loaded) {
            const image = 'bytes' in item ? judged.get(item.path)! : item;
            images.push(image);
            if (image.error !== undefined) process.stderr.write(`error: ${image.path}: ${image.error}\n`);
            else if (listed) output.print(line(image));
          }
          if (explainer)
            await writePanels(detector, explainer, task, found, (path) => panels[paths.indexOf(path, i)]);
          progress.update(Math.min(i + CHUNK, paths.length));
        }
      } finally {
        progress.stop();
        // What was judged before an interruption is not lost.
        if (csv !== undefined) await writeFileAtomic(csv, csvOf(images));
      }

      output.record({ run: detector.folder, ...decision, others, images });
      const count = (belongs: (image: Judged) => boolean) => images.filter(belongs).length;
      const unjudged = count(({ verdict }) => verdict === 'none');
      const broken = count(({ verdict }) => verdict === undefined);
      output.print(
        `${count(({ verdict }) => verdict === 'defective')} of ${paths.length} pictures are called defective${others > 0 ? `; ${others} other files were passed over` : ''}`,
      );
      if (csv !== undefined) output.print(`written: ${shortPath(resolve(csv))}`);
      if (png !== undefined) output.print(`written: pictures in ${shortPath(resolve(png))}`);
      if (unjudged > 0) {
        output.warn(`${unjudged} of ${paths.length} pictures have no verdict`);
        process.exitCode = exitCode.failure;
      }
      if (broken > 0) {
        output.warn(`${broken} of ${paths.length} pictures could not be read`);
        if (!options.skipBroken) process.exitCode = exitCode.failure;
      }
    });
  });
}

const line = ({
  path,
  score = Number.NaN,
  probability = Number.NaN,
  verdict = 'none',
  reference = '',
}: Judged) =>
  `${score.toFixed(3).padStart(8)}  ${probability.toFixed(3).padStart(7)}  ${verdict.padEnd(9)}  ${shortPath(path)} (${shortPath(reference)})`;

/** What becomes of a picture that could be read, and the reference that looks most like it if it has a score. */
interface Found {
  readonly judged: Judged;
  readonly best?: BestReference;
}

/** Judges the pictures of a task, in their order. */
async function judge(detector: RunDetector, task: TaskImages, threshold: number): Promise<Found[]> {
  const indices = task.samples.map((_, i) => i);
  const scores = indices.length > 0 ? await detector.rawScores(task, indices) : [];
  const { all, references: places } = detector.withReferences(task);
  const { model, options } = detector.config;
  return task.samples.map(({ path }, i): Found => {
    const score = scores[i];
    if (!Number.isFinite(score)) {
      const error = `the network computes no finite score (${score}): train again with lower rates`;
      return { judged: { path, verdict: 'none', error } };
    }
    const best = bestReference(all, i, places, model.register);
    const compared = model.siamese ? referencesOf(all, i, places, options) : [];
    const references = compared.map((place) => all.samples[place].path);
    const probability = 1 / (1 + Math.exp(-score));
    const verdict = score >= threshold ? 'defective' : 'normal';
    const reference = all.samples[best.index].path;
    return { judged: { path, score, probability, verdict, reference, references }, best };
  });
}

/** Writes for each picture that has a score one that explains it. */
async function writePanels(
  detector: RunDetector,
  explainer: Explainer,
  task: TaskImages,
  found: readonly Found[],
  fileOf: (path: string) => string,
): Promise<void> {
  const { all, references } = detector.withReferences(task);
  const explained = found.flatMap(({ best }, i) => (best ? [{ i, best }] : []));
  const maps = await explainer.maps(
    all,
    explained.map(({ i }) => i),
    references,
  );
  for (const [k, { i, best }] of explained.entries()) {
    const panel = panelOf(all, i, best, normaliseMap(maps[k]));
    await writeFileAtomic(fileOf(task.samples[i].path), panelPng(panel, task.size));
  }
}

interface Loaded {
  readonly path: string;
  readonly bytes: Uint8Array;
}

async function load(path: string, size: number): Promise<Loaded | Judged> {
  try {
    return { path, bytes: await loadImageBytes(path, size) };
  } catch (error) {
    if (error instanceof ImageError) return { path, error: error.reason };
    throw error;
  }
}

/** Pictures of unknown label as a task. */
function asTask(loaded: readonly Loaded[], size: number): TaskImages {
  const images = new Uint8Array(loaded.length * 3 * size * size);
  for (const [i, { bytes }] of loaded.entries()) images.set(bytes, i * bytes.length);
  const samples = loaded.map(({ path }) => ({ id: path, path, label: 0, kind: 'unknown' }) as const);
  return { images, size, samples, labels: new Uint8Array(loaded.length), skipped: [] };
}

/** All pictures in a folder, as references. */
async function loadReferences(folder: string, size: number): Promise<TaskImages> {
  const { paths } = await findPictures([folder]);
  const loaded: Loaded[] = [];
  for (const path of paths) loaded.push({ path, bytes: await loadImageBytes(path, size) });
  return asTask(loaded, size);
}
