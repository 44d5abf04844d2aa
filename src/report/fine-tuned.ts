import { type FineTuneConfig, readConfig } from '../medetection/index.ts';
import { csvOf } from './csv.ts';
import { find } from './found.ts';
import { renderPage } from './page.ts';
import { leftOut, type Section } from './parts.ts';
import { configurationSection } from './sections/configuration.ts';
import { dataSection } from './sections/data.ts';
import { decisionsSection } from './sections/decisions.ts';
import { fineTuningSection } from './sections/fine-tuning.ts';
import { footer } from './sections/footer.ts';
import { hashesSection } from './sections/hashes.ts';
import { inspectionSection } from './sections/inspection.ts';
import { kindsSection } from './sections/kinds.ts';
import { localisationSection } from './sections/localisation.ts';
import { metaTrainingSection } from './sections/meta-training.ts';
import { mistakesSection } from './sections/mistakes.ts';
import { resultLead } from './sections/result.ts';
import { judge, type Subject } from './subject.ts';

/** A report as the texts of its files. */
export interface Report {
  readonly html: string;
  /** One line per test picture; undefined where there is no score to list. */
  readonly csv?: string;
}

/** The report of a fine-tuned detector. What cannot be found out is left out, and says why. */
export async function reportFineTuned(subject: Subject<FineTuneConfig>): Promise<Report> {
  const { config, folder } = subject;
  const judged = await find(() => judge(subject));
  const html = renderPage({
    kind: 'Inspection report',
    title: config.target,
    lead: resultLead(config, judged),
    sections: [
      await decisionsSection(judged),
      await mistakesSection(judged, subject),
      await kindsSection(judged),
      await localisationSection(judged, subject),
      await dataSection(subject),
      await fineTuningSection(subject),
      ...(await startSections(subject)),
      configurationSection(config),
      await hashesSection(folder, config),
    ],
    footer: footer(config),
  });
  return { html, csv: 'value' in judged ? csvOf(judged.value) : undefined };
}

/** Where the initial weights are from. */
async function startSections(subject: Subject<FineTuneConfig>): Promise<Section[]> {
  const { init } = subject.config;
  if (init === 'random') return [];
  const start = await find(() => readConfig(init, 'meta-train'));
  if ('leftOut' in start)
    return [
      {
        id: 'meta-training',
        title: 'Meta-training',
        content: leftOut(
          'the training that the initial weights are from, and its meta-gradients',
          start.leftOut,
        ),
      },
    ];
  const meta = { ...subject, folder: init, config: start.value };
  return [await metaTrainingSection(meta), await inspectionSection(meta)];
}
