import { barPlot, linePlot } from '../plot/index.ts';
import type { Inspection } from './inspect.ts';

/** The plots of an inspection, each as SVG text, by names for their files. */
export type InspectionPlots = {
  readonly [K in 'inner-loop' | 'updates' | 'meta-gradients' | 'curvature' | 'graph-size']: string;
};

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/**
 * Draws an inspection.
 * @param rate alpha of the inner loop, for alpha lambda_max
 * @throws when the package that draws is not installed.
 */
export async function inspectionPlots(inspection: Inspection, rate: number): Promise<InspectionPlots> {
  const { curve, updates, gradients, curvatures, size, trainedSteps } = inspection;
  const trained = `trained with ${trainedSteps} step${trainedSteps === 1 ? '' : 's'}`;
  const paths = gradients.map(({ path }) => path);
  const steps = count(curvatures.length);
  return {
    'inner-loop': await linePlot({
      title: `Loss along the inner loop (${trained})`,
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
      y: { label: 'alpha lambda_max', log: true },
      series: [
        { name: 'alpha lambda_max', x: steps, y: curvatures.map(({ largest }) => rate * largest) },
        { name: '2: beyond, descent diverges', x: steps, y: steps.map(() => 2), dashed: true },
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
