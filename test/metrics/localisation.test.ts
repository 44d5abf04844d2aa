import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { auroc, connectedComponents, iou, pixelAuroc, pointingGame, pro } from '../../src/metrics/index.ts';
import { Random } from '../../src/random.ts';

const test = suite('localisation');

/** A mask from rows of `.` and `#`. */
const mask = (...rows: string[]): Uint8Array =>
  Uint8Array.from(rows.join(''), (mark) => (mark === '#' ? 1 : 0));
const map = (...values: number[]): Float32Array => Float32Array.from(values);
const near = (actual: number, expected: number, what: string, by = 1e-12) =>
  assert.ok(Math.abs(actual - expected) <= by, `${what}: ${actual} is not ${expected}`);

test('regions touch by sides and corners, and not around the edge of a row', () => {
  const regions = (width: number, ...rows: string[]) =>
    connectedComponents(mask(...rows), width).map((region) => [...region].sort((a, b) => a - b));
  assert.equal(regions(4, '#..#', '.#..', '....'), [[0, 5], [3]]);
  // The end of a row and the start of the next, or of the one after, are no neighbours.
  assert.equal(regions(3, '..#', '#..', '..#'), [[2], [3], [8]]);
  assert.equal(regions(2, '..', '..'), []);
  assert.equal(regions(1, '#', '#', '.', '#'), [[0, 1], [3]]);
  assert.equal(
    regions(5, '#####', '#...#', '#.#.#', '#...#', '#####').map((r) => r.length),
    [16, 1],
  );
  // A spiral is one, and a U whose arms are met before its bottom too.
  assert.is(regions(5, '####.', '...#.', '##.#.', '#..#.', '####.').length, 1);
  assert.is(regions(3, '#.#', '#.#', '###').length, 1);
});

test('regions agree with a search by definition on random masks', () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = new Random(seed);
    const [width, height] = [1 + random.int(9), 1 + random.int(9)];
    const pixels = Uint8Array.from({ length: width * height }, () => (random.int(5) < 2 ? 1 : 0));
    // The smallest label spreads to neighbours until nothing changes.
    const labels = Array.from(pixels, (value, i) => (value === 1 ? i : -1));
    for (let changed = true; changed; ) {
      changed = false;
      for (const [a, labelA] of labels.entries())
        for (const [b, labelB] of labels.entries()) {
          const near =
            Math.abs((a % width) - (b % width)) <= 1 &&
            Math.abs(Math.floor(a / width) - Math.floor(b / width)) <= 1;
          if (!near || labelA < 0 || labelB < 0 || labels[a] <= labels[b]) continue;
          labels[a] = labels[b];
          changed = true;
        }
    }
    const expected = new Map<number, number[]>();
    for (const [i, label] of labels.entries())
      if (label >= 0) expected.set(label, [...(expected.get(label) ?? []), i]);
    assert.equal(
      connectedComponents(pixels, width).map((region) => [...region].sort((a, b) => a - b)),
      [...expected.values()],
      `seed ${seed}`,
    );
  }
});

/** Four 12 px maps with many ties, and their masks, of integers by the generator of Park and Miller. */
function referenceCase(): { maps: Float32Array[]; masks: Uint8Array[] } {
  const boxes = [
    [
      [1, 1, 4, 3],
      [7, 6, 9, 9],
      [5, 4, 6, 5],
    ],
    [],
    [[0, 0, 1, 8]],
    [
      [2, 2, 2, 2],
      [10, 0, 11, 11],
      [3, 3, 4, 3],
    ],
  ];
  let x = 1;
  const draw = () => {
    x = (x * 16807) % 2147483647;
    return x;
  };
  const masks = boxes.map((list) => {
    const pixels = new Uint8Array(144);
    for (const [x0, y0, x1, y1] of list)
      for (let y = y0; y <= y1; y++) pixels.fill(1, 12 * y + x0, 12 * y + x1 + 1);
    return pixels;
  });
  return { masks, maps: masks.map((m) => Float32Array.from(m, (value) => (draw() % 40) / 8 + 1.5 * value)) };
}

