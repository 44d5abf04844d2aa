import type { Reference, ReferenceFigure, Study } from '../study.ts';
import type { RegressorParams } from './model.ts';
import {
  checkSinusoid,
  defaultSinusoid,
  type SinusoidMethod,
  type SinusoidSettings,
  sinusoidMethods,
} from './settings.ts';
import { trainSinusoid } from './train.ts';

const figure = (method: SinusoidMethod, steps: number, low: number, high = low): ReferenceFigure => ({
  method,
  steps,
  low,
  high,
});

/** By the number of shots. */
const figures: Readonly<Record<number, readonly ReferenceFigure[]>> = {
  5: [figure('second-order', 0, 2.95), figure('second-order', 1, 0.59), figure('second-order', 2, 0.58)],
  10: [
    figure('second-order', 0, 2.9),
    figure('second-order', 1, 0.38, 0.4),
    figure('second-order', 2, 0.23, 0.28),
    figure('first-order', 0, 6.9),
    figure('first-order', 1, 0.71),
    figure('first-order', 2, 0.36),
    figure('joint', 0, 2.9),
    figure('joint', 1, 2.3),
    figure('joint', 2, 2.1),
  ],
};

/** The figures, where the settings are those that they were reached with. */
function reference(settings: SinusoidSettings): Reference | undefined {
  const { shots, testTasks } = settings;
  const published: SinusoidSettings = { ...defaultSinusoid, shots, testTasks };
  const same = Object.entries(published).every(
    ([name, value]) => settings[name as keyof SinusoidSettings] === value,
  );
  const known = figures[shots];
  if (!same || known === undefined) return undefined;
  return { source: 'independent runs of the published code', figures: known };
}

/** Regression of sinusoids, the first experiment of Finn et al. 2017 (section 5.1). */
export const sinusoid: Study<SinusoidSettings, RegressorParams> = {
  name: 'sinusoid',
  title: 'Sinusoid regression (Finn et al. 2017)',
  methods: sinusoidMethods,
  defaults: defaultSinusoid,
  measure: 'mean squared error',
  statistic: 'mean',
  logarithmic: true,
  check: checkSinusoid,
  training: (settings, method, seed) => trainSinusoid(settings, method as SinusoidMethod, seed),
  reference,
};
