import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { magnitude } from '../../src/certify/compare.ts';
import { reference } from '../../src/certify/reference.ts';
import type { Capabilities } from '../../src/device/capabilities.ts';
import type { Device } from '../../src/device/device.ts';
import type { Tensor } from '../../src/graph/index.ts';
import { add, concat, mul, reshape, slice, sum } from '../../src/ops/index.ts';
import { vmap } from '../../src/vmap/index.ts';
import { assertAgree } from './assert-close.ts';
import { leaf } from './leaves.ts';
import { planAndRun } from './run-plan.ts';

/** Entry t of a tensor with a leading task axis. */
export const entry = (x: Tensor, t: number): Tensor => reshape(slice(x, [t], [t + 1]), x.shape.slice(1));

/** Tensors of one shape along a new leading axis. */
export const stacked = (parts: readonly Tensor[]): Tensor =>
  concat(
    parts.map((y) => reshape(y, [1, ...y.shape])),
    0,
  );

/** A function of some tensors in two forms: for all tasks at once, and task by task, each [T, ...]. */
export interface Forms {
  readonly batched: Tensor;
  readonly loop: Tensor;
}

/** Both forms of `build`; those leaves that `own` marks have a leading axis of T tasks, the tasks share the others. */
export function bothForms(
  leaves: readonly Tensor[],
  own: readonly boolean[],
  tasks: number,
  build: (...leaves: Tensor[]) => Tensor,
): Forms {
  const mine = leaves.filter((_, i) => own[i]);
  const given = (examples: readonly Tensor[]) => {
    const next = [...examples];
    return build(...leaves.map((x, i) => (own[i] ? next.shift()! : x)));
  };
  return {
    batched: vmap(given)(mine),
    loop: stacked(Array.from({ length: tasks }, (_, t) => given(mine.map((x) => entry(x, t))))),
  };
}

/** The value, and its first and second derivative by all f32 leaves, each of <the one before, random tensor>. */
function derivatives(forms: Forms, leaves: readonly Tensor[], order: number): Forms[][] {
  const wanted = leaves.filter((x) => x.dtype === 'f32');
  const levels: Forms[][] = [[forms]];
  if (forms.batched.dtype !== 'f32') return levels;
  for (let k = 0; k < order; k++) {
    const weights = levels[k].map(({ batched }) => leaf(...batched.shape));
    const by = (form: keyof Forms) => {
      const terms = levels[k].map((f, i) => sum(mul(f[form], weights[i])));
      return grad(terms.reduce(add), [...wanted]);
    };
    const [batched, loop] = [by('batched'), by('loop')];
    levels.push(batched.map((b, i) => ({ batched: b, loop: loop[i] })));
  }
  return levels;
}

/** float64 rounds differently where sums are taken in another order. */
const inDouble = 1e-9;
/** As in `checkDerivatives`. */
const onDevice = [1e-5, 5e-5, 2e-4];

/** Every choice of leaves that have a task axis, but for none. */
const choices = (count: number): boolean[][] =>
  Array.from({ length: 2 ** count - 1 }, (_, i) =>
    Array.from({ length: count }, (_, k) => ((i + 1) >> k) % 2 > 0),
  );

/**
 * Checks that `build` over a batch of tasks equals `build` task by task, with its first and second derivatives, whichever
 * of the leaves (given with a leading task axis) the tasks share: rules in float64, the device against that.
 */
export async function checkBatched(
  leaves: readonly Tensor[],
  build: (...leaves: Tensor[]) => Tensor,
  device: Device,
  {
    order = 2,
    capabilities = [{}],
  }: { order?: number; capabilities?: readonly Partial<Capabilities>[] } = {},
): Promise<void> {
  const levels = choices(leaves.length).flatMap((own) => {
    const given = leaves.map((x, i) => (own[i] ? x : entry(x, 0)));
    const forms = bothForms(given, own, leaves[0].shape[0], build);
    return derivatives(forms, given, order).map((level, k) => ({
      level,
      k,
      what: `own ${own}: derivative ${k}`,
    }));
  });
  const nodes = levels.flatMap(({ level }) => level);
  const [batched, loop] = [reference(nodes.map((f) => f.batched)), reference(nodes.map((f) => f.loop))];
  const compare = (values: readonly ArrayLike<number>[], tolerance: (k: number) => number, where: string) => {
    let next = 0;
    for (const { level, k, what } of levels) {
      // What is zero but for rounding is measured against its siblings.
      const among = Math.max(...level.map((_, i) => magnitude(loop[next + i])));
      for (const { batched: node } of level) {
        const [actual, expected] = [values[next], loop[next]];
        next++;
        if (magnitude(expected) > 1e-6 * among)
          assertAgree(node, actual, expected, tolerance(k), `${what} ${where}`);
        else
          assert.ok(
            magnitude(actual) <= tolerance(k) * Math.max(1, among),
            `${what} ${where}: ${node} is not zero`,
          );
      }
    }
  };
  compare(batched, () => inDouble, 'in float64');
  for (const limits of capabilities) {
    const { values } = await planAndRun(
      nodes.map((f) => f.batched),
      device,
      limits,
    );
    compare(values, (k) => onDevice[k], `on ${limits.family ?? 'the device'}`);
  }
}
