/** Where the program writes: results for people, or, with --json, for machines. */
export interface Output {
  readonly json: boolean;
  /** A line for people: on stdout, or on stderr where stdout belongs to a machine. */
  readonly print: (line?: string) => void;
  /** Something to know, on stderr. */
  readonly warn: (warning: string) => void;
  /** One JSON document as one line of stdout; nothing without --json. Numbers that JSON lacks (NaN) become null. */
  readonly record: (value: object) => void;
}

export function makeOutput(json = false): Output {
  const people = json ? process.stderr : process.stdout;
  return {
    json,
    print: (line = '') => void people.write(`${line}\n`),
    warn: (warning) => void process.stderr.write(`warning: ${warning}\n`),
    record: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}

/** A table with its columns aligned: the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A share or a loss with three decimals, or as a power of ten where it exploded; "-" where there is none. */
export const decimals = (value: number): string =>
  Number.isNaN(value) ? '-' : Math.abs(value) < 1e5 ? value.toFixed(3) : value.toExponential(1);

const prefixes: readonly [number, string][] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** `12.3 G` + unit: a quantity with three digits and a decimal prefix. */
export function quantity(value: number, unit: string): string {
  const [factor, prefix] = prefixes.find(([least]) => value >= least) ?? [1, ''];
  return `${Number((value / factor).toPrecision(3))} ${prefix}${unit}`;
}
