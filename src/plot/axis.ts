import { text } from './layout.ts';

/** An axis of numbers. */
export interface Axis {
  /** What is measured, with its unit. */
  readonly label: string;
  /** Whether equal distances are equal ratios (default false); what is not positive is left out. */
  readonly log?: boolean;
  /** Ends of the axis (default: what the data need). */
  readonly min?: number;
  readonly max?: number;
}

/** A number on an axis: no digits that rounding put there, and powers of ten where zeros would have to be counted. */
export function tick(value: number): string {
  const rounded = Number(value.toPrecision(6));
  const size = Math.abs(rounded);
  return size !== 0 && (size >= 1e5 || size < 1e-3)
    ? rounded.toExponential().replace('+', '')
    : String(rounded);
}

/** Style of an axis with its name along it. */
export const axisStyle = (label: string, gap: number) => ({
  name: label,
  nameLocation: 'middle' as const,
  nameGap: gap,
  nameTextStyle: { ...text, fontSize: 13 },
  axisLabel: { ...text, fontSize: 12 },
  axisLine: { show: true, onZero: false, lineStyle: { color: '#444' } },
  axisTick: { show: true },
  splitLine: { show: true, lineStyle: { color: '#e4e4e4' } },
});

/** Whether an axis has a place for a value. */
export const isShown = (value: number, { log }: Axis): boolean =>
  Number.isFinite(value) && !(log && value <= 0);

/** From a power of ten on, the places of a logarithmic axis that may be an end or, where there is room, carry a number. */
const places = [1, 2, 5, 10];

/** Beyond this many powers of ten only they carry numbers. */
const MOST_DECADES = 2;

/** Ends of a logarithmic axis around its data, and the numbers between them if they are few. */
function logScale(values: readonly number[]): { min?: number; max?: number; numbers?: number[] } {
  if (values.length === 0) return {};
  const [low, high] = [Math.min, Math.max].map((end) => values.reduce((a, b) => end(a, b)));
  const [under, over] = [low, high].map((value) => 10 ** Math.floor(Math.log10(value)));
  const min = under * places.findLast((place) => under * place <= low * (1 + 1e-9))!;
  const max = over * places.find((place) => over * place >= high * (1 - 1e-9))!;
  if (max / min > 10 ** MOST_DECADES) return { min, max };
  const numbers: number[] = [];
  for (let decade = under; decade <= over; decade *= 10)
    numbers.push(...places.slice(0, -1).map((place) => decade * place));
  return { min, max, numbers: [...numbers, 10 * over].filter((n) => n >= min && n <= max) };
}

/** An axis of numbers for these values. */
export function numberAxis(axis: Axis, values: readonly number[], gap: number) {
  const { min, max, numbers } = axis.log ? logScale(values) : {};
  const style = axisStyle(axis.label, gap);
  return {
    ...style,
    type: axis.log ? ('log' as const) : ('value' as const),
    min: axis.min ?? min,
    max: axis.max ?? max,
    // Of what is counted there is no half.
    minInterval: !axis.log && values.every(Number.isInteger) ? 1 : undefined,
    minorSplitLine: { show: axis.log === true, lineStyle: { color: '#f2f2f2' } },
    minorTick: { show: axis.log === true, splitNumber: 9 },
    axisTick: { ...style.axisTick, customValues: numbers },
    axisLabel: { ...style.axisLabel, formatter: tick, customValues: numbers },
  };
}
