import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { barPlot, histogramPlot, inlineSvg, linePlot, savePlot, svgToPng } from '../../src/plot/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'medetection-plot-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** The texts of an SVG, in order. */
const texts = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((m) => m[1]);
/** Paths drawn in a colour. */
const paths = (svg: string, colour: string): string[] =>
  [...svg.matchAll(/<path d="([^"]*)"[^>]*?(?:stroke|fill)="(#\w+)"/g)]
    .filter((m) => m[2] === colour)
    .map((m) => m[1]);
const [first, second] = ['#0072b2', '#d55e00'];

const curves = {
  title: 'loss & <inner> steps',
  x: { label: 'step' },
  y: { label: 'loss', log: true },
  series: [
    { name: 'support', x: [0, 1, 2, 3], y: [100, 10, 1, 0.1] },
    { name: 'query', x: [0, 1, 2, 3], y: [100, 20, 5, 2], dashed: true },
  ],
};

test('a line plot carries its title, axes and legend, escaped', async () => {
  const svg = await linePlot(curves);
  const all = texts(svg);
  for (const text of ['loss &amp; &lt;inner&gt; steps', 'step', 'loss', 'support', 'query'])
    assert.ok(all.includes(text), text);
  for (const decade of ['0.1', '1', '10', '100']) assert.ok(all.includes(decade), decade);
  assert.match(svg, /stroke="#d55e00"[^>]*stroke-dasharray/);
  assert.not.match(svg, /stroke="#0072b2"[^>]*stroke-dasharray/);
});

test('equal ratios are equal distances on a logarithmic axis', async () => {
  const [line] = paths(await linePlot(curves), first).filter((d) => /^M\S+ \S+L/.test(d) && d.length > 20);
  const ys = [...line.matchAll(/[ML]\S+ ([\d.]+)/g)].map((m) => Number(m[1]));
  const steps = ys.slice(1).map((y, i) => y - ys[i]);
  assert.is(steps.length, 3);
  // Coordinates are written with one decimal.
  for (const step of steps) assert.ok(step > 100 && Math.abs(step - steps[0]) < 0.21, String(steps));
});

test('what an axis cannot show is a gap', async () => {
  const plot = (y: number[], log: boolean) =>
    linePlot({
      title: 't',
      x: { label: 'x' },
      y: { label: 'y', log },
      series: [{ name: 'a', x: [0, 1, 2, 3, 4], y }],
    });
  const marks = async (y: number[], log: boolean) =>
    paths(await plot(y, log), first).filter((d) => d.startsWith('M1 0A')).length;
  assert.is(await marks([1, 2, 3, 4, 5], false), 5);
  assert.is(await marks([1, Number.NaN, 3, Number.POSITIVE_INFINITY, 5], false), 3);
  assert.is(await marks([1, 0, -3, 4, 5], false), 5);
  assert.is(await marks([1, 0, -3, 4, 5], true), 3);
  assert.is(await marks([Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN], true), 0);
});

test('bars are as long as their values and start from 0', async () => {
  const svg = await barPlot({
    title: 'dispatches',
    y: { label: 'count' },
    categories: ['forward', 'inner'],
    series: [
      { name: 'first', values: [10, 40] },
      { name: 'second', values: [20, Number.NaN] },
    ],
  });
  const heights = (colour: string) =>
    paths(svg, colour)
      .map((d) => /^M\S+ (\S+)l\S+ 0l0 (\S+)l/.exec(d))
      .filter((m) => m !== null)
      .map((m) => Math.abs(Number(m[2])));
  // The last path of each colour is the legend's.
  const [ten, forty] = heights(first);
  const [twenty] = heights(second);
  assert.ok(
    Math.abs(twenty / ten - 2) < 0.01 && Math.abs(forty / ten - 4) < 0.01,
    `${ten} ${twenty} ${forty}`,
  );
});

test('names that would not fit below the bars stand beside them, all of them', async () => {
  const categories = Array.from({ length: 30 }, (_, i) => `a.tensor.with.a.long.path.${i}`);
  const svg = await barPlot({
    title: 't',
    y: { label: 'norm' },
    categories,
    series: [{ name: 'norm', values: categories.map((_, i) => i + 1) }],
  });
  const all = texts(svg);
  for (const name of categories) assert.ok(all.includes(name), name);
});

test('a histogram counts into bins from edge to edge, and marks a value', async () => {
  const svg = await histogramPlot({
    title: 'scores',
    x: { label: 'score' },
    count: 'pictures',
    groups: [
      { name: 'normal', values: [-2, -2, -2, -1.95, Number.NaN, 0] },
      { name: 'defective', values: [2.35] },
    ],
    line: { name: 'threshold', value: 0.5 },
  });
  const all = texts(svg);
  for (const text of ['scores', 'score', 'pictures', 'normal', 'defective', 'threshold 0.5'])
    assert.ok(all.includes(text), text);
  const rects = paths(svg, first)
    .map((d) => /^M(\S+) (\S+)l(\S+) 0l0 (\S+)l/.exec(d)?.slice(1).map(Number))
    .filter((m) => m !== undefined);
  // The legend's mark comes last. Bins are 0.2 wide, the axis goes from -2 to 2.4: 22 of them.
  const [four, one] = rects;
  assert.is(rects.length >= 2, true);
  assert.ok(Math.abs(four[3] / one[3] - 4) < 0.01, `${four} ${one}`);
  assert.ok(Math.abs(four[2] * 22 - 620) < 1 && Math.abs(one[2] - four[2]) < 0.1, `${four} ${one}`);
  assert.ok(Math.abs((one[0] - four[0]) / four[2] - 10) < 0.05, `${four} ${one}`);
});

test('a histogram of nothing is refused', async () => {
  const groups = [{ name: 'a', values: [Number.NaN] }];
  const error = await histogramPlot({ title: 't', x: { label: 'x' }, count: 'n', groups }).catch((e) => e);
  assert.is(error.message, 'histogramPlot: "t": there is no finite value to count');
  const same = await histogramPlot({
    title: 't',
    x: { label: 'x' },
    count: 'n',
    groups: [{ name: 'a', values: [3, 3] }],
  });
  assert.ok(paths(same, first).length > 0);
});

test('a marked point carries its name, and steps have corners only', async () => {
  const svg = await linePlot({
    ...curves,
    y: { label: 'loss' },
    series: [{ ...curves.series[0], steps: true }],
    marked: { name: 'chosen', x: 1, y: 10 },
  });
  assert.ok(texts(svg).includes('chosen'));
  const [line] = paths(svg, first).filter((d) => d.startsWith('M') && d.includes('L') && !d.includes('A'));
  const points = [...line.matchAll(/[ML](\S+) ([\d.]+)/g)].map((m) => [Number(m[1]), Number(m[2])]);
  for (const [i, [x, y]] of points.slice(1).entries())
    assert.ok(x === points[i][0] || y === points[i][1], `${points}`);
});

test('for a column of a page a plot is narrower, and its legend stands below', async () => {
  const size = (svg: string) => /width="(\d+)" height="(\d+)"/.exec(svg)!.slice(1).map(Number);
  const [sheet, column] = [await linePlot(curves), await linePlot({ ...curves, format: 'column' })];
  assert.ok(size(column)[0] < size(sheet)[0] - 200, `${size(column)} ${size(sheet)}`);
  const one = await linePlot({ ...curves, format: 'column', series: [curves.series[0]] });
  assert.is(size(one)[0], size(column)[0]);
  assert.is(size(column)[1] - size(one)[1], 44);
});

test('plots on one page have parts of different names', async () => {
  const svg = await linePlot(curves);
  const names = (text: string) => [...text.matchAll(/(?: id="|url\(#)([^")]+)/g)].map((m) => m[1]);
  assert.ok(names(svg).length > 1);
  for (const name of names(inlineSvg(svg, 'roc'))) assert.match(name, /^roc-/);
});

