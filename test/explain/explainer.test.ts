import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reference } from '../../src/certify/reference.ts';
import { evaluate } from '../../src/compile/index.ts';
import {
  batchMaps,
  bestReference,
  defaultExplain,
  type ExplainedLogit,
  Explainer,
  explainableBlocks,
  explained,
} from '../../src/explain/index.ts';
import { type Tensor, tensor, tree } from '../../src/graph/index.ts';
import {
  type Detector,
  imageOf,
  initModel,
  type Judging,
  type ModelConfig,
  outputs,
  pairs,
  referencesOf,
  type TaskImages,
} from '../../src/medetection/index.ts';
import { byStatistics, collecting } from '../../src/nn/index.ts';
import { Random } from '../../src/random.ts';
import { drawnTask, small, withFilled } from '../medetection/support.ts';
import { assertClose } from '../support/assert-close.ts';

const test = suite('explainer');

const task = drawnTask(6, 1);
const twoPairs = pairs(
  task,
  [3, 5].map((index, i) => ({ index, reference: i })),
  small,
);

/** A detector with random weights, and the statistics of some pairs. */
async function drawnDetector(model: ModelConfig): Promise<Detector> {
  const params = initModel(model, new Random('explained'));
  const statistics: Record<string, { mean: Tensor; variance: Tensor }> = {};
  outputs(params, twoPairs, model, { normalise: collecting(statistics) });
  // On the host, where the interpreter in float64 finds them too.
  const values = (await evaluate(tree.leaves(statistics))).map(async (t) => tensor(await t.data(), t.shape));
  return { model, params, statistics: tree.withLeaves(statistics, await Promise.all(values)) };
}

const detector = await drawnDetector(small);

/** Grad-CAM [N,H,W] before its relu, in float64: the channels' weights by central differences of the log-odds. */
function numericWeighted({ model, params, statistics }: Detector, block: string): number[] {
  const STEP = 1e-5;
  let features: Tensor | undefined;
  const scored = (nudge?: Tensor) =>
    outputs(params, twoPairs, model, {
      normalise: byStatistics(statistics),
      tap: (name, x) => {
        if (name !== block) return x;
        features = x;
        return nudge ? x.add(nudge) : x;
      },
    });
  scored();
  const [all, channels, height, width] = features!.shape;
  const [values] = reference([features!]);
  const plane = height * width;
  const N = 2;
  const maps = new Array<number>(N * plane).fill(0);
  for (let c = 0; c < channels; c++) {
    // Of the trunk's features, those of the references stay as they are.
    const nudged = (step: number) => {
      const nudge = new Float32Array(all * channels * plane);
      for (let n = 0; n < N; n++) nudge.fill(1, (n * channels + c) * plane, (n * channels + c + 1) * plane);
      return reference([scored(tensor(nudge, features!.shape).mul(step))])[0];
    };
    const [up, down] = [nudged(STEP), nudged(-STEP)];
    for (let n = 0; n < N; n++) {
      const weight = (up[n] - down[n]) / (2 * STEP) / plane;
      for (let p = 0; p < plane; p++) maps[n * plane + p] += weight * values[(n * channels + c) * plane + p];
    }
  }
  return maps;
}

const relu = (values: readonly number[]): number[] => values.map((value) => Math.max(value, 0));

const evaluated = async (...nodes: Tensor[]) =>
  Promise.all((await evaluate(nodes)).map((node) => node.data()));

for (const block of ['trunk.block2', 'difference', 'blocks.block3'])
  test(`Grad-CAM at ${block} is that by finite differences in float64`, async () => {
    const at = (logit: ExplainedLogit) => batchMaps(detector, twoPairs, { block, method: 'grad-cam', logit });
    const [odds, defective, normal] = await evaluated(at('log-odds'), at('defective'), at('normal'));
    const before = numericWeighted(detector, block);
    assert.ok(before.some((value) => value > 0) && before.some((value) => value < 0));
    assertClose(odds, relu(before), 2e-4, `${block}, log-odds`);
    assertClose(normal, relu(before.map((value) => -value)), 2e-4, `${block}, normal`);
    assert.equal(defective, odds);
  });

