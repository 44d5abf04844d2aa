import type { EChartsOption } from 'echarts';

/** Colours that people with any colour vision tell apart (Okabe and Ito 2008), the palest left out. */
export const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

/** The first of these that the machine has. Without blanks, which the PNG renderer takes for part of a name. */
export const plotFont = "Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif";

async function loadEcharts(): Promise<typeof import('echarts')> {
  try {
    return await import('echarts');
  } catch (cause) {
    throw new Error('plot: drawing needs the npm package "echarts"; install it with npm install echarts', {
      cause,
    });
  }
}

/** SVG text of a chart. The same option gives the same text. */
export async function renderSvg(option: EChartsOption, width: number, height: number): Promise<string> {
  const echarts = await loadEcharts();
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, backgroundColor: '#fff', color: palette, ...option });
    // What makes a picture differ from the last: names that count the charts of the process, and styles for a mouse over it.
    return chart
      .renderToSVGString()
      .replace(/ class="zr\d+-cls-\d+"/g, '')
      .replace(/<style ?>.*?<\/style>\n?/gs, '')
      .replace(/(?<=["#])zr\d+-/g, 'zr-');
  } finally {
    chart.dispose();
  }
}

/** Numbers of the parts of pictures begin with this. */
const OWN = /(?<=["#])zr-/g;

/**
 * A plot for a page that holds others: names of its parts, which the page would else mistake for those of another plot, begin
 * with `id`.
 */
export const inlineSvg = (svg: string, id: string): string => svg.replace(OWN, `${id}-zr-`);
