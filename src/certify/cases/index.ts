import type { Case } from '../case.ts';
import { conv2d } from './conv2d.ts';
import { elementwise } from './elementwise.ts';
import { losses } from './loss.ts';
import { matmul } from './matmul.ts';
import { movement } from './movement.ts';
import { norms } from './norm.ts';
import { pool } from './pool.ts';
import { reductions } from './reductions.ts';

/** Every case, family by family. */
export const allCases: readonly Case[] = [
  ...elementwise,
  ...movement,
  ...reductions,
  ...matmul,
  ...conv2d,
  ...pool,
  ...norms,
  ...losses,
];
