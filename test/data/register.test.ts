import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerReference } from '../../src/data/index.ts';

const test = suite('registration');

/** A hammer, drawn with soft edges: bytes [3, size, size], turned by degrees and shifted by pixels. Two of its turns look alike. */
function hammer(size: number, angle = 0, dx = 0, dy = 0): Uint8Array {
  const [cos, sin] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  const plane = size * size;
  const image = new Uint8Array(3 * plane);
  const FINE = 4;
  for (let p = 0; p < plane; p++) {
    let inside = 0;
    for (let k = 0; k < FINE * FINE; k++) {
      const x = (p % size) + ((k % FINE) + 0.5) / FINE - size / 2 - dx;
      const y = Math.floor(p / size) + (Math.floor(k / FINE) + 0.5) / FINE - size / 2 - dy;
      const u = (cos * x + sin * y) / size;
      const v = (cos * y - sin * x) / size;
      const handle = Math.abs(v) < 0.06 && Math.abs(u) < 0.35;
      const head = u > 0.22 && u < 0.35 && Math.abs(v) < 0.15;
      if (handle || head) inside++;
    }
    const grey = 60 + (140 * inside) / (FINE * FINE);
    for (let c = 0; c < 3; c++) image[c * plane + p] = grey + 10 * c;
  }
  return image;
}

const meanDifference = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;

/** The smallest turn between two angles, in degrees. */
const turn = (a: number, b: number): number => Math.abs(((((a - b + 180) % 360) + 360) % 360) - 180);

for (const size of [32, 50, 64])
  for (const [angle, dx, dy] of [
    [37, 0, 0],
    [180, 0, 0],
    [-120, 3, -2],
    [90, -4, 3],
    [5, 1, 1],
  ])
    test(`finds a turn of ${angle} degrees and a shift of ${dx}, ${dy} at ${size} px`, () => {
      const [image, reference] = [hammer(size, angle, dx, dy), hammer(size)];
      const found = registerReference(image, reference, size);
      // Half a pixel, at the rim and of the shift.
      const degrees = ((1 / size) * 180) / Math.PI;
      assert.ok(turn(found.angle, angle) <= degrees, `angle ${found.angle}`);
      assert.ok(found.angle >= -180 && found.angle < 180);
      assert.ok(Math.hypot(found.dx - dx, found.dy - dy) <= 0.5, `shift ${found.dx}, ${found.dy}`);
      assert.ok(found.correlation > 0.99, `correlation ${found.correlation}`);
      const [before, after] = [meanDifference(image, reference), meanDifference(image, found.image)];
      assert.ok(after < before / 4, `difference ${before} became ${after}`);
    });

test('a reference that fits already, or has nothing to go by, stays as it is', () => {
  const image = hammer(32);
  const flat = new Uint8Array(image.length).fill(90);
  for (const [a, b] of [
    [image, image],
    [image, flat],
    [flat, image],
  ]) {
    const { angle, dx, dy, image: placed } = registerReference(a, b, 32);
    assert.equal([angle, dx, dy], [0, 0, 0]);
    assert.equal(placed, b);
  }
});

test('brightness does not matter', () => {
  const image = hammer(32, 60);
  const dim = image.map((value) => value / 2 + 20);
  const { angle } = registerReference(dim, hammer(32), 32);
  assert.ok(turn(angle, 60) < 2, `angle ${angle}`);
});

test('where the reference does not reach, its border is repeated', () => {
  // A mark in a corner, outside of the disc that is compared.
  const reference = hammer(32).map((value, i) => (i % 32 === 0 && i < 4 * 32 ? 200 : value));
  const { dx, image } = registerReference(hammer(32, 0, 4, 0), reference, 32);
  assert.is(dx, 4);
  assert.equal([...image.subarray(0, 6)], [200, 200, 200, 200, 200, 60]);
});

test('the same pictures give the same bits', () => {
  const [image, reference] = [hammer(32, 77), hammer(32)];
  assert.equal(registerReference(image, reference, 32), registerReference(image, reference, 32));
});

test('pictures of another size are refused', () => {
  const image = hammer(32);
  assert.throws(
    () => registerReference(image, image.slice(3), 32),
    /registerReference: reference has 3069 values, expected \[3,32,32\] with a side of at least 16/,
  );
  assert.throws(() => registerReference(new Uint8Array(3 * 64), new Uint8Array(3 * 64), 8), /at least 16/);
});

test.run();