test('of two logits, either alone or their difference is explained', async () => {
  const score = (logit: ExplainedLogit) => {
    const output = tensor([
      [1, 5],
      [2, 3],
    ]);
    return explained(output, logit).data();
  };
  assert.equal([...(await score('normal'))], [1, 2]);
  assert.equal([...(await score('defective'))], [5, 3]);
  assert.equal([...(await score('log-odds'))], [4, 1]);
});

test('an image gets the same map alone and among others, whatever its place in a batch', async () => {
  const explainer = new Explainer(detector, { method: 'grad-cam++' });
  const maps = await explainer.maps(task, [3, 4, 5], [0, 1]);
  assert.equal(await explainer.maps(task, [5], [0, 1]), [maps[2]]);
  assert.is(maps.length, 3);
  assert.ok(maps.every((map) => map.length === small.size ** 2 && map.some((value) => value > 0)));
  assert.not.equal(maps[0], maps[1]);
});

test('the map is the mean over the references, the image itself passed over', async () => {
  const explainer = new Explainer(detector, { method: 'grad-cam++', shift: 0 });
  const seen: number[] = [];
  const [mean] = await explainer.maps(task, [0], [0, 1, 2], (done, total) => seen.push(done, total));
  const [[one], [two]] = [await explainer.maps(task, [0], [1]), await explainer.maps(task, [0], [2])];
  assertClose(
    mean,
    one.map((value, i) => (value + two[i]) / 2),
    1e-6,
    'mean',
  );
  assert.equal(seen, [2, 2]);
});

test('what is explained is what is scored: the drawn reference, at every scale', async () => {
  const pyramid: ModelConfig = { ...small, size: 64, head: 'pyramid' };
  const judge = await drawnDetector(pyramid);
  const maps = (judging?: Judging) => new Explainer({ ...judge, judging }).maps(task, [4], [0, 1, 2]);
  const at = async (...scales: number[]) => (await maps({ referenceChoice: 'random', scales }))[0];
  const [one, two, both] = [await at(64), await at(96), await at(64, 96)];
  assert.is(one.length, task.size ** 2);
  assert.not.equal(one, two);
  assertClose(
    both,
    one.map((value, i) => (value + two[i]) / 2),
    1e-6,
    'mean over the scales',
  );
  const judging: Judging = { referenceChoice: 'random', scales: [64] };
  const [drawn] = referencesOf(task, 4, [0, 1, 2], judging);
  const [alone] = await new Explainer({ ...judge, judging }).maps(task, [4], [drawn]);
  assert.equal(one, alone);
});

test('the map is the mean over nine shifts, each moved back', async () => {
  const { size } = small;
  const at = (values: ArrayLike<number>, plane: number, x: number, y: number) => {
    const inside = (i: number) => Math.min(size - 1, Math.max(0, i));
    return values[plane * size * size + inside(y) * size + inside(x)];
  };
  const single = new Explainer(detector, { shift: 0 });
  const expected = new Float64Array(size * size);
  for (const dy of [-3, 0, 3])
    for (const dx of [-3, 0, 3]) {
      const images = task.images.map((_, i) =>
        at(task.images, Math.floor(i / size ** 2), (i % size) - dx, Math.floor((i % size ** 2) / size) - dy),
      );
      const [map] = await single.maps({ ...task, images }, [4], [0, 1]);
      expected.forEach((_, i) => {
        expected[i] += at(map, 0, (i % size) + dx, Math.floor(i / size) + dy) / 9;
      });
    }
  const seen: number[] = [];
  const shifted = new Explainer(detector, { shift: 3 });
  const [mean] = await shifted.maps(task, [4], [0, 1], (done, total) => seen.push(done, total));
  assertClose(mean, [...expected], 1e-5, 'mean over the shifts');
  assert.not.equal(mean, (await single.maps(task, [4], [0, 1]))[0]);
  assert.equal(seen.slice(-2), [18, 18]);
});

test('unless told otherwise the first block is looked at, with and without a reference', async () => {
  const alone = await drawnDetector({ ...small, siamese: false });
  const explainer = new Explainer(alone);
  assert.is(explainer.options.block, 'trunk.block1');
  assert.is(new Explainer(detector).options.block, 'trunk.block1');
  const [map] = await explainer.maps(task, [4], [0]);
  assert.ok(map.some((value) => value > 0));
});

