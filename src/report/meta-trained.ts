import type { MetaTrainConfig } from '../medetection/index.ts';
import { html } from './html.ts';
import { renderPage } from './page.ts';
import type { Report } from './report.ts';
import { configurationSection, originOf } from './sections/configuration.ts';
import { footer } from './sections/footer.ts';
import { hashesSection } from './sections/hashes.ts';
import { inspectionSection } from './sections/inspection.ts';
import { metaTrainingSection } from './sections/meta-training.ts';
import { tasksSection } from './sections/tasks.ts';
import type { Subject } from './subject.ts';

/** The report of a meta-training, which is no detector yet. What cannot be found out is left out, and says why. */
export async function reportMetaTrained(subject: Subject<MetaTrainConfig>): Promise<Report> {
  const { config, folder } = subject;
  const { size } = config.model;
  return {
    html: renderPage({
      kind: 'Meta-training report',
      title: `All tasks but ${config.target}`,
      lead: html`
        <p class="soft">Weights ${originOf(config)}, ${size} x ${size} pixels, seed ${config.seed}.</p>
        <p class="lead">They are a start to fine-tune from, and no detector yet.</p>
      `,
      sections: [
        await metaTrainingSection(subject),
        await inspectionSection(subject),
        await tasksSection(subject),
        configurationSection(config),
        await hashesSection(folder, config),
      ],
      footer: footer(config),
    }),
  };
}
