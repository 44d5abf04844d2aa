import { decode } from 'jpeg-js';
import { renderToString } from 'preact-render-to-string';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Interrupted, type ScoredImage } from '../../src/medetection/index.ts';
import { summary } from '../../src/metrics/index.ts';
import { csvOf } from '../../src/report/csv.ts';
import { andThen, find } from '../../src/report/found.ts';
import { html } from '../../src/report/html.ts';
import { decimals, digits } from '../../src/report/numbers.ts';
import { plot, shown } from '../../src/report/parts.ts';
import { fitted, photograph, svgPicture } from '../../src/report/picture.ts';
import { byPart } from '../../src/report/sections/inspection.ts';
import { recallByKind } from '../../src/report/sections/kinds.ts';
import { movingMean } from '../../src/report/sections/meta-training.ts';
import { outcomes } from '../../src/report/sections/mistakes.ts';

const scored = (...rows: readonly [id: string, kind: string, score: number][]): ScoredImage[] =>
  rows.map(([id, kind, score]) => ({ id, kind, score, label: kind === 'good' ? 0 : 1, part: 'test' }));

const images = scored(
  ['a', 'good', -3],
  ['b', 'good', 1],
  ['c', 'good', 2],
  ['d', 'cut', 0.5],
  ['e', 'cut', -1],
  ['f', 'hole', -2],
  ['g', 'hole', 3],
  ['h', 'hole', 4],
);
const judged = {
  images,
  test: summary(
    images.map(({ label }) => label),
    images.map(({ score }) => score),
    0.5,
  ),
};

test('the worst come first: the lowest scores of misses, the highest of alarms and finds', () => {
  const ids = outcomes(judged).map((outcome) => outcome.images.map(({ id }) => id).join(''));
  // A score at the threshold is called defective.
  assert.equal(ids, ['fe', 'cb', 'hgd']);
});

test('recall by type, the least first', () => {
  assert.equal(recallByKind(judged), [
    { kind: 'cut', pictures: 2, found: 1 },
    { kind: 'hole', pictures: 3, found: 2 },
  ]);
});

test('the table: names with commas are quoted, names that begin as formulas are marked, negative scores are not', () => {
  const csv = csvOf({ ...judged, images: scored(['1/a,"b".png', '=1+1', -0.25], ['0/c.png', 'good', 0.5]) });
  assert.equal(csv.split('\n'), [
    'id,label,kind,score,decision',
    `"1/a,""b"".png",1,'=1+1,-0.25,normal`,
    '0/c.png,0,good,0.5,defective',
    '',
  ]);
});

test('a moving mean is over what there is at first', () => {
  assert.equal(movingMean([1, 3, 5, 10], 2), [1, 2, 4, 7.5]);
});

test('gradients of tensors as those of the parts that they belong to', () => {
  // first (1, 0), second (1, 1) as one vector: cosine 1 / sqrt 2.
  const tensors = [
    { path: 'trunk.block1.conv.weight', firstOrder: 1, secondOrder: 1, cosine: 1 },
    { path: 'trunk.block1.conv.bias', firstOrder: 0, secondOrder: 1, cosine: Number.NaN },
    { path: 'head.weight', firstOrder: 2, secondOrder: 3, cosine: -1 },
    { path: 'all', firstOrder: 5, secondOrder: 6, cosine: 0.5 },
  ];
  const parts = byPart(tensors);
  assert.equal(
    parts.map(({ path }) => path),
    ['trunk.block1', 'head', 'all'],
  );
  assert.ok(Math.abs(parts[0].cosine - Math.SQRT1_2) < 1e-12);
  assert.ok(Math.abs(parts[0].secondOrder - Math.SQRT2) < 1e-12);
  assert.is(parts[1].cosine, -1);
});

test('what fails is left out with its reason; the wish to stop is not', async () => {
  const lost = await find((): number => {
    throw new Error('the disk <is> gone');
  });
  const next = await andThen(lost, (n) => n + 1);
  const text = renderToString(html`<div>${shown(next, 'a number', String)}</div>`);
  assert.match(text, /Left out: a number\.<\/strong> the disk &lt;is> gone/);
  const stopped = await find(() => {
    throw new Interrupted('stop');
  }).catch((error: unknown) => error);
  assert.instance(stopped, Interrupted);
});

test('a plot that cannot be drawn says so', async () => {
  const drawn = await plot('a', async () => '<svg id="zr-c0"><g clip-path="url(#zr-c0)"/></svg>', 'fine');
  assert.match(renderToString(html`<div>${drawn}</div>`), 'id="a-zr-c0"><g clip-path="url(#a-zr-c0)"');
  const failed = await plot('b', () => Promise.reject(new Error('drawing needs "echarts"')), 'x');
  assert.match(renderToString(html`<div>${failed}</div>`), /Left out: a plot\.<\/strong> drawing needs/);
});

test('pictures keep their colours and proportions', () => {
  const red = { width: 40, height: 20, data: new Uint8Array(2400).map((_, i) => (i % 3 === 0 ? 250 : 10)) };
  for (const side of [20, 80]) {
    const { source, width, height } = photograph(fitted(red, side));
    assert.equal([width, height], [side, side / 2]);
    const decoded = decode(Buffer.from(source.replace('data:image/jpeg;base64,', ''), 'base64'));
    assert.equal([decoded.width, decoded.height], [width, height]);
    const [r, g, b] = decoded.data;
    assert.ok(Math.abs(r - 250) < 8 && g < 20 && b < 20, `${r} ${g} ${b}`);
  }
});

test('a drawing has the size that it states', () => {
  const { source, width, height } = svgPicture('<svg xmlns="x" width="30" height="20.5"></svg>');
  assert.equal([width, height], [30, 20.5]);
  assert.match(source, /^data:image\/svg\+xml;base64,/);
  assert.throws(() => svgPicture('<svg></svg>'), /states no width and height/);
});

test('numbers: a minus sign, a dash for none', () => {
  assert.equal(
    [decimals(-0.5), decimals(Number.NaN), decimals(2e6), digits(-0.12345)],
    ['\u22120.500', '\u2013', '2.0e6', '\u22120.123'],
  );
});

test.run();
