import { barPlot } from '../../plot/index.ts';
import { andThen, type Found } from '../found.ts';
import { decimals } from '../numbers.ts';
import { figures, plot, type Section, shown, table } from '../parts.ts';
import type { Judged } from '../subject.ts';

interface KindRecall {
  readonly kind: string;
  readonly pictures: number;
  readonly found: number;
}

/** How many defects of each type were found, the types with the least share first. */
export function recallByKind({ images, test }: Pick<Judged, 'images' | 'test'>): KindRecall[] {
  const defective = images.filter(({ label }) => label === 1);
  const kinds = [...new Set(defective.map(({ kind }) => kind))];
  return kinds
    .map((kind) => {
      const own = defective.filter((image) => image.kind === kind);
      const found = own.filter(({ score }) => score >= test.threshold).length;
      return { kind, pictures: own.length, found };
    })
    .sort((a, b) => a.found / a.pictures - b.found / b.pictures || (a.kind < b.kind ? -1 : 1));
}

/** Recall by type of defect. */
export async function kindsSection(judged: Found<Judged>): Promise<Section> {
  const kinds = await andThen(judged, (value) => {
    const found = recallByKind(value);
    if (found.length === 0) throw new Error('The test part has no defective picture.');
    return found;
  });
  const drawing =
    'value' in kinds && kinds.value.length > 1
      ? await plot(
          'recall-by-kind',
          () =>
            barPlot({
              title: 'Defects found, by type',
              y: { label: 'recall', min: 0, max: 1 },
              categories: kinds.value.map(({ kind }) => kind),
              series: [
                { name: 'recall', values: kinds.value.map(({ found, pictures }) => found / pictures) },
              ],
              format: 'column',
            }),
          'Types with few pictures say little: look at the counts.',
        )
      : undefined;
  return {
    id: 'defect-types',
    title: 'Types of defect',
    content: shown(kinds, 'recall by type of defect', (rows) =>
      figures(
        table(
          ['type', 'test pictures', 'found', 'recall'],
          rows.map(({ kind, pictures, found }) => [kind, pictures, found, decimals(found / pictures)]),
        ),
        drawing,
      ),
    ),
  };
}
