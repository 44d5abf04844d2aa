import type { Workload } from '../workloads/workload.ts';
import { type MedetectionSizes, medetection } from '../workloads/workloads.ts';

/** What a step's cost should grow with. */
export interface Axis {
  /** What grows, and for the help what exactly. */
  readonly name: string;
  readonly about: string;
  /** What one more of it is, in words. */
  readonly unit: string;
  /** Values that are measured unless others are asked for. */
  readonly values: readonly number[];
  /** How many units a value is. */
  readonly units: (value: number) => number;
  /** What changes with it. */
  readonly sizes: (value: number) => Partial<MedetectionSizes>;
}

/** A small step of MeDetection, from which one thing at a time grows. */
const BASE: MedetectionSizes = { size: 64, support: 4, query: 4 };

const TILE = 64;

/** The axes by name. */
export const AXES: Readonly<Record<string, Axis>> = {
  batch: {
    name: 'pairs',
    about: 'pairs in the support set, and as many in the query set',
    unit: 'pair of each',
    values: [4, 8, 16, 32],
    units: (pairs) => pairs,
    sizes: (pairs) => ({ support: pairs, query: pairs }),
  },
  side: {
    name: 'pixels a side',
    about: 'pixels a side of the images',
    unit: `${TILE} x ${TILE} pixels`,
    values: [64, 128, 192, 256],
    units: (size) => (size / TILE) ** 2,
    sizes: (size) => ({ size }),
  },
  steps: {
    name: 'inner steps',
    about: 'inner steps',
    unit: 'step',
    values: [1, 2, 4, 8],
    units: (steps) => steps,
    sizes: (steps) => ({ steps }),
  },
  tasks: {
    name: 'tasks',
    about: 'tasks of a meta-batch',
    unit: 'task',
    values: [1, 2, 4, 8],
    units: (tasks) => tasks,
    sizes: (tasks) => ({ tasks }),
  },
};

export const workloadAt = ({ sizes }: Axis, value: number): Workload =>
  medetection({ ...BASE, ...sizes(value) });
