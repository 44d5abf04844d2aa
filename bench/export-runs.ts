/**
 * What a meta-training and a fine-tuning learned from, as one file for bench/peers/medetection_torch.py: the pictures as bytes, their
 * labels and parts, and the settings of both runs.
 *
 *   npx tsx bench/export-runs.ts META_TRAINED FINE_TUNED --out seed0.safetensors
 */
import { parseArgs } from 'node:util';
import { learnedTasks, readConfig, type TaskImages, tunedTask } from '../src/medetection/index.ts';
import { encodeSafetensors, type StoredTensor, writeFileAtomic } from '../src/store/index.ts';

const { values, positionals } = parseArgs({ options: { out: { type: 'string' } }, allowPositionals: true });
const { out } = values;
if (positionals.length !== 2 || out === undefined)
  throw new Error('export-runs: needs the folders of a meta-training and of a fine-tuning, and --out FILE');
const [metaTrained, fineTuned] = positionals;
const meta = await readConfig(metaTrained, 'meta-train');
const tuned = await readConfig(fineTuned, 'fine-tune');
for (const name of ['target', 'seed', 'model'] as const)
  if (JSON.stringify(meta[name]) !== JSON.stringify(tuned[name]))
    throw new Error(
      `export-runs: ${name} is ${JSON.stringify(meta[name])} in ${metaTrained} and ${JSON.stringify(tuned[name])} in ${fineTuned}: give runs of one target, seed and model`,
    );

const pictures = (name: string, { images, labels, size }: TaskImages): Record<string, StoredTensor> => ({
  [`${name}.images`]: { dtype: 'U8', shape: [labels.length, 3, size, size], data: images },
  [`${name}.labels`]: { dtype: 'U8', shape: [labels.length], data: labels },
});
const tasks = await learnedTasks(metaTrained, meta);
const { task: target, parts } = await tunedTask(fineTuned, tuned);
const indices = Object.entries(parts).map(([part, list]): [string, StoredTensor] => [
  `target.${part}`,
  { dtype: 'I32', shape: [list.length], data: Int32Array.from(list) },
]);
await writeFileAtomic(
  out,
  encodeSafetensors(
    {
      ...Object.assign({}, ...tasks.map((task, i) => pictures(`tasks.${i}`, task))),
      ...pictures('target', target),
      ...Object.fromEntries(indices),
    },
    {
      target: meta.target,
      seed: String(meta.seed),
      tasks: JSON.stringify(meta.tasks.map(({ name }) => name)),
      model: JSON.stringify(meta.model),
      metaTrain: JSON.stringify(meta.options),
      fineTune: JSON.stringify(tuned.options),
    },
  ),
);
