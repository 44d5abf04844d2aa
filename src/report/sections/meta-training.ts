import type { NamedMetaStep } from '../../medetection/index.ts';
import { linePlot } from '../../plot/index.ts';
import { find } from '../found.ts';
import { type Content, html } from '../html.ts';
import { readLog } from '../log.ts';
import { counted, decimals } from '../numbers.ts';
import { figures, leftOut, plot, type Section, table } from '../parts.ts';
import type { Subject } from '../subject.ts';

/** The loss shown is the mean of about so many steps: single ones jump with the tasks drawn. */
const MEAN_OVER = 20;

/** The mean over each value and the ones before it, `over` in all. */
export const movingMean = (values: readonly number[], over: number): number[] =>
  values.map((_, i) => {
    const part = values.slice(Math.max(0, i - over + 1), i + 1);
    return part.reduce((a, b) => a + b) / part.length;
  });

/** How a meta-training went, and what each of its tasks made of it. */
export async function metaTrainingSection({ folder }: Pick<Subject, 'folder'>): Promise<Section> {
  const log = await find(() => readLog<NamedMetaStep>(folder));
  return {
    id: 'meta-training',
    title: 'Meta-training',
    content:
      'value' in log
        ? await metaTraining(log.value)
        : leftOut('the curves of the meta-training', log.leftOut),
  };
}

async function metaTraining(steps: readonly NamedMetaStep[]): Promise<Content> {
  const losses = steps.map(({ queryLoss }) => queryLoss);
  const over = Math.min(MEAN_OVER, Math.ceil(steps.length / 4));
  const x = steps.map(({ iteration }) => iteration);
  return html`
    <p>
      ${counted(steps.length, 'meta-step')}. Each adapts to a few tasks on a support set and is measured on a query set of
      other pictures: the query loss is what meta-training lowers.
    </p>
    ${figures(
      await plot(
        'query-loss',
        () =>
          linePlot({
            title: 'Query loss after adaptation',
            x: { label: 'meta-step' },
            y: { label: 'binary cross-entropy', log: losses.every((loss) => loss > 0) },
            series: [
              { name: `mean of ${over} steps`, x, y: movingMean(losses, over) },
              { name: 'each step', x, y: losses, dashed: true },
            ],
            format: 'column',
          }),
        'Steps draw different tasks, of which some are harder: single steps jump.',
      ),
      taskTable(steps),
    )}
  `;
}

/** The query losses of each task in the first and the last quarter of the steps. */
function taskTable(steps: readonly NamedMetaStep[]): Content {
  const quarter = Math.ceil(steps.length / 4);
  const mean = (task: string, part: readonly NamedMetaStep[]): number => {
    const losses = part.flatMap(({ tasks }) => tasks.filter((t) => t.task === task)).map((t) => t.queryLoss);
    return losses.reduce((a, b) => a + b, 0) / losses.length;
  };
  const names = [...new Set(steps.flatMap(({ tasks }) => tasks.map(({ task }) => task)))].sort();
  return table(
    ['task', 'first quarter', 'last quarter'],
    names.map((task) => [
      task,
      decimals(mean(task, steps.slice(0, quarter))),
      decimals(mean(task, steps.slice(-quarter))),
    ]),
    'Mean query loss by task',
  );
}
