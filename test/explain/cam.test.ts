import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { type Cam, featureMagnitude, gradCam, gradCamPlusPlus, hiResCam } from '../../src/explain/index.ts';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import { mul, sum } from '../../src/ops/index.ts';
import { Random } from '../../src/random.ts';
import { assertClose } from '../support/assert-close.ts';

const test = suite('class activation maps');

const [N, C, H, W] = [2, 3, 4, 5];
const PLANE = H * W;

const drawn = (seed: string, least: number): Float32Array => {
  const random = new Random(seed);
  return Float32Array.from({ length: N * C * PLANE }, () => least + (1 - least) * random.next());
};
const nchw = (values: Float32Array): Tensor => tensor(values, [N, C, H, W]);

/** A map in float64 from the weights of the channels, given the features and gradients of one. */
function expected(
  features: Float32Array,
  gradients: Float32Array,
  weight: (a: readonly number[], g: readonly number[]) => number,
): number[] {
  const maps = new Array<number>(N * PLANE).fill(0);
  for (let n = 0; n < N; n++) {
    for (let c = 0; c < C; c++) {
      const at = (n * C + c) * PLANE;
      const a = Array.from(features.subarray(at, at + PLANE));
      const w = weight(a, Array.from(gradients.subarray(at, at + PLANE)));
      a.forEach((value, i) => {
        maps[n * PLANE + i] += w * value;
      });
    }
  }
  return maps.map((value) => Math.max(value, 0));
}

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** As the paper prints it: eq. 10 with the alphas of eq. 19, for Y = exp(S), without the factor exp(S). */
const printedPlusPlus = (a: readonly number[], g: readonly number[]): number =>
  total(
    g.map((gradient) => {
      const alpha = gradient === 0 ? 0 : gradient ** 2 / (2 * gradient ** 2 + total(a) * gradient ** 3);
      return alpha * Math.max(gradient, 0);
    }),
  );

test('Grad-CAM in float64', async () => {
  const [a, g] = [drawn('a', 0), drawn('g', -1)];
  const map = await gradCam(nchw(a), nchw(g)).data();
  assertClose(
    map,
    expected(a, g, (_, gradients) => total(gradients) / PLANE),
    1e-6,
    'gradCam',
  );
});

test('Grad-CAM++ in float64, as printed in the paper', async () => {
  const [a, g] = [drawn('a', 0), drawn('g', -1)];
  g.fill(0, 0, PLANE + 3); // a channel without any gradient, and positions without
  const map = await gradCamPlusPlus(nchw(a), nchw(g)).data();
  assertClose(map, expected(a, g, printedPlusPlus), 1e-6, 'gradCamPlusPlus');
});

/** A score with all three derivatives: exp(S) where S = sum of w * A, so that the definition of alpha can be looked up. */
test("Grad-CAM++'s closed form is the paper's definition by second and third derivatives", async () => {
  const [a, w] = [drawn('a', 0), drawn('w', 0.1)];
  const features = nchw(a);
  const plane = PLANE * C;
  const score = (n: number, x: Tensor) => sum(mul(x, nchw(w)).slice([n], [n + 1]));
  for (let n = 0; n < N; n++) {
    const y = score(n, features).exp();
    // S is linear in A, so that the k-th derivative of Y = exp(S) at a position is exp(S) g^k: here by differentiating k times.
    const first = grad(y, features);
    const second = grad(first.slice([n, 0, 0, 0], [n + 1, 1, 1, 1]).sum(), features);
    const third = grad(second.slice([n, 0, 0, 0], [n + 1, 1, 1, 1]).sum(), features);
    const [y1, y2, y3, s] = await Promise.all([first.data(), second.data(), third.data(), y.item()]);
    const at = n * plane;
    const sumA = total(Array.from(a.subarray(at, at + PLANE)));
    const alpha = y2[at] / (2 * y2[at] + sumA * y3[at]); // eq. 13
    const g = y1[at] / s;
    assertClose([alpha], [1 / (2 + sumA * g)], 1e-5, `alpha of image ${n}`);
  }
});

