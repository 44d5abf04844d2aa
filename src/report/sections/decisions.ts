import { type Decision, rocCurve, type Summary } from '../../metrics/index.ts';
import { histogramPlot, linePlot } from '../../plot/index.ts';
import type { Found } from '../found.ts';
import { type Content, html } from '../html.ts';
import { decimals, digits } from '../numbers.ts';
import { figures, plot, type Section, shown } from '../parts.ts';
import type { Judged } from '../subject.ts';

const TITLE = 'Decisions';

/** How well scores tell defective from normal, at every threshold and at the one that decides. */
export async function decisionsSection(judged: Found<Judged>): Promise<Section> {
  const content = 'value' in judged ? await decisions(judged.value) : shown(judged, 'all of it', () => '');
  return { id: 'decisions', title: TITLE, content };
}

async function decisions({ images, leftOut, test, decision }: Judged): Promise<Content> {
  const labels = images.map(({ label }) => label);
  const scores = images.map(({ score }) => score);
  const [normal, defective] = [0, 1].map((of) => labels.filter((label) => label === of).length);
  const { threshold } = test;
  const mark = `threshold ${digits(threshold)}`;
  const shares = { min: 0, max: 1 };
  const pictures = leftOut ? 'photographs when left out' : 'test pictures';
  const oneClass = `the ${pictures} are of one class only`;
  const bothClasses = () => {
    if (normal === 0 || defective === 0) throw new Error(oneClass);
    return rocCurve(labels, scores);
  };
  const falseAlarms = test.confusion.falsePositive / normal;
  return html`
    <p>
      Each picture has a score, the higher the more surely defective; from the threshold ${digits(threshold)} on it is called
      defective. ${reasonOf(decision, leftOut)}${decision.note && ` Note: ${decision.note}.`}
    </p>
    ${figures(
      confusion(test, pictures),
      await plot(
        'scores',
        () =>
          histogramPlot({
            title: `Scores of the ${pictures}`,
            x: { label: 'score (log-odds)' },
            count: 'pictures',
            groups: ['normal', 'defective'].map((name, label) => ({
              name,
              values: scores.filter((_, i) => labels[i] === label),
            })),
            line: { name: 'threshold', value: threshold },
            format: 'column',
          }),
        'Where the two overlap, no threshold tells them apart.',
      ),
      await plot(
        'roc',
        async () => {
          const { fpr, tpr } = bothClasses();
          return linePlot({
            title: `ROC: area ${decimals(test.auroc)}`,
            x: { label: 'normal pictures called defective', ...shares },
            y: { label: 'defects found', ...shares },
            series: [
              { name: 'by all thresholds', x: fpr, y: tpr },
              { name: 'by chance', x: [0, 1], y: [0, 1], dashed: true },
            ],
            marked: { name: mark, x: falseAlarms, y: test.recall },
            format: 'column',
          });
        },
        'Share of the defective pictures that are found, against the share of normal ones called defective.',
      ),
      await plot(
        'precision-recall',
        async () => {
          const { fpr, tpr } = bothClasses();
          const found = tpr.map((share) => share * defective);
          const precision = found.map((n, i) => n / (n + fpr[i] * normal));
          return linePlot({
            title: `Precision and recall: average precision ${decimals(test.averagePrecision)}`,
            x: { label: 'recall', ...shares },
            y: { label: 'precision', ...shares },
            series: [
              { name: 'by all thresholds', x: tpr, y: precision },
              {
                name: 'by chance',
                x: [0, 1],
                y: [defective / (normal + defective), defective / (normal + defective)],
                dashed: true,
              },
            ],
            marked: { name: mark, x: test.recall, y: test.precision },
            format: 'column',
          });
        },
        'Share of the pictures called defective that are, against the share of defective ones that are found.',
      ),
    )}
  `;
}

/** How the threshold came to be, in words. */
function reasonOf({ rule }: Decision, leftOut: boolean): string {
  if (typeof rule === 'number') return 'The threshold was given.';
  const [name, value] = rule.split(':');
  const chosen = {
    f1: 'F1 is highest',
    fpr: `at most ${digits(100 * Number(value))}% of the normal pictures are called defective`,
    cost: `the cost is lowest, a miss costing ${digits(Number(value))} times as much as a false alarm`,
  }[name];
  return leftOut
    ? `It was chosen on these very scores, of photographs that each were left out, where ${chosen} (rule ${rule}): at it they look somewhat better than new ones will.`
    : `It was chosen on the validation part, where ${chosen} (rule ${rule}).`;
}

const capital = (text: string): string => text[0].toUpperCase() + text.slice(1);

/** The four outcomes as a table. */
const confusion = ({ confusion: c }: Summary, pictures: string): Content => html`
  <div class="scrolls">
    <table class="confusion">
      <caption>${capital(pictures)} by what they are and what they were called</caption>
      <thead><tr><th></th><th scope="col">called normal</th><th scope="col">called defective</th></tr></thead>
      <tbody>
        <tr>
          <th scope="row">normal</th>
          <td class="right"><b>${c.trueNegative}</b>right</td>
          <td class="wrong"><b>${c.falsePositive}</b>false alarms</td>
        </tr>
        <tr>
          <th scope="row">defective</th>
          <td class="wrong"><b>${c.falseNegative}</b>missed</td>
          <td class="right"><b>${c.truePositive}</b>found</td>
        </tr>
      </tbody>
    </table>
  </div>
`;
