import type { FineTuneConfig } from '../medetection/index.ts';
import { csvOf } from './csv.ts';
import { find } from './found.ts';
import { renderPage } from './page.ts';
import type { Report } from './report.ts';
import { configurationSection } from './sections/configuration.ts';
import { dataSection } from './sections/data.ts';
import { decisionsSection } from './sections/decisions.ts';
import { fineTuningSection } from './sections/fine-tuning.ts';
import { footer } from './sections/footer.ts';
import { hashesSection } from './sections/hashes.ts';
import { kindsSection } from './sections/kinds.ts';
import { localisationSection } from './sections/localisation.ts';
import { mistakesSection } from './sections/mistakes.ts';
import { resultLead } from './sections/result.ts';
import { startSections } from './sections/start.ts';
import { judge, type Subject } from './subject.ts';

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
