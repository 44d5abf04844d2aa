import { barPlot, linePlot, type PlotFormat } from '../plot/index.ts';
import type { InnerCurve } from './inner-loop.ts';
import type { Inspection } from './inspect.ts';
import type { GradientComparison } from './meta-gradient.ts';

/** The plots of an inspection, each as SVG text, by names for their files. */
export type InspectionPlots = {
  readonly [K in 'inner-loop' | 'updates' | 'meta-gradients' | 'curvature' | 'graph-size']: string;
};

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The losses on support and query set along the inner loop. */
export const innerLoopPlot = (
  curve: InnerCurve,
  trainedSteps: number,
  format?: PlotFormat,
): Promise<string> =>
  linePlot({
    title: `Loss along the inner loop of ${trainedSteps} step${trainedSteps === 1 ? '' : 's'}, and beyond`,
    x: { label: 'inner steps' },
    y: { label: 'loss', log: true },
    series: (['support', 'query'] as const).map((name) => ({
      name,
      x: count(curve[name].length),
      y: curve[name],
      dashed: name === 'query',
    })),
    format,
  });

/** How near the first-order meta-gradient is to the second-order one, tensor by tensor. */
export const metaGradientPlot = (
  gradients: readonly GradientComparison[],
  format?: PlotFormat,
): Promise<string> =>
  barPlot({
    title: 'Cosine between first- and second-order meta-gradient',
    y: { label: 'cosine', min: gradients.some(({ cosine }) => cosine < 0) ? -1 : 0, max: 1 },
    categories: gradients.map(({ path }) => path),
    series: [{ name: 'cosine', values: gradients.map(({ cosine }) => cosine) }],
    format,
  });

/**
 * Draws an inspection.
 * @throws when the package that draws is not installed.
 */
export async function inspectionPlots(inspection: Inspection): Promise<InspectionPlots> {
  const { rate, curve, updates, gradients, curvatures, size, trainedSteps } = inspection;
  const steps = count(curvatures.length);
  const curvatureName = rate === undefined ? 'lambda_max' : 'alpha lambda_max';
  const limit = { name: '2: beyond, descent overshoots', x: steps, y: steps.map(() => 2), dashed: true };
  return {
    'inner-loop': await innerLoopPlot(curve, trainedSteps),
    updates: await linePlot({
      title: 'Length of every inner step, tensor by tensor',
      x: { label: 'inner step' },
      y: { label: 'norm of the update', log: true },
      series: updates.map(({ path, norms }) => ({
        name: path,
        x: count(norms.length).map((k) => k + 1),
        y: norms,
      })),
    }),
    'meta-gradients': await metaGradientPlot(gradients),
    curvature: await linePlot({
      title: 'Largest curvature along the inner loop',
      x: { label: 'inner steps' },
      y: { label: curvatureName, log: true },
      series: [
        { name: curvatureName, x: steps, y: curvatures.map(({ largest }) => (rate ?? 1) * largest) },
        ...(rate === undefined ? [] : [limit]),
      ],
    }),
    'graph-size': await barPlot({
      title: "One task's meta-gradient by origin",
      y: { label: 'share of the whole (%)', min: 0 },
      categories: size.map(({ origin }) => origin),
      series: (['nodes', 'dispatches', 'flops', 'bytes'] as const).map((name) => {
        const whole = size.reduce((n, part) => n + part[name], 0);
        return {
          name: name === 'flops' ? 'FLOP' : name,
          values: size.map((part) => (100 * part[name]) / whole),
        };
      }),
    }),
  };
}
