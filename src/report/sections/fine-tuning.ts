import { bestOf, type Epoch } from '../../medetection/index.ts';
import { type Curve, linePlot } from '../../plot/index.ts';
import { find } from '../found.ts';
import { type Content, html } from '../html.ts';
import { readLog } from '../log.ts';
import { counted, decimals } from '../numbers.ts';
import { figures, leftOut, plot, type Section, table } from '../parts.ts';
import type { Subject } from '../subject.ts';

/** How a fine-tuning went. */
export async function fineTuningSection({ folder }: Pick<Subject, 'folder'>): Promise<Section> {
  const log = await find(() => readLog<Epoch>(folder));
  return {
    id: 'training',
    title: 'Fine-tuning',
    content: 'value' in log ? await fineTuning(log.value) : leftOut('the training curves', log.leftOut),
  };
}

async function fineTuning(epochs: readonly Epoch[]): Promise<Content> {
  const best = bestOf(epochs);
  const curve = (name: string, of: (epoch: Epoch) => number, dashed = false): Curve => ({
    name,
    x: epochs.map(({ epoch }) => epoch),
    y: epochs.map(of),
    dashed,
  });
  const kept = { name: `kept: epoch ${best.epoch}`, x: best.epoch };
  return html`
    <p>
      ${counted(epochs.length - 1, 'epoch')}; kept is epoch ${best.epoch}, which has the lowest loss on the validation part
      (${decimals(best.validationLoss)}). The test part decided nothing; its curve is measured for the record.
    </p>
    ${figures(
      await plot(
        'loss',
        () =>
          linePlot({
            title: 'Loss',
            x: { label: 'epoch' },
            y: { label: 'binary cross-entropy' },
            series: [
              curve('validation', (epoch) => epoch.validationLoss),
              curve('training, mean of the epoch', (epoch) => epoch.trainLoss, true),
            ],
            marked: { ...kept, y: best.validationLoss },
            format: 'column',
          }),
        'Before the first epoch (0) there is no training loss.',
      ),
      await plot(
        'auroc',
        () =>
          linePlot({
            title: 'AUROC',
            x: { label: 'epoch' },
            y: { label: 'AUROC' },
            series: [
              curve('test', (epoch) => epoch.test.auroc),
              curve('validation', (epoch) => epoch.validation.auroc, true),
            ],
            marked: { ...kept, y: best.test.auroc },
            format: 'column',
          }),
        'Epoch 0 is what the initial weights do without a single step on this product.',
      ),
    )}
    <details>
      <summary>All epochs on the test part, decided at 0</summary>
      ${table(
        ['epoch', 'accuracy', 'recall', 'precision', 'F1', 'AUROC'],
        epochs.map(({ epoch, best: kept, test }) => [
          `${epoch}${kept ? ' *' : ''}`,
          ...[test.accuracy, test.recall, test.precision, test.f1, test.auroc].map(decimals),
        ]),
        '* the lowest validation loss so far',
      )}
    </details>
  `;
}
