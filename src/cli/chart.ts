/** One curve: a value per step from 0, with what marks its steps and what joins them. */
export interface Series {
  readonly name: string;
  readonly values: readonly number[];
  readonly mark: string;
  readonly line: string;
}

const HEIGHT = 11;
const WIDTH = 60;

/**
 * Curves in text, told apart by their marks alone. Where curves meet, the later one is seen; what is not finite is left out.
 * @param label what the values are
 * @param axis what the steps are
 */
export function chart(label: string, axis: string, series: readonly Series[]): string {
  const finite = series.flatMap(({ values }) => values).filter(Number.isFinite);
  if (finite.length === 0) return `${label}: nothing to draw`;
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const span = high - low || 1;
  const steps = Math.max(1, ...series.map(({ values }) => values.length - 1));
  const grid = Array.from({ length: HEIGHT }, () => new Array<string>(WIDTH).fill(' '));
  const put = (x: number, value: number, symbol: string) => {
    if (!Number.isFinite(value)) return;
    grid[HEIGHT - 1 - Math.round(((value - low) / span) * (HEIGHT - 1))][x] = symbol;
  };
  const column = (step: number) => Math.round((step / steps) * (WIDTH - 1));
  for (const { values, line } of series)
    for (let x = 0; x <= column(values.length - 1); x++) {
      const at = Math.min((x / (WIDTH - 1)) * steps, values.length - 1);
      const before = Math.floor(at);
      const after = Math.min(before + 1, values.length - 1);
      put(x, values[before] + (values[after] - values[before]) * (at - before), line);
    }
  for (const { values, mark } of series)
    for (const [step, value] of values.entries()) put(column(step), value, mark);

  const rows = grid.map((cells, row) => {
    const value = high - (row / (HEIGHT - 1)) * span;
    return `${(row % 2 === 0 ? value.toFixed(3) : '').padStart(8)} |${cells.join('').trimEnd()}`;
  });
  const ticks = new Array<string>(WIDTH + 2).fill(' ');
  const every = Math.ceil(steps / 15);
  for (let step = 0; step <= steps; step += every)
    [...String(step)].forEach((digit, i) => {
      ticks[column(step) + i] = digit;
    });
  return [
    `${label} by ${axis}:  ${series.map(({ mark, line, name }) => `${mark}${line}${line} ${name}`).join('   ')}`,
    ...rows,
    `${' '.repeat(9)}+${'-'.repeat(WIDTH)}`,
    `${' '.repeat(10)}${ticks.join('').trimEnd()}  ${axis}`,
  ].join('\n');
}