test('features that are negative leave Grad-CAM++ finite, also where the printed denominator is 0', async () => {
  const a = new Float32Array(N * C * PLANE);
  const g = new Float32Array(N * C * PLANE);
  a[0] = -2; // 2 g^2 + (sum of A) g^3 = 0
  g[0] = 1;
  const map = await gradCamPlusPlus(nchw(a), nchw(g)).data();
  assert.ok(map.every((value) => value === 0));
  a[1] = 1;
  // w = 1 / (2 + 1), by the positive features alone
  assertClose(
    await gradCamPlusPlus(nchw(a), nchw(g)).data(),
    [0, 1 / 3, ...new Array(N * PLANE - 2).fill(0)],
    1e-6,
    'map',
  );
});

test('HiResCAM in float64: every position by its own gradient', async () => {
  const [a, g] = [drawn('a', -1), drawn('g', -1)];
  const products = Array.from({ length: N * PLANE }, (_, i) => {
    const [n, p] = [Math.floor(i / PLANE), i % PLANE];
    const at = [0, 1, 2].map((c) => (n * C + c) * PLANE + p);
    return Math.max(0, total(at.map((k) => a[k] * g[k])));
  });
  assertClose(await hiResCam(nchw(a), nchw(g)).data(), products, 1e-6, 'hiResCam');
});

test('a defect at one place, which the mean of a gradient over all others hides, is what HiResCAM shows', async () => {
  const a = new Float32Array(N * C * PLANE).fill(1);
  const g = new Float32Array(N * C * PLANE).fill(-0.1);
  g[7] = 1;
  assert.ok((await gradCam(nchw(a), nchw(g)).data()).every((value) => value === 0));
  const map = await hiResCam(nchw(a), nchw(g)).data();
  assert.equal(
    [...map].flatMap((value, i) => (value > 0 ? [i] : [])),
    [7],
  );
});

test('the magnitude of features needs no gradient', async () => {
  const [a, g] = [drawn('a', -1), drawn('g', -1)];
  const means = Array.from({ length: N * PLANE }, (_, i) => {
    const [n, p] = [Math.floor(i / PLANE), i % PLANE];
    return total([0, 1, 2].map((c) => Math.abs(a[(n * C + c) * PLANE + p]))) / C;
  });
  assertClose(await featureMagnitude(nchw(a), nchw(g)).data(), means, 1e-6, 'featureMagnitude');
});

const all: Record<string, Cam> = { gradCam, gradCamPlusPlus, hiResCam, featureMagnitude };
for (const [name, cam] of Object.entries(all)) {
  test(`${name}: an image's map does not depend on the others`, async () => {
    const [a, g] = [drawn('a', 0), drawn('g', -1)];
    const first = (values: Float32Array) => tensor(values.slice(0, C * PLANE), [1, C, H, W]);
    const both = await cam(nchw(a), nchw(g)).data();
    // To rounding: SwiftShader may fuse the multiply-adds of one plan and not of the other.
    assertClose(await cam(first(a), first(g)).data(), both.slice(0, PLANE), 1e-6, name);
  });

  test(`${name}: shifted features and gradients give the shifted map`, async () => {
    const [a, g] = [drawn('a', 0), drawn('g', -1)];
    const shifted = (values: Float32Array) => values.map((_, i) => values[i - (i % W) + ((i + 1) % W)]); // by one column, around
    const map = (await cam(nchw(a), nchw(g)).data()) as Float32Array;
    const moved = await cam(nchw(shifted(a)), nchw(shifted(g))).data();
    assertClose(
      moved,
      map.map((_, i) => map[i - (i % W) + ((i + 1) % W)]),
      1e-6,
      name,
    );
  });
}

test('features and gradients of unlike shapes are refused', () => {
  const a = nchw(drawn('a', 0));
  for (const cam of [gradCam, gradCamPlusPlus, hiResCam]) {
    assert.throws(
      () => cam(a, tensor(new Float32Array(N * C * PLANE), [N, C, W, H])),
      /features \[2,3,4,5\] and gradients \[2,3,5,4\] must have one shape \[N,C,H,W\]/,
    );
    assert.throws(() => cam(a.reshape([N, -1]), a.reshape([N, -1])), /must have one shape \[N,C,H,W\]/);
  }
});

test.run();
