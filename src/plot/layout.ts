import type { EChartsOption } from 'echarts';
import { plotFont } from './render.ts';

/** The area inside the axes, in pixels. */
export const PLOT = { width: 620, height: 340 };
const MARGIN = { left: 84, right: 32, top: 62, bottom: 58 };
const LEGEND_ROW = 22;
/** A wide character of small text, in pixels: names are never cut. */
export const CHARACTER = 7.5;
const LEGEND_ICON = 58;

export const text = { fontFamily: plotFont, color: '#222' };

/**
 * What every plot has: a title above, a legend to the right if there is more than one series, and room for both.
 * @param left pixels for what is written to the left of the axes
 * @param least pixels of height inside of them
 */
export function layout(
  title: string,
  names: readonly string[],
  { left = MARGIN.left, least = PLOT.height } = {},
): { option: EChartsOption; width: number; height: number } {
  const legend = names.length > 1;
  const longest = Math.max(0, ...names.map((name) => name.length));
  const legendWidth = legend ? LEGEND_ICON + Math.ceil(CHARACTER * longest) : 0;
  const rows = legend ? LEGEND_ROW * names.length : 0;
  const plotHeight = Math.max(least, rows);
  const width = left + PLOT.width + MARGIN.right + legendWidth;
  const height = MARGIN.top + plotHeight + MARGIN.bottom;
  return {
    width,
    height,
    option: {
      textStyle: text,
      title: { text: title, left, top: 18, textStyle: { ...text, fontSize: 17 } },
      legend: {
        show: legend,
        data: [...names],
        orient: 'vertical',
        left: left + PLOT.width + MARGIN.right - 8,
        top: MARGIN.top,
        // Marks small enough to leave the line's own style seen.
        itemWidth: 34,
        itemHeight: 7,
        textStyle: { ...text, fontSize: 12 },
      },
      grid: {
        left,
        top: MARGIN.top,
        width: PLOT.width,
        height: plotHeight,
        outerBoundsMode: 'none',
      },
    },
  };
}
