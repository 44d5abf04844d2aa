import { falseAlarmWords, missWords, type Trust, trainingWords } from '../../medetection/index.ts';
import { linePlot } from '../../plot/index.ts';
import type { Found } from '../found.ts';
import { type Content, html } from '../html.ts';
import { counted } from '../numbers.ts';
import { leftOut, plot, type Section } from '../parts.ts';

/** What cross-validation showed, and what so few photographs leave open. */
export async function trustSection(trust: Found<Trust>): Promise<Section> {
  const content =
    'value' in trust ? await show(trust.value) : leftOut('what cross-validation showed', trust.leftOut);
  return { id: 'trust', title: 'How far it can be trusted', content };
}

async function show(trust: Trust): Promise<Content> {
  const { folds, counts, epochs, losses } = trust;
  return html`
    <p>
      Learned from are all ${counts.good} good and ${counts.bad} bad photographs, so that no test part is left. What is known
      comes from cross-validation: each photograph is judged by one of ${counted(folds, 'training')} that have not seen it, by a
      threshold that the other photographs gave.
    </p>
    <p>${trainingWords(trust)}</p>
    <ul>
      <li>${falseAlarmWords(trust)}</li>
      <li>${missWords(trust)}</li>
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
