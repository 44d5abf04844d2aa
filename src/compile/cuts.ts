import { gcd } from '../graph/shape.ts';

/** From a row up to before another. */
export type Range = readonly [from: number, to: number];

/** Rows of some value, and bytes of each. */
interface Rows {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Where to cut values of so many rows, so that no part is larger than `limit` bytes: as few parts as do, equal ones
 * where a few more make them equal. Values with linked numbers of rows are cut at the same fractions of them, so that the
 * parts of one come of the parts of the other.
 * @param links lists of numbers of rows that belong together
 */
export function cutsOf(
  values: readonly Rows[],
  links: readonly (readonly number[])[],
  limit: number,
): Map<number, Range[]> {
  const group = new Map<number, Set<number>>(values.map(({ rows }) => [rows, new Set([rows])]));
  for (const [first, ...rest] of links)
    for (const rows of rest) {
      const union = new Set([...group.get(first)!, ...group.get(rows)!]);
      for (const member of union) group.set(member, union);
    }
  const cuts = new Map<number, Range[]>();
  for (const members of new Set(group.values())) {
    const list = values.filter(({ rows }) => members.has(rows));
    const common = [...members].reduce((a, b) => gcd(a, b));
    /** What the parts of so many rows are made of: the cuts fall between units. */
    const unitOf = (rows: number, parts: number) => (parts <= common ? rows / common : 1);
    const fits = (parts: number) =>
      list.every(({ rows, bytes }) => {
        const unit = unitOf(rows, parts);
        return Math.ceil(rows / unit / parts) * unit * bytes <= limit;
      });
    let fewest = 2;
    while (!fits(fewest)) fewest++;
    let equal = fewest;
    while (equal < 2 * fewest && common % equal !== 0) equal++;
    const parts = common % equal === 0 && fits(equal) ? equal : fewest;
    for (const rows of members) {
      const unit = unitOf(rows, parts);
      const at = (k: number) => Math.ceil((k * rows) / unit / parts) * unit;
      const ranges = Array.from({ length: parts }, (_, k): Range => [at(k), at(k + 1)]);
      cuts.set(
        rows,
        ranges.filter(([from, to]) => from < to),
      );
    }
  }
  return cuts;
}
