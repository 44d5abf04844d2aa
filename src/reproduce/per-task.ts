import { type Tensor, type Tree, tree } from '../graph/index.ts';
import { concat } from '../ops/index.ts';

export const vmap =
  <D extends Tree, R extends Tree>(f: (example: D) => R) =>
  (batch: D): R => {
    const n = tree.leaves(batch)[0].shape[0];
    const results = Array.from({ length: n }, (_, t) =>
      f(tree.map((x: Tensor) => x.slice([t], [t + 1]).reshape(x.shape.slice(1)), batch)),
    );
    return tree.map(
      (...xs: Tensor[]) =>
        concat(
          xs.map((x) => x.reshape([1, ...x.shape])),
          0,
        ),
      results[0],
      ...results.slice(1),
    );
  };
