import { type Axis, numberAxis, tick } from './axis.ts';
import { layout, type PlotFormat, text } from './layout.ts';
import { renderSvg } from './render.ts';

/** Values of one kind; one that is not finite is left out. */
export interface ValueGroup {
  readonly name: string;
  readonly values: readonly number[];
}

export interface HistogramPlot {
  readonly title: string;
  /** What the values are. */
  readonly x: Pick<Axis, 'label'>;
  /** What is counted. */
  readonly count: string;
  readonly groups: readonly ValueGroup[];
  /** A value at which to draw an upright line, with what it is. */
  readonly line?: { readonly name: string; readonly value: number };
  readonly format?: PlotFormat;
}

/** Bins in all, about: enough to see two humps, few enough that each holds some of a hundred values. */
const BINS = 24;

/** Round widths for about so many bins from low to high: 1, 2 or 5 times a power of ten. */
function binWidth(span: number): number {
  const least = span / BINS;
  const decade = 10 ** Math.floor(Math.log10(least));
  return decade * ([1, 2, 5, 10].find((step) => step * decade >= least * (1 - 1e-9)) ?? 10);
}

/**
 * How many values of each group fall into bins of equal width, drawn over one another, as SVG text. A bin has its lower end
 * but not its upper one.
 * @throws when no value is finite, or the package "echarts" is not installed.
 */
export async function histogramPlot(plot: HistogramPlot): Promise<string> {
  const { title, x, count, groups, line, format } = plot;
  const finite = groups.map(({ values }) => values.filter(Number.isFinite));
  const all = [...finite.flat(), ...(line && Number.isFinite(line.value) ? [line.value] : [])];
  if (finite.every((values) => values.length === 0))
    throw new Error(`histogramPlot: "${title}": there is no finite value to count`);
  const [low, high] = [Math.min, Math.max].map((end) => all.reduce((a, b) => end(a, b)));
  const width = binWidth(high - low || 1);
  const first = Math.floor(low / width);
  const bins = Math.floor(high / width) - first + 1;
  const edge = (bin: number) => Number(((first + bin) * width).toPrecision(12));
  const counts = finite.map((values) => {
    const bars = new Array<number>(bins).fill(0);
    for (const value of values) bars[Math.floor(value / width) - first]++;
    return bars;
  });
  const { option, gaps, ...size } = layout(
    title,
    groups.map(({ name }) => name),
    { format },
  );
  const xAxis = numberAxis({ ...x, min: edge(0), max: edge(bins) }, [], gaps.x);
  return renderSvg(
    {
      ...option,
      legend: { ...option.legend, itemWidth: 12, itemHeight: 12 },
      xAxis: { ...xAxis, splitLine: { show: false } },
      yAxis: numberAxis({ label: count, min: 0 }, counts.flat(), gaps.y),
      series: groups.map(({ name }, g) => ({
        name,
        type: 'custom',
        itemStyle: { opacity: 0.6 },
        // Each bar from edge to edge, which bars of categories cannot be.
        renderItem: (_, api) => {
          const [left, top] = api.coord([api.value(0), api.value(2)]);
          const [right, bottom] = api.coord([api.value(1), 0]);
          return {
            type: 'rect',
            shape: { x: left, y: top, width: right - left, height: bottom - top },
            style: { fill: api.visual('color') as string, opacity: 0.6 },
          };
        },
        data: counts[g].flatMap((n, bin) => (n > 0 ? [[edge(bin), edge(bin + 1), n]] : [])),
        encode: { x: [0, 1], y: 2 },
        ...(g === 0 && line ? { markLine: uprightLine(line) } : {}),
      })),
    },
    size.width,
    size.height,
  );
}

const uprightLine = ({ name, value }: { readonly name: string; readonly value: number }) => ({
  silent: true,
  symbol: 'none',
  lineStyle: { color: '#000', width: 1.5, type: 'dashed' as const },
  label: { ...text, fontSize: 12, formatter: `${name} ${tick(Number(value.toPrecision(3)))}` },
  data: [{ xAxis: value }],
});