test('the same plot is the same text, whatever was drawn before', async () => {
  const svg = await linePlot(curves);
  await barPlot({ title: 't', y: { label: 'y' }, categories: ['a'], series: [{ name: 'b', values: [1] }] });
  assert.is(await linePlot(curves), svg);
});

test('data of two lengths are refused, with the name', async () => {
  const rejected = async (plot: Promise<string>) => {
    try {
      await plot;
    } catch (error) {
      return (error as Error).message;
    }
    return 'none';
  };
  const uneven = { ...curves, series: [{ name: 'support', x: [0, 1], y: [1] }] };
  assert.is(await rejected(linePlot(uneven)), 'linePlot: curve "support" has 2 values of x but 1 of y');
  assert.is(
    await rejected(
      barPlot({ title: 't', y: { label: 'y' }, categories: ['a'], series: [{ name: 'b', values: [] }] }),
    ),
    'barPlot: series "b" has 0 values for 1 categories',
  );
});

test('PNG: the picture of the SVG, at twice its size', async () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"><rect width="2" height="2" fill="#f00"/></svg>';
  const { width, height, data, channels } = decode(await svgToPng(svg));
  assert.equal([width, height, channels], [8, 4, 4]);
  assert.equal([...data.slice(0, 4)], [255, 0, 0, 255]);
  assert.is(data[4 * 7 + 3], 0);
});

test('PNG: text is written, or refused where there is no font', async () => {
  const draw = async (text: string) =>
    svgToPng(
      `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text y="15">${text}</text></svg>`,
    );
  const [written, blank] = await Promise.allSettled([draw('W'), draw(' ')]);
  if (written.status === 'fulfilled' && blank.status === 'fulfilled')
    assert.not.equal([...written.value], [...blank.value]);
  else assert.match(String((written as PromiseRejectedResult).reason), /no font is installed/);
});

test('savePlot writes what the name says, in folders that it makes', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"></svg>';
  const path = join(folder, 'deep', 'plot');
  await savePlot(`${path}.svg`, svg);
  await savePlot(`${path}.png`, svg);
  assert.is(readFileSync(`${path}.svg`, 'utf8'), svg);
  assert.is(decode(readFileSync(`${path}.png`)).width, 8);
  let message = '';
  await savePlot(`${path}.jpg`, svg).catch((error) => {
    message = error.message;
  });
  assert.match(message, /must end in \.svg or \.png/);
  assert.not(existsSync(`${path}.jpg`));
});

test.run();
