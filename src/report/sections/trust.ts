import { join } from 'node:path';
import { type Counted, readRunFile, runFiles, type Trust } from '../../medetection/index.ts';
import { linePlot } from '../../plot/index.ts';
import { parseRecord } from '../../store/index.ts';
import type { Found } from '../found.ts';
import { type Content, html } from '../html.ts';
import { counted, decimals } from '../numbers.ts';
import { plot, type Section, shown } from '../parts.ts';

/**
 * Reads how far an enrolled run can be trusted.
 * @throws naming the file when it is absent or damaged.
 */
export async function readTrust(folder: string): Promise<Trust> {
  const bytes = await readRunFile(folder, runFiles.enrolment, 'there is no such file; the run is not whole');
  const trust = parseRecord(new TextDecoder().decode(bytes)) as unknown as
    | (Trust & { version: 1 })
    | undefined;
  if (trust?.version !== 1 || !trust.counts || !trust.falseAlarms?.interval || !Array.isArray(trust.losses))
    throw new Error(`${join(folder, runFiles.enrolment)}: the file is damaged; restore it, or enroll anew`);
  return trust;
}

/** What cross-validation showed, and what so few photographs leave open. */
export async function trustSection(trust: Found<Trust>): Promise<Section> {
  const content =
    'value' in trust ? await show(trust.value) : shown(trust, 'what cross-validation showed', () => '');
  return { id: 'trust', title: 'How far it can be trusted', content };
}

async function show({ folds, counts, epochs, losses, falseAlarms, misses, auroc }: Trust): Promise<Content> {
  return html`
    <p>
      Learned from are all ${counts.good} good and ${counts.bad} bad photographs, so that no test part is left. What is known
      comes from cross-validation: each photograph is judged by one of ${counted(folds, 'training')} that have not seen it, by a
      threshold that the other photographs gave.
    </p>
    <p>
      ${
        auroc === undefined
          ? 'Without bad photographs nothing was trained: the weights judge as they are, by what the good ones look like. How many defects it misses is unknown.'
          : `It was trained for ${counted(epochs, 'epoch')}, by which photographs left out were judged best. They gave an AUROC of ${decimals(auroc.value)} (95% interval ${decimals(auroc.interval.low)} to ${decimals(auroc.interval.high)}).`
      }
    </p>
    <ul>
      <li>${rate('false alarms', falseAlarms, 'good', 'would be called defective')}</li>
      ${misses && html`<li>${rate('misses', misses, 'bad', 'would be called normal')}</li>`}
    </ul>
    ${
      losses.length > 1 &&
      (await plot(
        'loss',
        () =>
          linePlot({
            title: 'Loss of photographs left out',
            x: { label: 'epoch' },
            y: { label: 'binary cross-entropy' },
            series: [{ name: 'left out', x: losses.map((_, epoch) => epoch), y: losses }],
            marked: { name: `kept: epoch ${epochs}`, x: epochs, y: losses[epochs] },
            format: 'column',
          }),
        'The number of epochs is that of the lowest loss; then all photographs are trained on.',
      ))
    }
  `;
}

const percent = (share: number): string => `${Math.round(100 * share)}%`;

const rate = (what: string, { count, of, interval }: Counted, kind: string, wrong: string): string =>
  `${count} of ${of} ${kind} photographs ${wrong} when left out: the rate of ${what} is only known to lie between ${percent(interval.low)} and ${percent(interval.high)} (95% confidence).`;
