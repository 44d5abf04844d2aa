import * as ops from '../../ops/index.ts';
import { type Case, certifies, spread } from '../case.ts';

const product = (a: number[], b: number[], options: ops.MatmulOptions = {}): Case => {
  const words = [options.transposeA && 'a transposed', options.transposeB && 'b transposed'];
  const text = words.filter((w) => w).join(', ');
  return certifies('matmul', [spread(...a), spread(...b)], (x, y) => ops.matmul(x, y, options), text);
};

const [a, b] = [{ transposeA: true }, { transposeB: true }];

export const matmul: readonly Case[] = [
  product([5, 7], [7, 3]),
  product([7, 5], [7, 3], a),
  product([5, 7], [3, 7], b),
  product([7, 5], [3, 7], { ...a, ...b }),
  product([1, 9], [9, 1]),
  product([9, 1], [1, 9]),
  product([37, 41], [41, 33]),
  // Whole vectors of four along memory have a kernel of their own on processors.
  product([20, 12], [12, 40]),
  product([12, 20], [12, 40], a),
  product([20, 12], [40, 12], b),
  product([12, 20], [40, 12], { ...a, ...b }),
  product([4, 2, 3], [4, 3, 5]),
  product([4, 2, 3], [3, 5]),
  product([3, 2], [2, 4, 5, 3], { ...a, ...b }),
  product([3, 1, 2, 4], [2, 4, 3]),
  product([3, 8, 4], [4, 8]),
];
