import type { FineTuneConfig } from '../../medetection/index.ts';
import type { Interval } from '../../metrics/index.ts';
import type { Found } from '../found.ts';
import { type Content, html } from '../html.ts';
import { counted, decimals } from '../numbers.ts';
import { shown } from '../parts.ts';
import type { Judged } from '../subject.ts';
import { originOf } from './configuration.ts';

const tile = (value: number, name: string, { low, high }: Interval): Content => html`
  <div class="tile">
    <b>${decimals(value)}</b><span>${name}</span>
    ${!Number.isNaN(low) && html`<span>${decimals(low)} to ${decimals(high)}</span>`}
  </div>
`;

/** What the test part shows, in a sentence and a few figures. */
export const resultLead = (config: FineTuneConfig, judged: Found<Judged>): Content => html`
  <p class="soft">A detector ${originOf(config)}, ${config.model.size} x ${config.model.size} pixels, seed ${config.seed}.</p>
  ${shown(judged, 'what the test part shows', ({ images, test, intervals, note }) => {
    const { truePositive, falseNegative, falsePositive, trueNegative } = test.confusion;
    const defective = truePositive + falseNegative;
    const normal = falsePositive + trueNegative;
    return html`
      <p class="lead">
        On ${counted(images.length, 'picture')} that took no part in training, it finds ${truePositive} of ${defective}
        ${' '}defective and calls ${falsePositive} of ${normal} normal pictures defective.
      </p>
      <div class="tiles">
        ${tile(test.auroc, 'AUROC', intervals.auroc)}
        ${tile(test.recall, 'recall: defects found', intervals.recall)}
        ${tile(test.precision, 'precision: alarms that are right', intervals.precision)}
        ${tile(test.f1, 'F1', intervals.f1)}
        ${tile(test.accuracy, 'accuracy', intervals.accuracy)}
      </div>
      <p class="soft">
        Below each figure, its 95% interval: what other test pictures of the same kind might have shown.${note && ` Note: ${note}.`}
      </p>
      ${
        config.allowSeen &&
        html`<p class="left-out">
          <strong>Not the figures of a new product:</strong> the initial weights may have learned from pictures of this target.
        </p>`
      }
    `;
  })}
`;
