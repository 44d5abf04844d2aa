import type { Experiment } from './report.ts';
import { figure4 } from './tables/figure4.ts';
import { figure5 } from './tables/figure5.ts';
import { table2 } from './tables/table2.ts';
import { table3 } from './tables/table3.ts';
import { table4 } from './tables/table4.ts';
import { table5 } from './tables/table5.ts';

/** The tables and figures of the paper that are measured again. */
export const experiments: readonly Experiment[] = [table2, table3, table4, table5, figure4, figure5];
