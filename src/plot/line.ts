import { type Axis, gaps, isShown, numberAxis } from './axis.ts';
import { layout } from './layout.ts';
import { renderSvg } from './render.ts';

/** One curve: points (x, y), joined in order. A point that is not finite is a gap. */
export interface Curve {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly dashed?: boolean;
}

export interface LinePlot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Curve[];
}

/** Beyond this many points marks would hide the line. */
const MOST_MARKS = 40;

/**
 * Curves over numbers, as SVG text.
 * @throws when a curve has not one y for every x, or the package "echarts" is not installed.
 */
export async function linePlot({ title, x, y, series }: LinePlot): Promise<string> {
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
  const { option, width, height } = layout(
    title,
    series.map(({ name }) => name),
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
      series: series.map(({ name, dashed }, i) => ({
        name,
        type: 'line',
        data: points[i].map((point) => point ?? [null, null]),
        showSymbol: points[i].length <= MOST_MARKS,
        symbol: 'circle',
        symbolSize: 5,
        lineStyle: { width: 2, type: dashed ? 'dashed' : 'solid' },
        clip: true,
      })),
    },
    width,
    height,
  );
}