/** Two pictures of noise, alike but for a square of 8 pixels at (16, 8). */
function withSquare(): TaskImages {
  const { size } = small;
  const pictures = drawnTask(2, 7);
  const [first, second] = [imageOf(pictures, 0), imageOf(pictures, 1)];
  second.set(first);
  for (let c = 0; c < 3; c++)
    for (let y = 8; y < 16; y++)
      second.fill(255, c * size * size + y * size + 16, c * size * size + y * size + 24);
  return pictures;
}

test('where the two pictures are alike, the difference is 0, and with it the map', async () => {
  const pictures = withSquare();
  for (const method of ['features', 'grad-cam++'] as const) {
    const explainer = new Explainer(detector, { block: 'difference', method, shift: 0 });
    const [same] = await explainer.maps(pictures, [0], [0]);
    assert.ok(
      same.every((value) => value === 0),
      method,
    );
    const [map] = await explainer.maps(pictures, [1], [0]);
    // The trunk sees 5 pixels beyond the square, and a cell of its features is 4 pixels wide.
    const far = map.filter(
      (_, i) => Math.abs((i % small.size) - 20) > 15 || Math.abs(i / small.size - 12) > 15,
    );
    assert.ok(map.some((value) => value > 0) && far.every((value) => value === 0), method);
  }
});

test('the best reference is the nearest by pixels, and never the image itself', () => {
  const pictures = drawnTask(6, 3, true);
  const nearest = (image: number, references: readonly number[]) => {
    const level = (i: number) => imageOf(pictures, i)[0];
    return [...references]
      .filter((r) => r !== image)
      .sort((a, b) => Math.abs(level(a) - level(image)) - Math.abs(level(b) - level(image)))[0];
  };
  for (const image of [0, 3, 5]) {
    const best = bestReference(pictures, image, [0, 1, 2, 3]);
    assert.is(best.index, nearest(image, [0, 1, 2, 3]));
    const distance = Math.abs(imageOf(pictures, image)[0] - imageOf(pictures, best.index)[0]) / 255;
    assertClose(best.difference, new Array(small.size ** 2).fill(distance), 1e-6, 'difference');
    assert.ok(Math.abs(best.distance - distance) < 1e-6);
  }
  assert.throws(() => bestReference(pictures, 0, []), /there is no reference to compare with/);
});

test('what does not exist is refused, with what there is', async () => {
  const wrong = (options: object) => () => new Explainer(detector, options);
  assert.equal(explainableBlocks(small), [
    'trunk.block1',
    'trunk.block2',
    'difference',
    'blocks.block1',
    'blocks.block2',
    'blocks.block3',
    'blocks.block4',
  ]);
  assert.throws(
    wrong({ block: 'blocks.block9' }),
    /there is no block "blocks.block9"; there are trunk.block1, trunk.block2, difference, blocks.block1, /,
  );
  assert.throws(
    wrong({ method: 'lime' }),
    /no method "lime"; there are grad-cam, grad-cam\+\+, hires-cam, features/,
  );
  for (const shift of [-1, 1.5, 9, Number.NaN])
    assert.throws(wrong({ shift }), /a shift by .* pixels; it must be an integer of 0 to 8/);
  assert.throws(wrong({ logit: 'both' }), /no logit "both"; there are log-odds, defective, normal/);
  const alone = await drawnDetector({ ...small, siamese: false });
  assert.throws(
    () => new Explainer(alone, { block: 'difference' }),
    /no block "difference"; there are trunk.block1/,
  );
});

test('a network that computes no finite number is named', async () => {
  const params = withFilled(detector.params, 'head.weight', Number.NaN);
  const explainer = new Explainer({ ...detector, params }, { ...defaultExplain, block: 'blocks.block1' });
  const error = await explainer.maps(task, [4], [0]).catch((thrown: Error) => thrown);
  assert.match(
    (error as Error).message,
    /image 4 \(\/pictures\/4\.png\) has no finite map at blocks\.block1/,
  );
});

test.run();
