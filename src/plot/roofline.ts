import { isShown, numberAxis, tick } from './axis.ts';
import { layout, text } from './layout.ts';
import { palette, renderSvg } from './render.ts';

/** What one kernel reached. */
export interface RooflinePoint {
  /** Points of one name share a mark. */
  readonly name: string;
  /** Arithmetic intensity. */
  readonly flopsPerByte: number;
  readonly flopsPerSecond: number;
}

export interface RooflinePlot {
  readonly title: string;
  /** The machine's ceilings. */
  readonly flopsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly points: readonly RooflinePoint[];
}

const GIGA = 1e9;
/** Told apart from the next one of the same colour. */
const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond'];
const ROOF = '#444';

/**
 * The roofline of a machine (Williams, Waterman & Patterson 2009) with kernels below it, on logarithmic axes, as SVG text.
 * What does no arithmetic has no place there and is left out.
 * @throws when the package "echarts" is not installed.
 */
export async function rooflinePlot(plot: RooflinePlot): Promise<string> {
  const { title, flopsPerSecond, bytesPerSecond } = plot;
  const x = { label: 'FLOP per byte', log: true };
  const y = { label: 'GFLOP/s', log: true };
  const points = plot.points.filter((p) => isShown(p.flopsPerByte, x) && isShown(p.flopsPerSecond, y));
  const names = [...new Set(points.map(({ name }) => name))];
  const ridge = flopsPerSecond / bytesPerSecond;
  // Both ceilings are seen, and the points a little inside of the axes.
  const intensities = [...points.map((p) => p.flopsPerByte), ridge].flatMap((v) => [v / 1.5, v * 1.5]);
  const [left, right] = [Math.min(...intensities), Math.max(...intensities, 4 * ridge)];
  const roof = [left, ridge, right].map((at) => [at, Math.min(flopsPerSecond, at * bytesPerSecond) / GIGA]);
  const rates = [...points.map((p) => p.flopsPerSecond / GIGA), roof[0][1], (1.5 * flopsPerSecond) / GIGA];
  const { option, width, height, gaps } = layout(title, names);
  const ceiling = (name: string, data: number[][], at: 'insideMiddleTop' | 'insideEndTop') => ({
    silent: true,
    symbol: 'none',
    lineStyle: { color: ROOF, width: 2, type: 'solid' as const },
    label: { ...text, position: at, formatter: name, fontSize: 12 },
    data: [data.map((coord) => ({ coord }))] as [{ coord: number[] }, { coord: number[] }][],
  });
  return renderSvg(
    {
      ...option,
      legend: { ...option.legend, itemWidth: 10, itemHeight: 10 },
      xAxis: numberAxis(x, [left, right], gaps.x),
      yAxis: numberAxis(y, rates, gaps.y),
      series: [
        {
          type: 'scatter',
          data: [],
          markLine: ceiling(
            `${tick(three(bytesPerSecond / GIGA))} GB/s copied`,
            roof.slice(0, 2),
            'insideMiddleTop',
          ),
        },
        {
          type: 'scatter',
          data: [],
          markLine: ceiling(`${tick(three(flopsPerSecond / GIGA))} GFLOP/s`, roof.slice(1), 'insideEndTop'),
        },
        ...names.map((name, i) => ({
          name,
          type: 'scatter' as const,
          symbol: SYMBOLS[Math.floor(i / palette.length) % SYMBOLS.length],
          symbolSize: 9,
          itemStyle: { color: palette[i % palette.length] },
          data: points.filter((p) => p.name === name).map((p) => [p.flopsPerByte, p.flopsPerSecond / GIGA]),
        })),
      ],
    },
    width,
    height,
  );
}

/** Three digits: more of a measured ceiling would only pretend. */
const three = (value: number): number => Number(value.toPrecision(3));
