import { join } from 'node:path';
import { type FineTuneConfig, readTrust } from '../medetection/index.ts';
import { csvOf } from './csv.ts';
import { andThen, find } from './found.ts';
import { html } from './html.ts';
import { renderPage } from './page.ts';
import { shown } from './parts.ts';
import type { Report } from './report.ts';
import { configurationSection, originOf } from './sections/configuration.ts';
import { referencePictures, samplePictures } from './sections/data.ts';
import { decisionsSection } from './sections/decisions.ts';
import { footer } from './sections/footer.ts';
import { hashesSection } from './sections/hashes.ts';
import { startSections } from './sections/start.ts';
import { trustSection } from './sections/trust.ts';
import { type Judged, judge, type Subject } from './subject.ts';

type Folders = NonNullable<FineTuneConfig['enrolled']>;

/**
 * The report of a detector that was enrolled. It has learned from all its photographs, so what is shown of it is how each was judged when
 * it was left out.
 */
export async function reportEnrolled(subject: Subject<FineTuneConfig>, folders: Folders): Promise<Report> {
  const { config, folder } = subject;
  const judged = await find(() => judge(subject));
  const trust = await find(() => readTrust(folder));
  const { size } = config.model;
  return {
    html: renderPage({
      kind: 'Enrolment report',
      title: config.target,
      lead: html`
        <p class="soft">A detector ${originOf(config)}, ${size} x ${size} pixels, seed ${config.seed}.</p>
        ${
          'value' in trust &&
          html`<p class="lead">
            Made from ${trust.value.counts.good} good and ${trust.value.counts.bad} bad photographs; there is no test part.
          </p>`
        }
      `,
      sections: [
        await trustSection(trust),
        await decisionsSection(judged),
        {
          id: 'data',
          title: 'Photographs',
          content: html`
            ${shown(
              await andThen(judged, (value) => samplePictures(photographs(value, folders))),
              'the photographs',
              (all) => all,
            )}
            <h3>References</h3>
            ${shown(await find(() => referencePictures(subject)), 'the reference pictures', (all) => all)}
          `,
        },
        ...(await startSections(subject)),
        configurationSection(config),
        await hashesSection(folder, config),
      ],
      footer: footer(config),
    }),
    csv: 'value' in judged ? csvOf(judged.value) : undefined,
  };
}

/** Where the photographs are: an ID begins with `good/` or `bad/`, and goes on as the path within that folder. */
const photographs = ({ images }: Judged, folders: Folders) =>
  images.map(({ id, kind }) => {
    const [side, ...names] = id.split('/');
    return { id, kind, path: join(folders[side as keyof Folders] as string, ...names) };
  });
