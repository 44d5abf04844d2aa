import { type Axis, isShown, numberAxis } from './axis.ts';
import { layout, type PlotFormat, text } from './layout.ts';
import { renderSvg } from './render.ts';

/** One curve: points (x, y), joined in order. A point that is not finite is a gap. */
export interface Curve {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly dashed?: boolean;
  /** Joined by steps: y stays until the next x. */
  readonly steps?: boolean;
}

/** A point of its own among the curves, with what it is. */
export interface MarkedPoint {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

export interface LinePlot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Curve[];
  readonly marked?: MarkedPoint;
  readonly format?: PlotFormat;
}

/** Beyond this many points marks would hide the line. */
const MOST_MARKS = 40;

/**
 * Curves over numbers, as SVG text.
 * @throws when a curve has not one y for every x, or the package "echarts" is not installed.
 */
export async function linePlot({ title, x, y, series, marked, format }: LinePlot): Promise<string> {
  for (const curve of series)
    if (curve.x.length !== curve.y.length)
      throw new Error(
        `linePlot: curve "${curve.name}" has ${curve.x.length} values of x but ${curve.y.length} of y`,
      );
  const points = series.map((curve) =>
    curve.x.map((at, i): [number, number] | null =>
      isShown(at, x) && isShown(curve.y[i], y) ? [at, curve.y[i]] : null,
    ),
  );
  const drawn = points.flat().filter((point) => point !== null);
  const { option, width, height, gaps } = layout(
    title,
    series.map(({ name }) => name),
    { format },
  );
  return renderSvg(
    {
      ...option,
      // Unlike bars, curves need not start from 0.
      xAxis: {
        ...numberAxis(
          x,
          drawn.map(([at]) => at),
          gaps.x,
        ),
        scale: true,
      },
      yAxis: {
        ...numberAxis(
          y,
          drawn.map(([, value]) => value),
          gaps.y,
        ),
        scale: true,
      },
      series: series.map(({ name, dashed, steps }, i) => ({
        name,
        type: 'line',
        step: steps ? 'end' : false,
        data: points[i].map((point) => point ?? [null, null]),
        showSymbol: points[i].length <= MOST_MARKS,
        symbol: 'circle',
        symbolSize: 5,
        lineStyle: { width: 2, type: dashed ? 'dashed' : 'solid' },
        clip: true,
        ...(i === 0 && marked ? { markPoint: markOf(marked, drawn) } : {}),
      })),
    },
    width,
    height,
  );
}

/** The middle of some numbers. */
const middle = (values: readonly number[]): number =>
  (values.reduce((a, b) => Math.min(a, b)) + values.reduce((a, b) => Math.max(a, b))) / 2;

/** A mark with its name beside it, towards the middle of the points drawn: elsewhere it could be cut, or stand on an axis. */
function markOf({ name, x, y }: MarkedPoint, drawn: readonly [number, number][]) {
  const all = [...drawn, [x, y]];
  const right = x <= middle(all.map(([at]) => at));
  const above = y <= middle(all.map(([, value]) => value));
  return {
    symbol: 'circle',
    symbolSize: 11,
    itemStyle: { color: '#fff', borderColor: '#d55e00', borderWidth: 3 },
    label: {
      ...text,
      fontSize: 12,
      formatter: name,
      position: right ? ('right' as const) : ('left' as const),
      offset: [0, above ? -12 : 14],
    },
    data: [{ name, coord: [x, y] }],
  };
}
