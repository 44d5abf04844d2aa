import { interpolateInferno } from 'd3-scale-chromatic';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeImage, type RgbImage } from '../../src/data/index.ts';
import {
  heatMap,
  heatMapPng,
  largestOf,
  normaliseMap,
  overlay,
  overlayPng,
  panelPng,
  pictureOf,
  pixelDifference,
  sideBySide,
} from '../../src/explain/index.ts';

const test = suite('pictures of maps');

const grey = (width: number, height: number, value: number): RgbImage => ({
  width,
  height,
  data: new Uint8Array(3 * width * height).fill(value),
});
const rgb = (hex: string): number[] => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
const filled = (value: number, side = 4): Float32Array => new Float32Array(side * side).fill(value);

test('a map is scaled by its largest value, or by that of several, and 0 stays 0', () => {
  const map = Float32Array.of(0, 1, 2, 4);
  assert.equal([...normaliseMap(map)], [0, 0.25, 0.5, 1]);
  assert.is(largestOf([map, Float32Array.of(0, 8)]), 8);
  assert.equal([...normaliseMap(map, 8)], [0, 0.125, 0.25, 0.5]);
  assert.equal([...normaliseMap(Float32Array.of(0, 0))], [0, 0]);
  assert.equal([...normaliseMap(Float32Array.of(0, 0), 8)], [0, 0]);
});

test("the colours are Inferno's", () => {
  for (const value of [0, 0.2, 1]) {
    const colour = rgb(interpolateInferno(Math.round(255 * value) / 255));
    assert.equal([...heatMap(filled(value), 3, 2).data], Array.from({ length: 6 }, () => colour).flat());
  }
});

test('an overlay leaves the picture where there is no heat, and covers it by three quarters where it is highest', () => {
  const picture = grey(8, 6, 100);
  assert.equal(overlay(picture, filled(0)), picture);
  const hot = rgb(interpolateInferno(1)).map((c) => Math.round(0.25 * 100 + 0.75 * c));
  assert.equal([...overlay(picture, filled(1)).data.subarray(0, 3)], hot);
});

test('maps are enlarged bilinearly, between the centres of their cells', () => {
  const { data } = overlay(grey(8, 8, 0), Float32Array.of(0, 1, 0, 1));
  const row = Array.from({ length: 8 }, (_, x) => data[3 * x]);
  // Cells of 4 pixels: the first two columns lie left of the first centre, the last two right of the last one.
  assert.is(row[0], row[1]);
  assert.is(row[6], row[7]);
  for (let x = 2; x < 7; x++) assert.ok(row[x] > row[x - 1], `column ${x} of ${row}`);
});

test('PNG files are pictures, and the same for the same map', () => {
  const map = Float32Array.from({ length: 16 }, (_, i) => i / 15);
  const picture = grey(20, 10, 90);
  assert.equal(decodeImage(overlayPng(picture, map), 'overlay.png'), overlay(picture, map));
  assert.equal(decodeImage(heatMapPng(map, 20, 10), 'heat.png'), heatMap(map, 20, 10));
  assert.equal(overlayPng(picture, map), overlayPng(picture, map));
});

test('a panel shows all five pictures enlarged, with white between them', () => {
  const size = 64;
  const [image, reference] = [10, 70].map((value) => new Uint8Array(3 * size * size).fill(value));
  const mask = new Uint8Array(size * size).fill(1);
  const panel = { image, reference, difference: filled(0), map: filled(0), mask };
  const { width, height, data } = decodeImage(panelPng(panel, size), 'panel.png');
  assert.equal([width, height], [5 * 256 + 4 * 4, 256]);
  const at = (k: number) => [...data.subarray(3 * (k * 260 + 100 * width), 3 * (k * 260 + 100 * width) + 3)];
  assert.equal([0, 1, 2, 3, 4].map(at), [
    [10, 10, 10],
    [70, 70, 70],
    rgb(interpolateInferno(0)),
    [10, 10, 10],
    rgb(interpolateInferno(1)),
  ]);
  assert.equal([...data.subarray(3 * 257, 3 * 257 + 3)], [255, 255, 255]);
  assert.is(decodeImage(panelPng({ ...panel, mask: undefined }, size), 'panel.png').width, 4 * 256 + 3 * 4);
});

test('planes of bytes become a picture, and their differences a map', () => {
  const planes = Uint8Array.of(...[1, 2, 3, 4], ...[5, 6, 7, 8], ...[9, 10, 11, 12]);
  assert.equal([...pictureOf(planes, 2).data], [1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12]);
  const other = planes.map((value, i) => (i % 4 === 2 ? value + 51 : value));
  const difference = pixelDifference(planes, other);
  assert.equal(difference, Float32Array.of(0, 0, 0.2, 0));
  assert.equal(pixelDifference(other, planes), difference);
});

test('what does not fit is refused', () => {
  assert.throws(
    () => overlay(grey(4, 4, 0), new Float32Array(6)),
    /overlay: a map of 6 values is not square/,
  );
  assert.throws(() => sideBySide([grey(4, 4, 0), grey(4, 5, 0)]), /4 x 4 and 4 x 5 pixels: give one size/);
  assert.throws(() => pictureOf(new Uint8Array(11), 2), /11 values are no image \[3,2,2\]/);
  assert.throws(() => pixelDifference(new Uint8Array(12), new Uint8Array(27)), /of 12 and 27 values/);
});

test.run();
