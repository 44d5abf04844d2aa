import type { Finding } from './certify.ts';

/** The worst finding of one op by one check. */
export type Cell = Finding;

/** A table of ops by checks. */
export interface Table {
  readonly checks: readonly string[];
  readonly rows: readonly { readonly op: string; readonly cases: number; readonly cells: Cells }[];
}

type Cells = Readonly<Record<string, Cell>>;

/** The worse of two findings: the one nearer to its bound, or further past it. */
const worse = (a: Finding | undefined, b: Finding): Finding =>
  a !== undefined && a.error / a.bound >= b.error / b.bound ? a : b;

/** The worst finding of every op by every check, in the order of the findings. */
export function tabulate(findings: readonly Finding[]): Table {
  const checks = [...new Set(findings.map((f) => f.check))];
  const rows = [...new Set(findings.map((f) => f.op))].map((op) => {
    const own = findings.filter((f) => f.op === op);
    const cells: Record<string, Cell> = {};
    for (const f of own) cells[f.check] = worse(cells[f.check], f);
    return { op, cases: new Set(own.map((f) => f.case)).size, cells };
  });
  return { checks, rows };
}

const number = (x: number): string => (x === 0 ? '0' : Number.isFinite(x) ? x.toExponential(1) : 'none');

/** The table in cells of text: errors, `!` behind those past their bound, and the case nearest to its bound. */
export function tableText({ checks, rows }: Table): string[][] {
  const show = (cell: Cell | undefined): string =>
    cell === undefined ? '-' : `${number(cell.error)}${cell.ok ? '' : '!'}`;
  return [
    ['op', 'cases', ...checks, 'nearest to its bound'],
    ...rows.map(({ op, cases, cells }) => {
      const nearest = Object.values(cells).reduce(worse);
      return [
        op,
        String(cases),
        ...checks.map((check) => show(cells[check])),
        nearest.error === 0 ? '' : `${nearest.check} of ${nearest.case}`,
      ];
    }),
  ];
}

/** A failure in words. */
export const failureText = ({ op, case: name, check, error, bound, detail, checked }: Finding): string =>
  checked === false
    ? `${op} ${name}: not checked: ${detail}`
    : `${op} ${name}: ${check}: error ${number(error)} exceeds ${number(bound)}${detail ? ` (${detail})` : ''}`;

/** What is to be known of a finding within its bound, in words. */
export const noteText = ({ op, case: name, check, note }: Finding): string =>
  `${op} ${name}: ${check}: ${note}`;
