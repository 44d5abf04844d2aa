import {
  type GradientComparison,
  gradientCosines,
  type InnerCurve,
  innerCurve,
  innerLoopPlot,
  metaGradientPlot,
} from '../../insight/index.ts';
import { type MetaTrainConfig, runEpisode } from '../../medetection/index.ts';
import { Random } from '../../random.ts';
import { find } from '../found.ts';
import { type Content, html } from '../html.ts';
import { decimals, digits } from '../numbers.ts';
import { figures, leftOut, plot, type Section } from '../parts.ts';
import type { Subject } from '../subject.ts';

interface Adaptation {
  readonly task: string;
  readonly steps: number;
  readonly curve: InnerCurve;
  readonly gradients: readonly GradientComparison[];
}

/** Inner steps that are followed beyond those trained with. */
const BEYOND = 5;

/**
 * Follows a meta-trained start through its adaptation to the target, as `inspect` does.
 * @throws as `runEpisode`, `innerCurve` and `gradientCosines`.
 */
async function follow({ folder, data, config, hooks }: Subject<MetaTrainConfig>): Promise<Adaptation> {
  const random = new Random(config.seed).fork('inspect');
  const { task, data: episode, params, loss, inner } = await runEpisode(folder, { data, random }, hooks);
  const inspected = { loss, theta: params, task: episode, inner };
  const { steps = 1 } = inner;
  return {
    task,
    steps,
    curve: await innerCurve(inspected, steps + BEYOND),
    gradients: await gradientCosines(inspected),
  };
}

/** First- against second-order meta-gradient, and the loss along the inner loop. */
export async function inspectionSection(subject: Subject<MetaTrainConfig>): Promise<Section> {
  const adaptation = await find(() => follow(subject));
  return {
    id: 'meta-gradient',
    title: 'First and second order',
    content:
      'value' in adaptation
        ? await show(adaptation.value)
        : leftOut('first- against second-order meta-gradients', adaptation.leftOut),
  };
}

/** The part of a network that a tensor belongs to: `trunk.block1` of `trunk.block1.conv.weight`. */
const partOf = (path: string): string => {
  const names = path.split('.');
  return names.slice(0, Math.max(1, Math.min(2, names.length - 1))).join('.');
};

/** Comparisons of tensors as comparisons of the parts of the network, the tensors of each as one vector. */
export function byPart(gradients: readonly GradientComparison[]): GradientComparison[] {
  const parts = [...new Set(gradients.map(({ path }) => partOf(path)))];
  return parts.map((part) => {
    const own = gradients.filter(({ path }) => partOf(path) === part);
    const [first, second] = (['firstOrder', 'secondOrder'] as const).map((order) =>
      Math.hypot(...own.map((g) => g[order])),
    );
    // Where a gradient is zero, so is its product with any other.
    const product = own.reduce((sum, g) => sum + (g.cosine * g.firstOrder * g.secondOrder || 0), 0);
    return { path: part, firstOrder: first, secondOrder: second, cosine: product / (first * second) };
  });
}

async function show({ task, steps, curve, gradients }: Adaptation): Promise<Content> {
  const all = gradients.find(({ path }) => path === 'all')!;
  return html`
    <p>
      Of an episode of ${task}, which the meta-training has not learned from, the first-order approximation of the
      meta-gradient has a cosine of ${decimals(all.cosine)} with the true, second-order one, and
      ${' '}${digits(all.firstOrder / all.secondOrder)} times its length. At 1 the second-order terms change no direction;
      the lower the cosine, the more they do.
    </p>
    ${figures(
      await plot(
        'inner-loop',
        () => innerLoopPlot(curve, steps, 'column'),
        `${steps} inner step${steps === 1 ? ' was' : 's were'} trained with; what follows is what more would do.`,
      ),
      await plot(
        'meta-gradients',
        () => metaGradientPlot(byPart(gradients), 'column'),
        'Part by part of the network, the tensors of each as one vector.',
      ),
    )}
  `;
}
