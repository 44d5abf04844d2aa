import { between, spread } from '../../src/certify/case.ts';
import type { Tensor } from '../../src/graph/index.ts';
import { Random } from '../../src/random.ts';

const random = new Random('leaves');

/** Random numbers of a bell-like spread, as a leaf. */
export const leaf = (...shape: number[]): Tensor => spread(...shape).draw(random);

/** Random numbers in (low, high). */
export const leafBetween = (low: number, high: number, ...shape: number[]): Tensor =>
  between(low, high)(...shape).draw(random);
