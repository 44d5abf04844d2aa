import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { formatOfName, ImageError, loadImageBytes } from '../data/index.ts';
import { decisionOf, Interrupted, RunDetector, type TaskImages } from '../medetection/index.ts';
import type { DecisionRule } from '../metrics/index.ts';
import { addCommon, type CommonOptions, outputOf, withDevice } from './common.ts';
import { printDecision, thresholdHelp } from './decision.ts';
import { exitCode } from './errors.ts';
import { decisionRule } from './flags.ts';
import { shortPath } from './invocation.ts';

interface Options extends CommonOptions {
  readonly run: string;
  readonly threshold?: DecisionRule;
  readonly references?: string;
  readonly skipBroken?: boolean;
}

/** Pictures in memory at once. */
const CHUNK = 64;

type Loaded = { readonly path: string; readonly bytes: Uint8Array };
type Broken = { readonly path: string; readonly error: string };

export function addPredict(program: Command): void {
  const command = program
    .command('predict')
    .description('judge pictures with a fine-tuned detector')
    .argument('<image...>', 'PNG, JPEG, BMP or TIFF files')
    .requiredOption('--run <run>', 'folder of a fine-tuned run')
    .option('--threshold <rule>', thresholdHelp, decisionRule)
    .option('--references <dir>', 'defect-free pictures to compare with (default: those stored in the run)')
    .option('--skip-broken', 'do not count pictures that cannot be read as a failure');
  addCommon(command).action(async (paths: string[], options: Options) => {
    const output = outputOf(options);
    await withDevice(options, output, async (signal) => {
      const { references: folder } = options;
      const detector = await RunDetector.open(
        options.run,
        folder ? (size) => loadFolder(folder, size) : undefined,
      );
      const decision = await decisionOf(detector.folder, options.threshold);
      const { threshold } = decision;
      printDecision(decision, output);
      const references = detector.references.samples.map(({ path }) => path);
      output.print(`compared with ${references.length} references (the mean of the logits counts):`);
      for (const path of references) output.print(`  ${path}`);
      output.print(`${'logit'.padStart(8)}  ${'sigmoid'.padStart(7)}  verdict    picture (reference)`);
      const reference = `${references[0]}${references.length > 1 ? ` and ${references.length - 1} more` : ''}`;
      const images: object[] = [];
      let broken = 0;
      let unjudged = 0;
      for (let i = 0; i < paths.length; i += CHUNK) {
        if (signal.aborted) throw new Interrupted(`stopped after ${i} of ${paths.length} pictures`);
        const chunk = await Promise.all(
          paths.slice(i, i + CHUNK).map((p) => load(p, detector.config.model.size)),
        );
        const loaded = chunk.filter((c): c is Loaded => 'bytes' in c);
        const scores =
          loaded.length > 0
            ? await detector.rawScores(
                asTask(loaded, detector.config.model.size),
                loaded.map((_, k) => k),
              )
            : [];
        for (const item of chunk) {
          if ('error' in item) {
            broken++;
            process.stderr.write(`error: ${item.path}: ${item.error}\n`);
            images.push(item);
            continue;
          }
          const score = scores[loaded.indexOf(item)];
          if (!Number.isFinite(score)) {
            unjudged++;
            const error = `the network computes no finite score (${score}): train again with lower rates`;
            process.stderr.write(`error: ${item.path}: ${error}\n`);
            images.push({ path: item.path, verdict: 'none', error });
            continue;
          }
          const probability = 1 / (1 + Math.exp(-score));
          const verdict = score >= threshold ? 'defective' : 'normal';
          images.push({ path: item.path, score, probability, verdict, references });
          output.print(
            `${score.toFixed(3).padStart(8)}  ${probability.toFixed(3).padStart(7)}  ${verdict.padEnd(9)}  ${shortPath(item.path)} (${reference})`,
          );
        }
      }
      output.record({ run: detector.folder, ...decision, images });
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

async function load(path: string, size: number): Promise<Loaded | Broken> {
  const absolute = resolve(path);
  try {
    return { path: absolute, bytes: await loadImageBytes(absolute, size) };
  } catch (error) {
    if (error instanceof ImageError) return { path: absolute, error: error.reason };
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

/** All pictures directly in a folder, as references. */
async function loadFolder(folder: string, size: number): Promise<TaskImages> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`predict: --references ${folder}: the folder cannot be read (${error.code})`);
  });
  const paths = names.filter((name) => formatOfName(name)).sort();
  if (paths.length === 0)
    throw new Error(`predict: --references ${folder}: no PNG, JPEG, BMP or TIFF picture is in it`);
  const loaded: Loaded[] = [];
  for (const name of paths) {
    const path = resolve(join(folder, name));
    loaded.push({ path, bytes: await loadImageBytes(path, size) });
  }
  return asTask(loaded, size);
}