test('agrees with scikit-learn and scipy on maps with ties', () => {
  const { maps, masks } = referenceCase();
  // Computed once on the same maps with scikit-learn 1.2.1: roc_auc_score and jaccard_score(score >= 4) of all pixels;
  // and with scipy 1.10 and NumPy 1.24: regions by scipy.ndimage.label with a structure of 3 x 3 ones, at every distinct
  // score the mean over regions of mean(score >= t) against mean(normal pixels >= t), cut at the limit by np.interp,
  // np.trapz divided by the limit.
  near(pixelAuroc(maps, masks), 0.779024483237561, 'pixel AUROC');
  near(pro(maps, masks, 12), 0.5294515972945396, 'PRO up to 0.3');
  near(pro(maps, masks, 12, 1), 0.7809319677175045, 'PRO up to 1');
  near(pro(maps, masks, 12, 0.05), 0.4277938240267391, 'PRO up to 0.05');
  near(iou(maps, masks, 4), 0.2222222222222222, 'IoU');
});

/** PRO by its definition: the curve from every distinct score, trapezoids, and a last one cut at the limit. */
function proByDefinition(maps: Float32Array[], masks: Uint8Array[], width: number, limit: number): number {
  const regions = maps.flatMap((m, i) =>
    connectedComponents(masks[i], width).map((region) => [...region].map((p) => m[p])),
  );
  const normals = maps.flatMap((m, i) => [...m].filter((_, p) => masks[i][p] === 0));
  const share = (values: number[], t: number) => values.filter((v) => v >= t).length / values.length;
  const thresholds = [...new Set(maps.flatMap((m) => [...m]))].sort((a, b) => b - a);
  const points = thresholds.map((t) => [
    share(normals, t),
    regions.reduce((sum, region) => sum + share(region, t), 0) / regions.length,
  ]);
  let area = 0;
  let [x, y] = [0, 0];
  for (const [nextX, nextY] of points) {
    const end = Math.min(nextX, limit);
    const endY = nextX === x ? nextY : y + ((nextY - y) * (end - x)) / (nextX - x);
    area += ((end - x) * (y + endY)) / 2;
    [x, y] = [end, endY];
    if (nextX >= limit) break;
  }
  return area / limit;
}

test('exact on random maps: AUROC as of images, PRO by its definition', () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = new Random(seed);
    const width = 2 + random.int(6);
    const size = width * (2 + random.int(6));
    const levels = [2, 5, 1000][seed % 3];
    const masks = [0, 1, 2].map(() => Uint8Array.from({ length: size }, () => (random.int(4) === 0 ? 1 : 0)));
    // At least one pixel of each class.
    masks[0][0] = 1;
    masks[0][1] = 0;
    const maps = masks.map((m) => Float32Array.from(m, (v) => random.int(levels) / 7 + (v * levels) / 30));
    const labels = masks.flatMap((m) => [...m]);
    const scores = maps.flatMap((m) => [...m]);
    near(pixelAuroc(maps, masks), auroc(labels, scores), `AUROC, seed ${seed}`);
    for (const limit of [0.05, 0.3, 1])
      near(
        pro(maps, masks, width, limit),
        proByDefinition(maps, masks, width, limit),
        `PRO up to ${limit}, seed ${seed}`,
      );
  }
});

test('by hand: a small region counts as much as a large one', () => {
  const defects = mask('##.#', '##..');
  // The large region is all above the normal pixels, the small one all below.
  const maps = [map(9, 9, 1, 0, 9, 9, 2, 3)];
  assert.is(pixelAuroc(maps, [defects]), 0.8);
  assert.is(pro(maps, [defects], 4), 0.5);
  // Perfect, reversed, and a map of one value, whose curve is the diagonal.
  assert.is(pro([map(9, 9, 1, 9, 9, 9, 2, 3)], [defects], 4), 1);
  assert.is(pro([map(0, 0, 1, 0, 0, 0, 2, 3)], [defects], 4), 0);
  near(pro([map(1, 1, 1, 1, 1, 1, 1, 1)], [defects], 4), 0.15, 'PRO of one value');
  assert.is(pixelAuroc([map(1, 1, 1, 1, 1, 1, 1, 1)], [defects]), 0.5);
});

test('the pointing game asks images with a defect only, and shares ties out', () => {
  const [defect, none] = [mask('#.', '.#'), mask('..', '..')];
  assert.is(pointingGame([map(5, 1, 2, 3)], [defect]), 1);
  assert.is(pointingGame([map(5, 1, 9, 3)], [defect]), 0);
  assert.is(pointingGame([map(5, 1, 9, 3), map(5, 1, 2, 3), map(9, 9, 9, 9)], [defect, defect, none]), 0.5);
  assert.is(pointingGame([map(7, 7, 7, 1)], [defect]), 1 / 3);
  assert.is(pointingGame([map(0, 0, 0, 0)], [defect]), 0.5);
});

