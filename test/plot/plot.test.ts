import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { barPlot, linePlot, savePlot, svgToPng } from '../../src/plot/index.ts';

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
