export type { Axis } from './axis.ts';
export { type BarPlot, type Bars, barPlot } from './bar.ts';
export { type HistogramPlot, histogramPlot, type ValueGroup } from './histogram.ts';
export type { PlotFormat } from './layout.ts';
export { type Curve, type LinePlot, linePlot, type MarkedPoint } from './line.ts';
export { svgToPng } from './png.ts';
export { inlineSvg } from './render.ts';
export { type RooflinePlot, type RooflinePoint, rooflinePlot } from './roofline.ts';
export { savePlot } from './save.ts';
