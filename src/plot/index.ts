export type { Axis } from './axis.ts';
export { type BarPlot, type Bars, barPlot } from './bar.ts';
export { type Curve, type LinePlot, linePlot } from './line.ts';
export { svgToPng } from './png.ts';
export { type RooflinePlot, type RooflinePoint, rooflinePlot } from './roofline.ts';
export { savePlot } from './save.ts';
