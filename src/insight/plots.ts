import { barPlot, linePlot } from '../plot/index.ts';
import type { Inspection } from './inspect.ts';

/** The plots of an inspection, each as SVG text, by names for their files. */
export type InspectionPlots = {
  readonly [K in 'inner-loop' | 'updates' | 'meta-gradients' | 'curvature' | 'graph-size']: string;
};

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/**
 * Draws an inspection.
 * @throws when the package that draws is not installed.
 */
export async function inspectionPlots(inspection: Inspection): Promise<InspectionPlots> {
  const { rate, curve, updates, gradients, curvatures, size, trainedSteps } = inspection;
  const paths = gradients.map(({ path }) => path);
  const steps = count(curvatures.length);
  const curvatureName = rate === undefined ? 'lambda_max' : 'alpha lambda_max';
  const limit = { name: '2: beyond, descent overshoots', x: steps, y: steps.map(() => 2), dashed: true };
  return {
    'inner-loop': await linePlot({
      title: `Loss along the inner loop of ${trainedSteps} step${trainedSteps === 1 ? '' : 's'}, and beyond`,
      x: { label: 'inner steps' },
      y: { label: 'loss', log: true },
      series: (['support', 'query'] as const).map((name) => ({
        name,
        x: count(curve[name].length),
        y: curve[name],
        dashed: name === 'query',
      })),
    }),
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
    'meta-gradients': await barPlot({
      title: 'Cosine between first- and second-order meta-gradient',
      y: { label: 'cosine', min: gradients.some(({ cosine }) => cosine < 0) ? -1 : 0, max: 1 },
      categories: paths,
      series: [{ name: 'cosine', values: gradients.map(({ cosine }) => cosine) }],
    }),
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
