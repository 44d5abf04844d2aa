import {
  type AdapterInfo,
  batchNorm,
  compile,
  conv2d,
  evaluate,
  grad,
  maxPool2d,
  metaLoss,
  openDevice,
  Random,
  type Tensor,
  tensor,
  tree,
} from '../../src/index.ts';

type Params = Record<'weight' | 'gamma' | 'beta', Tensor>;
type Batch = Record<'x' | 'y', Tensor>;
type Task = Record<'support' | 'query', Batch>;

/** What is the same on every runtime: plain numbers, so that it can leave a page. */
export interface Computed {
  readonly adapter: AdapterInfo;
  readonly values: Record<string, number[]>;
}

/** Seeded numbers from -1 to 1. */
function drawer(seed: number): (...shape: number[]) => Tensor {
  const random = new Random(seed);
  return (...shape) =>
    tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 2 * random.next() - 1),
      shape,
    );
}

const block = (x: Tensor, { weight, gamma, beta }: Params): Tensor =>
  maxPool2d(batchNorm(conv2d(x, weight, { padding: 1 }), gamma, beta), 2);

const loss = (params: Params, { x, y }: Batch): Tensor => block(x, params).sub(y).square().mean();

/**
 * A convolutional block's value, its first and second derivative, and one meta-step of second-order MAML, which is
 * compiled and run twice with other numbers. Runs alike in a browser and in Node.
 */
export async function compute(adapter?: string): Promise<Computed> {
  const device = await openDevice({ adapter });
  const draw = drawer(1);
  const params: Params = { weight: draw(8, 3, 3, 3), gamma: draw(8), beta: draw(8) };
  const batch = (): Batch => ({ x: draw(4, 3, 8, 8), y: draw(4, 8, 4, 4) });
  const task = (): Task => ({ support: batch(), query: batch() });

  const { x } = batch();
  const y = block(x, params);
  const first = grad(y.mul(draw(...y.shape)).sum(), params);
  const along = tree.map((g: Tensor) => g.mul(draw(...g.shape)).sum(), first);
  const second = grad(
    tree.leaves<Tensor>(along).reduce((a, b) => a.add(b)),
    params,
  );
  const named = {
    value: y,
    'first derivative': first.weight,
    'second derivative by weight': second.weight,
    'second derivative by gamma': second.gamma,
  };
  const computed = await evaluate(Object.values(named), device);
  const values: Record<string, number[]> = {};
  for (const [i, name] of Object.keys(named).entries()) values[name] = [...(await computed[i].data())];

  const metaStep = compile(
    (theta: Params, tasks: Task[], alpha: Tensor, beta: Tensor) => {
      const objective = metaLoss(loss, theta, tasks, { rate: alpha });
      const gradient = grad(objective, theta);
      const next = tree.map((p: Tensor, g: Tensor) => p.sub(g.mul(beta)), theta, gradient);
      return { objective, gradient, next };
    },
    { device },
  );
  const tasks = [task(), task()];
  let theta = params;
  for (const [i, alpha] of [0.1, 0.2].entries()) {
    const step = await metaStep(theta, tasks, alpha, 0.5);
    theta = step.next;
    values[`meta-objective of step ${i}`] = [await step.objective.item()];
    for (const [path, g] of tree.entries(step.gradient))
      values[`meta-gradient of step ${i} by ${path}`] = [...(await g.data())];
  }
  return { adapter: device.adapterInfo, values };
}
