import { stringify } from 'csv-stringify/sync';
import type { Judged } from './subject.ts';

/**
 * One line per test picture. What a spreadsheet would take for a formula (file names may begin with `=`) is marked as text.
 */
export const csvOf = ({ images, test: { threshold } }: Pick<Judged, 'images' | 'test'>): string =>
  stringify(
    images.map(({ id, label, kind, score }) => ({
      id,
      label,
      kind,
      score,
      decision: score >= threshold ? 'defective' : 'normal',
    })),
    {
      header: true,
      columns: ['id', 'label', 'kind', 'score', 'decision'],
      // Names only: a negative score begins as a formula may, too.
      cast: { number: String, string: (value) => ({ value, escape_formulas: true }) },
    },
  );
