import { interleave } from '../rounds.ts';
import { type LoadedStep, loadStep, type MeasureOptions, type StepRow } from '../workloads/measure.ts';
import { AXES, workloadAt } from './axes.ts';
import { type Growth, growthOf } from './fit.ts';

/** The cost along one axis; plain data, ready for JSON. */
export interface AxisReport extends Growth {
  readonly axis: string;
  readonly points: readonly (StepRow & { readonly value: number; readonly units: number })[];
}

/** Measures the steps of all axes in turn. @param values those of each axis, in the order of growth */
export async function measureScaling(
  values: Readonly<Record<string, readonly number[]>>,
  { rounds, onRound, signal }: MeasureOptions,
): Promise<AxisReport[]> {
  const points: { axis: string; value: number; step: LoadedStep }[] = [];
  for (const [axis, list] of Object.entries(values))
    for (const value of list)
      points.push({
        axis,
        value,
        step: await loadStep(`${axis} ${value}`, workloadAt(AXES[axis], value)),
      });
  const spreads = await interleave(
    points.map(({ step }) => step),
    rounds,
    onRound,
    signal,
  );
  const rows = points.map(({ axis, value, step }, i) => ({
    ...step.row(spreads[i]),
    axis,
    value,
    units: AXES[axis].units(value),
  }));
  return Object.keys(values).map((axis) => {
    const own = rows.filter((row) => row.axis === axis);
    const growth = growthOf(
      own.map(({ units }) => units),
      own.map(({ seconds }) => seconds.median),
    );
    return { axis, ...growth, points: own };
  });
}
