import type { EChartsOption } from 'echarts';
import { plotFont } from './render.ts';

/** For a picture of its own, with the legend to the right, or for one of two columns of a page, with the legend below. */
export type PlotFormat = 'sheet' | 'column';

/** The area inside the axes, the margins, the distances of axis names from their axes, and the title, in pixels. */
const formats = {
  sheet: {
    area: { width: 620, height: 340 },
    margin: { left: 84, right: 32, top: 62, bottom: 58 },
    gaps: { x: 34, y: 62 },
    title: { top: 18, fontSize: 17 },
  },
  column: {
    area: { width: 400, height: 250 },
    margin: { left: 66, right: 24, top: 58, bottom: 52 },
    gaps: { x: 30, y: 46 },
    title: { top: 8, fontSize: 15 },
  },
} as const;
const LEGEND_ROW = 22;
/** A wide character of small text, in pixels: names are never cut. */
export const CHARACTER = 7.5;
const LEGEND_ICON = 58;

export const text = { fontFamily: plotFont, color: '#222' };

/** The width of the area inside the axes, in pixels. */
export const areaWidth = (format: PlotFormat): number => formats[format].area.width;

export interface Layout {
  readonly option: EChartsOption;
  readonly width: number;
  readonly height: number;
  /** Distances of axis names from their axes. */
  readonly gaps: { readonly x: number; readonly y: number };
}

/**
 * What every plot has: a title above, a legend if there is more than one series, and room for both.
 * @param left pixels for what is written to the left of the axes
 * @param least pixels of height inside of them
 */
export function layout(
  title: string,
  names: readonly string[],
  { format = 'sheet', left, least = 0 }: { format?: PlotFormat; left?: number; least?: number } = {},
): Layout {
  const { area, margin, gaps, title: heading } = formats[format];
  const start = left ?? margin.left;
  const legend = names.length > 1;
  const below = format === 'column';
  const longest = Math.max(0, ...names.map((name) => name.length));
  const legendWidth = legend && !below ? LEGEND_ICON + Math.ceil(CHARACTER * longest) : 0;
  const rows = legend ? LEGEND_ROW * names.length : 0;
  const plotHeight = Math.max(area.height, least, below ? 0 : rows);
  const width = start + area.width + margin.right + legendWidth;
  const under = margin.top + plotHeight + margin.bottom;
  return {
    width,
    height: under + (below ? rows : 0),
    gaps,
    option: {
      textStyle: text,
      title: {
        text: title,
        left: start,
        top: heading.top,
        textStyle: { ...text, fontSize: heading.fontSize },
      },
      legend: {
        show: legend,
        data: [...names],
        orient: 'vertical',
        left: below ? start - 6 : start + area.width + margin.right - 8,
        top: below ? under - 6 : margin.top,
        // Marks small enough to leave the line's own style seen.
        itemWidth: 34,
        itemHeight: 7,
        textStyle: { ...text, fontSize: 12 },
      },
      grid: {
        left: start,
        top: margin.top,
        width: area.width,
        height: plotHeight,
        outerBoundsMode: 'none',
      },
    },
  };
}
