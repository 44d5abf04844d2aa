import {
  defaultIouThreshold,
  type LocalisedRun,
  localisationMeasures,
  localiseRun,
  pointingMargin,
} from '../../explain/index.ts';
import { type FineTuneConfig, RunDetector } from '../../medetection/index.ts';
import { andThen, type Found } from '../found.ts';
import { type Content, html } from '../html.ts';
import { counted, decimals } from '../numbers.ts';
import { type Section, shown, table } from '../parts.ts';
import type { Judged, Subject } from '../subject.ts';

/** How well heat-maps show where the defects are, where masks mark them. */
export async function localisationSection(
  judged: Found<Judged>,
  { folder, data, hooks }: Subject<FineTuneConfig>,
): Promise<Section> {
  const localised = await andThen(judged, async ({ test }) =>
    localiseRun(
      await RunDetector.open(folder),
      { data, explain: {}, iouThreshold: defaultIouThreshold, threshold: test.threshold },
      hooks,
    ),
  );
  return {
    id: 'localisation',
    title: 'Localisation',
    content: shown(localised, 'how well heat-maps show where the defects are', show),
  };
}

const show = ({ rows, unmasked, explain }: LocalisedRun): Content => html`
  <p>
    How well the heat-maps of the defective test pictures (${explain.method} at ${explain.block}) agree with the masks that mark their defects. Pixel AUROC and PRO (up
    to a false positive rate of 0.3) are over the pixels of these and of all normal pictures; the pointing game is the share of
    pictures whose hottest pixel lies on the defect, or no further from it than ${100 * pointingMargin} % of the side; IoU calls a pixel
    defective from ${defaultIouThreshold} of its map's largest value on.
  </p>
  ${table(
    ['defect', 'pictures', ...localisationMeasures.map(([name]) => name)],
    rows.map((row) => [row.name, row.pictures, ...localisationMeasures.map(([, of]) => decimals(of(row)))]),
    '"found": the defective pictures that the detector calls so',
  )}
  ${
    unmasked.length > 0 &&
    html`<p class="soft">${counted(unmasked.length, 'defective picture')} without a mask: not measured.</p>`
  }
`;
