/**
 * Steps with all that they start from and come to, as a file for bench/peers/check_torch.py, which makes them again:
 *
 *   npx tsx bench/export-steps.ts sinusoid --out steps.safetensors
 *   npx tsx bench/export-steps.ts RUN --out steps.safetensors
 *
 * Of the sinusoids, ten meta-steps by each method from weights twenty times as large as initial ones (near zero, second-order
 * terms would not show), and the errors of adaptation to some test tasks. Of a meta-training, an episode of its target: the logits
 * of the query pairs, the meta-loss and the meta-gradient.
 */
import { parseArgs } from 'node:util';
import { valueAndGrad } from '../src/autodiff/index.ts';
import { compile } from '../src/compile/index.ts';
import { tree } from '../src/graph/index.ts';
import {
  hostCopy,
  type LabelledPairs,
  logits,
  type ModelParams,
  readConfig,
  runEpisode,
} from '../src/medetection/index.ts';
import { stored } from '../src/medetection/tensor-file.ts';
import { metaLoss, type TaskData } from '../src/meta/index.ts';
import { initAdam } from '../src/optim/index.ts';
import { Random } from '../src/random.ts';
import {
  defaultSinusoid,
  drawTasks,
  grid,
  points,
  type SinusoidSettings,
  sinusoidMethods,
  testErrors,
  testTasks,
  trainSinusoid,
} from '../src/reproduce/index.ts';
import { encodeSafetensors, type StoredTensor, writeFileAtomic } from '../src/store/index.ts';

type Episode = TaskData<LabelledPairs>;

/** What a file holds. */
interface Steps {
  readonly tensors: Record<string, StoredTensor>;
  readonly metadata: Record<string, string>;
}

const { values, positionals } = parseArgs({ options: { out: { type: 'string' } }, allowPositionals: true });
const { out } = values;
if (positionals.length !== 1 || out === undefined)
  throw new Error('export-steps: needs "sinusoid" or the folder of a meta-training, and --out FILE');
const { tensors, metadata } = await (positionals[0] === 'sinusoid' ? sinusoids() : episode(positionals[0]));
await writeFileAtomic(out, encodeSafetensors(tensors, metadata));

async function sinusoids(): Promise<Steps> {
  const settings: SinusoidSettings = { ...defaultSinusoid, iterations: 10, shots: 5, testTasks: 40 };
  const { iterations, tasksPerStep, shots, innerRate } = settings;
  const seed = 0;
  const draws = new Random(seed).fork('sinusoid').fork('tasks');
  const tasks = Array.from({ length: iterations }, (_, i) =>
    drawTasks(draws.fork(String(i)), tasksPerStep, shots),
  );
  const small = trainSinusoid(settings, 'joint', seed).init();
  const theta = await hostCopy(tree.map((t) => t.mul(20), small));
  const tensors = { ...(await stored(theta, 'theta.')), ...(await stored(tasks, 'tasks.')) };
  for (const method of sinusoidMethods) {
    const { advance } = trainSinusoid(settings, method, seed);
    const { losses, theta: reached } = await advance({ theta, moments: initAdam(theta) }, 0, iterations);
    Object.assign(tensors, await stored({ losses, theta: reached }, `${method}.`));
  }
  const test = testTasks(settings.testTasks, shots);
  const functions = test.map(({ sinusoid }) => sinusoid);
  const support = points(
    functions,
    test.map(({ places }) => places),
  );
  const everywhere = points(
    functions,
    test.map(() => grid(100)),
  );
  Object.assign(tensors, await stored({ support, grid: everywhere }, 'test.'));
  const errors = await testErrors(theta, test, innerRate);
  errors.forEach((data, step) => {
    tensors[`test.errors.${step}`] = { dtype: 'F32', shape: [data.length], data };
  });
  return { tensors, metadata: { study: 'sinusoid', settings: JSON.stringify(settings) } };
}

async function episode(folder: string): Promise<Steps> {
  const { model, options } = await readConfig(folder, 'meta-train');
  const { params, data, loss, inner } = await runEpisode(folder, { random: new Random('episode') });
  const step = compile((theta: ModelParams, { support, query }: Episode) => {
    const { value, gradient } = valueAndGrad((p) => metaLoss(loss, p, [{ support, query }], inner), theta);
    return { logits: logits(theta, query, model), loss: value, gradient };
  });
  const tensors = {
    ...(await stored(params, 'params.')),
    ...(await stored({ ...data.support }, 'support.')),
    ...(await stored({ ...data.query }, 'query.')),
    ...(await stored(await step(params, data))),
  };
  return {
    tensors,
    metadata: {
      study: 'medetection',
      model: JSON.stringify(model),
      settings: JSON.stringify(options),
    },
  };
}
