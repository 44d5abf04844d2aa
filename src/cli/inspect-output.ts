import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { draw, type Tree, tree } from '../graph/index.ts';
import { type Inspected, type Inspection, inspectionPlots, metaGradient } from '../insight/index.ts';
import { savePlot } from '../plot/index.ts';
import { writeFileAtomic } from '../store/index.ts';
import { quantity, table } from './output.ts';

/** Four digits; "-" where there is no number. */
const digits = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? '-' : String(Number(value.toPrecision(4)));

/** Rate times curvature beyond which gradient descent on a quadratic diverges. */
const STABLE = 2;

/** The inspection as tables for people, each with a line on what it is. */
export function inspectionTables(inspection: Inspection): string[] {
  const { rate, curve, updates, gradients, curvatures, size, trainedSteps } = inspection;
  const alpha = rate ?? 1;
  const curvatureName = rate === undefined ? 'lambda_max' : 'alpha lambda_max';
  const loop = curve.support.map((support, k) => {
    const curvature = curvatures[k];
    return [
      `${k}${k === trainedSteps ? ' *' : ''}`,
      digits(support),
      digits(curve.query[k]),
      digits(curvature && alpha * curvature.largest),
      curvature ? `${curvature.iterations}${curvature.converged ? '' : ', not converged'}` : '-',
    ];
  });
  const unstable = curvatures.findIndex(({ largest }) => alpha * largest > STABLE);
  const verdict =
    unstable < 0
      ? `alpha lambda_max stays below ${STABLE}: no inner step is too long for the curvature where it starts`
      : `alpha lambda_max exceeds ${STABLE} after ${unstable} inner steps: from there a step along the steepest direction overshoots by more than it corrects`;
  const shown = [0, trainedSteps - 1, curve.support.length - 2].filter((k, i, list) => list.indexOf(k) === i);
  const tensors = gradients.map(({ path, firstOrder, secondOrder, cosine }) => {
    const norms = updates.find((update) => update.path === path)?.norms;
    return [
      path,
      ...shown.map((k) => digits(norms?.[k])),
      digits(firstOrder),
      digits(secondOrder),
      digits(cosine),
    ];
  });
  const parts = size.map(({ origin, nodes, dispatches, flops, bytes }) => [
    origin,
    String(nodes),
    String(dispatches),
    quantity(flops, 'FLOP'),
    quantity(bytes, 'B'),
  ]);
  return [
    [
      'loss along the inner steps (*: where the inner loop ends)',
      table([['steps', 'support', 'query', curvatureName, 'iterations'], ...loop]),
      ...(rate === undefined ? [] : [verdict]),
    ].join('\n'),
    [
      'tensor by tensor: norm of the update in inner steps, meta-gradients of first and second order, and their cosine',
      table([['tensor', ...shown.map((k) => `step ${k + 1}`), '|first|', '|second|', 'cosine'], ...tensors]),
    ].join('\n'),
    [
      "one task's query loss and meta-gradient by origin",
      table([['origin', 'nodes', 'dispatches', 'arithmetic', 'memory'], ...parts]),
    ].join('\n'),
  ];
}

/** Names of what `writeInspection` writes besides the plots. */
const files = { numbers: 'inspection.json', dot: 'graph.dot', mermaid: 'graph.mmd' } as const;

/**
 * Writes the numbers, the graph of the meta-gradient as DOT and Mermaid, and the plots; where these cannot be drawn it warns.
 */
export async function writeInspection<P extends Tree, D>(
  folder: string,
  inspected: Inspected<P, D>,
  inspection: Inspection,
  { png, warn }: { png: boolean; warn: (warning: string) => void },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const numbers = JSON.stringify(inspection, null, 1);
  await writeFileAtomic(join(folder, files.numbers), `${numbers}\n`);
  const { loss, gradient } = metaGradient(inspected);
  const outputs = [loss, ...tree.leaves(gradient)];
  for (const format of ['dot', 'mermaid'] as const)
    await writeFileAtomic(join(folder, files[format]), draw(outputs, { format }));
  try {
    for (const [name, svg] of Object.entries(await inspectionPlots(inspection)))
      for (const kind of png ? ['svg', 'png'] : ['svg']) await savePlot(join(folder, `${name}.${kind}`), svg);
  } catch (error) {
    warn(`${(error as Error).message}; all but the plots is in ${folder}`);
  }
}
