/** `npm run bench -- kernels|workloads|scaling`: how fast kernels and whole steps are, and how far from what could be. */
import { Command } from 'commander';
import { runProgram } from '../src/cli/program.ts';
import { addKernels } from './kernels/command.ts';
import { addScaling } from './scaling/command.ts';
import { addWorkloads } from './workloads/command.ts';

await runProgram(
  new Command('bench').description('time kernels and meta-learning steps on the adapter at hand'),
  [addKernels, addWorkloads, addScaling],
);
