import { type RgbImage, readImage } from '../../data/index.ts';
import {
  type BestReference,
  bestReference,
  defaultExplain,
  Explainer,
  heatMap,
  mapWords,
  normaliseMap,
  overlay,
  pictureOf,
} from '../../explain/index.ts';
import {
  type FineTuneConfig,
  loadTestPart,
  RunDetector,
  type ScoredImage,
  type TaskImages,
} from '../../medetection/index.ts';
import { andThen, type Found, find } from '../found.ts';
import { type Content, html } from '../html.ts';
import { counted, decimals } from '../numbers.ts';
import { image, leftOut, type Section, shown } from '../parts.ts';
import { fitted, photograph } from '../picture.ts';
import type { Judged, Subject } from '../subject.ts';

/** Most pictures of each outcome that are shown. */
const MOST = 6;
/** Their longer side, in pixels. */
const SIDE = 192;

interface Outcome {
  readonly title: string;
  readonly none: string;
  readonly images: readonly ScoredImage[];
}

/** The outcomes that are looked at, each with its pictures, the furthest from the threshold first. */
export function outcomes({ images, test: { threshold } }: Pick<Judged, 'images' | 'test'>): Outcome[] {
  const of = (label: number, called: boolean) =>
    images
      .filter((i) => i.label === label && i.score >= threshold === called)
      .sort((a, b) => (called ? b.score - a.score : a.score - b.score));
  return [
    {
      title: 'Worst misses',
      none: 'No defective picture of the test part was missed.',
      images: of(1, false),
    },
    {
      title: 'Worst false alarms',
      none: 'No normal picture of the test part was called defective.',
      images: of(0, true),
    },
    { title: 'Surest finds', none: 'No defective picture of the test part was found.', images: of(1, true) },
  ];
}

/** The worst misses and false alarms, and the surest finds, with where their scores come from. */
export async function mistakesSection(
  judged: Found<Judged>,
  subject: Subject<FineTuneConfig>,
): Promise<Section> {
  const found = await andThen(judged, outcomes);
  const chosen = 'value' in found ? found.value.flatMap(({ images }) => images.slice(0, MOST)) : [];
  const views = await find(() => look(subject, chosen));
  return {
    id: 'mistakes',
    title: 'Mistakes and finds',
    content: shown(found, 'the pictures', (all) => [
      'value' in views
        ? html`<p>
            Each picture; its heat-map, on which the brighter a place is, the more it speaks for a defect (${mapWords(defaultExplain)}; each map
            has a scale of its own); the reference that matches it best, as the network sees it; and where the two differ.
          </p>`
        : leftOut('the pictures and their heat-maps', views.leftOut),
      ...all.map((outcome) => show(outcome, 'value' in views ? views.value : new Map())),
    ]),
  };
}

/** What is shown of a picture, beside one another. */
type View = readonly Content[];

/**
 * Looks at pictures of the test part through the eyes of the detector.
 * @throws when the pictures are gone or not what they were, as `loadTestPart`.
 */
async function look(
  { folder, data, hooks }: Subject<FineTuneConfig>,
  images: readonly ScoredImage[],
): Promise<Map<string, View>> {
  const run = await RunDetector.open(folder);
  const test = await loadTestPart(run, data, hooks);
  const { all: task, references } = run.withReferences(test);
  const places = new Map(test.samples.map(({ id }, i) => [id, i]));
  const indices = images.flatMap(({ id }) => places.get(id) ?? []);
  if (indices.length === 0) return new Map();
  const maps = await new Explainer(run.detector).maps(task, indices, references, hooks.onMap);
  const { register } = run.config.model;
  const views = new Map<string, View>();
  for (const [k, index] of indices.entries()) {
    const best = bestReference(task, index, references, register);
    views.set(task.samples[index].id, await view(task, index, maps[k], best));
  }
  return views;
}

async function view(
  { samples, size }: TaskImages,
  index: number,
  map: Float32Array,
  { image: reference, difference }: BestReference,
): Promise<View> {
  const picture = fitted(await readImage(samples[index].path), SIDE);
  const shown: Record<string, RgbImage> = {
    picture,
    'heat-map': overlay(picture, normaliseMap(map)),
    reference: fitted(pictureOf(reference, size), SIDE),
    difference: heatMap(normaliseMap(difference), SIDE, SIDE),
  };
  return Object.entries(shown).map(([name, pixels]) => image(photograph(pixels), name, name));
}

const show = ({ title, none, images }: Outcome, views: ReadonlyMap<string, View>): Content => html`
  <h3>${title}</h3>
  ${
    images.length === 0
      ? html`<p>${none}</p>`
      : html`
        ${images.length > MOST && html`<p class="soft">The first ${MOST} of ${counted(images.length, 'picture')}.</p>`}
        <div class="cases">
          ${images.slice(0, MOST).map(
            ({ id, kind, score }) => html`
              <article class="case">
                <p>
                  <strong>${decimals(score)}</strong> ${kind === 'good' ? 'normal' : kind}${' '}
                  <span class="soft">${id}</span>
                </p>
                <div class="pictures">${views.get(id)}</div>
              </article>
            `,
          )}
        </div>
      `
  }
`;