test('with a margin the pointing game takes pixels beside the mask, as the crow flies', () => {
  const defect = mask('#...', '....', '....');
  const hot = (at: number) => Float32Array.from({ length: 12 }, (_, p) => (p === at ? 1 : 0));
  const near = (at: number, pixels: number) => pointingGame([hot(at)], [defect], { pixels, width: 4 });
  assert.equal(
    [0, 1, 4, 5, 2].map((at) => near(at, 1)),
    [1, 1, 1, 0, 0],
  );
  assert.equal(
    [5, 2, 8, 6].map((at) => near(at, 2)),
    [1, 1, 1, 0],
  );
  assert.is(near(3, 0), 0);
  // A map of one value, as one that is zero everywhere, counts by the share of pixels that are near: also of a large one at once.
  const side = 256;
  const square = new Uint8Array(side ** 2).fill(1, 0, 100 * side);
  const flat = new Float32Array(side ** 2);
  assert.is(pointingGame([flat], [square], { pixels: 7.68, width: side }), 107 / side);
  // The end of a row is not beside the start of the next.
  assert.is(pointingGame([hot(3)], [mask('....', '#...', '....')], { pixels: 1, width: 4 }), 0);
  assert.throws(() => pointingGame([hot(0)], [defect], { pixels: 1, width: 5 }), /no whole rows of width 5/);
});

test('IoU counts pixels from the threshold on, of all images together', () => {
  const defect = mask('#.', '.#');
  assert.is(iou([map(2, 2, 1, 1)], [defect], 2), 1 / 3);
  assert.is(iou([map(2, 2, 1, 1), map(5, 0, 0, 5)], [defect, defect], 2), 3 / 5);
  assert.is(iou([map(0, 0, 0, 0)], [defect], 1), 0);
});

test('without a defect, or with nothing else, what is undefined is NaN', () => {
  const maps = [map(1, 2, 3, 4)];
  for (const masks of [[mask('..', '..')], [mask('##', '##')]]) {
    assert.ok(Number.isNaN(pixelAuroc(maps, masks)));
    assert.ok(Number.isNaN(pro(maps, masks, 2)));
  }
  assert.ok(Number.isNaN(pointingGame(maps, [mask('..', '..')])));
  assert.ok(Number.isNaN(iou(maps, [mask('..', '..')], 5)));
  assert.is(iou(maps, [mask('..', '..')], 4), 0);
});

test('infinite scores have a rank', () => {
  assert.is(pixelAuroc([map(Infinity, 1, -Infinity, Infinity)], [mask('#..#')]), 1);
  assert.is(pro([map(-Infinity, 1, 2, -Infinity)], [mask('#..#')], 4), 0);
});

test('maps and masks on which a metric has no meaning are refused', () => {
  const one = mask('#.', '..');
  const good = map(1, 2, 3, 4);
  const all: ((maps: Float32Array[], masks: Uint8Array[]) => unknown)[] = [
    pixelAuroc,
    pointingGame,
    (maps, masks) => pro(maps, masks, 2),
    (maps, masks) => iou(maps, masks, 0),
  ];
  for (const metric of all) {
    assert.throws(() => metric([], []), /no maps/);
    assert.throws(() => metric([good], [one, one]), /1 maps but 2 masks/);
    assert.throws(() => metric([good], [one.subarray(0, 2)]), /map 0 has 4 pixels but its mask 2/);
    assert.throws(() => metric([map()], [mask()]), /map 0 has 0 pixels/);
    assert.throws(
      () => metric([good, good], [one, Uint8Array.of(0, 0, 255, 0)]),
      /mask 1 has the value 255 at pixel 2/,
    );
    assert.throws(() => metric([map(1, 2, 3, Number.NaN)], [one]), /map 0 is NaN at pixel 3/);
  }
  for (const width of [3, 0, 1.5, Number.NaN]) {
    assert.throws(() => pro([good], [one], width), /pro: 4 pixels are no whole rows of width/);
    assert.throws(() => connectedComponents(one, width), /connectedComponents: 4 pixels are no whole rows/);
  }
  for (const limit of [0, -1, 1.1, Number.NaN])
    assert.throws(() => pro([good], [one], 2, limit), /must be above 0 and at most 1/);
  assert.throws(() => iou([good], [one], Number.NaN), /threshold is NaN/);
});

test.run();
