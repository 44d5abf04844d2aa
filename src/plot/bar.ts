import { type Axis, axisStyle, isShown, numberAxis } from './axis.ts';
import { areaWidth, CHARACTER, layout, type PlotFormat } from './layout.ts';
import { renderSvg } from './render.ts';

/** One bar per category. A value that is not finite, or not positive on a logarithmic axis, has none. */
export interface Bars {
  readonly name: string;
  readonly values: readonly number[];
}

export interface BarPlot {
  readonly title: string;
  readonly y: Axis;
  readonly categories: readonly string[];
  readonly series: readonly Bars[];
  readonly format?: PlotFormat;
}

/** Height of a category whose bars lie, in pixels: for its margin and for each bar. */
const LYING = { margin: 14, bar: 13 };

/**
 * Bars side by side in categories, as SVG text. They stand, or lie where the categories' names would not fit below them.
 * @throws when a series has not one value for every category, or the package "echarts" is not installed.
 */
export async function barPlot({ title, y, categories, series, format = 'sheet' }: BarPlot): Promise<string> {
  for (const bars of series)
    if (bars.values.length !== categories.length)
      throw new Error(
        `barPlot: series "${bars.name}" has ${bars.values.length} values for ${categories.length} categories`,
      );
  const longest = CHARACTER * Math.max(0, ...categories.map((name) => name.length));
  const lie = longest + CHARACTER > areaWidth(format) / categories.length;
  const { option, width, height, gaps } = layout(
    title,
    series.map(({ name }) => name),
    lie
      ? { format, left: longest + 24, least: categories.length * (LYING.margin + LYING.bar * series.length) }
      : { format },
  );
  const shown = series.map(({ values }) => values.map((value) => (isShown(value, y) ? value : null)));
  const names = { ...axisStyle('', 0), type: 'category' as const, data: [...categories], inverse: lie };
  const nameAxis = {
    ...names,
    splitLine: { show: false },
    axisLabel: { ...names.axisLabel, interval: 0 },
    axisTick: { show: false },
  };
  const values = shown.flat().filter((value) => value !== null);
  // On a logarithmic axis, which has no 0 to start from, the least bar must still be seen.
  const valueAxis = numberAxis(y, y.log ? values.flatMap((v) => [v / 2, v]) : values, lie ? gaps.x : gaps.y);
  return renderSvg(
    {
      ...option,
      xAxis: lie ? valueAxis : nameAxis,
      yAxis: lie ? nameAxis : valueAxis,
      series: series.map(({ name }, i) => ({
        name,
        type: 'bar',
        data: shown[i],
        barMaxWidth: 36,
        barGap: '8%',
      })),
    },
    width,
    height,
  );
}
