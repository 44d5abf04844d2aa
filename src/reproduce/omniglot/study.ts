import type { Reference, ReferenceFigure, Study, StudyOutline } from '../study.ts';
import type { Characters } from './data.ts';
import type { ClassifierParams } from './networks.ts';
import {
  checkOmniglot,
  type OmniglotMethod,
  type OmniglotSettings,
  omniglotMethods,
  publishedOmniglot,
} from './settings.ts';
import { trainOmniglot } from './train.ts';

/** The published 95 % intervals, for 20 classes widened to the independent runs that are known (91 to 93 %). */
const figures: Readonly<Record<string, readonly [low: number, high: number]>> = {
  'conv4, 5-way': [0.983, 0.991],
  'fc, 5-way': [0.886, 0.908],
  'conv4, 20-way': [0.91, 0.961],
};

/** The figure, where the settings are those that it was reached with. */
function reference(settings: OmniglotSettings): Reference | undefined {
  const { network, way, testSteps: steps, testTasks, testEvery } = settings;
  const published: OmniglotSettings = { ...publishedOmniglot(way), network, testTasks, testEvery };
  const same = Object.entries(published).every(
    ([name, value]) => settings[name as keyof OmniglotSettings] === value,
  );
  const known = figures[`${network}, ${way}-way`];
  if (!same || known === undefined) return undefined;
  const [low, high] = known;
  const figure: ReferenceFigure = { method: 'second-order', steps, low, high };
  return { source: 'Finn et al. 2017, table 1, and independent runs', figures: [figure] };
}

/** Classification of handwritten characters, the second experiment of Finn et al. 2017 (section 5.2). */
export const omniglotOutline: StudyOutline<OmniglotSettings> = {
  name: 'omniglot',
  title: 'Few-shot classification of Omniglot (Finn et al. 2017)',
  methods: omniglotMethods,
  defaults: publishedOmniglot(5),
  measure: 'accuracy',
  statistic: 'mean',
  logarithmic: false,
  check: checkOmniglot,
  reference,
};

/** The study on these images. */
export const omniglot = (images: Characters): Study<OmniglotSettings, ClassifierParams> => ({
  ...omniglotOutline,
  training: (settings, method, seed) => trainOmniglot(images, settings, method as OmniglotMethod, seed),
});
