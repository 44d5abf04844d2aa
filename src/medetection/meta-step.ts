import { compile } from '../compile/index.ts';
import type { Plan } from '../device/plan.ts';
import { scopes, type Tensor, tree, withScope } from '../graph/index.ts';
import { innerMeasures, movedStatistics, type TaskData } from '../meta/index.ts';
import type { Statistics } from '../nn/index.ts';
import { type AdamState, adam } from '../optim/index.ts';
import type { ModelConfig } from './config.ts';
import { type Learned, metaGradient, type Schedule } from './meta-objective.ts';
import type { MetaTrainOptions } from './meta-options.ts';
import type { LabelledPairs } from './network.ts';
import { readMeasures, stepMeasures } from './step-measures.ts';

type Tasks = readonly TaskData<LabelledPairs>[];
type Moments = AdamState<Learned>;
/** Running statistics of the normalisations by inner step, or of what each of several tasks saw. */
type StepStatistics = readonly Statistics[];

/** What a meta-step gives; what it was given of learned tensors, moments and statistics is spent. */
interface MetaStepResult {
  readonly learned: Learned;
  readonly adam: Moments;
  readonly statistics: StepStatistics;
  /** The query loss of every task after its inner loop. */
  readonly losses: readonly number[];
  /** Of the meta-gradient. */
  readonly squaredNorm: number;
  /** What `innerMeasures` says of every task, one after another. */
  readonly inner: readonly number[];
}

type Arguments = readonly [
  learned: Learned,
  moments: Moments,
  statistics: StepStatistics,
  tasks: Tasks,
  schedule: Schedule<number>,
];

/** A meta-step, compiled: inner loops, outer gradient and Adam. */
export interface CompiledMetaStep {
  run(...step: Arguments): Promise<MetaStepResult>;
  /** The plan that takes the most memory, without running it. */
  plan(...step: Arguments): Promise<Plan>;
}

/**
 * Compiles a meta-step: into one plan, or where `microBatch` says so into one for a few tasks, run again and again, whose
 * gradients add up. The mean of all tasks' gradients is the same either way, and only as many tasks take memory at once.
 * @param adaptedPaths the tensors that the inner loop changes, which are measured
 */
export function compileMetaStep(
  model: ModelConfig,
  options: MetaTrainOptions,
  adaptedPaths: readonly string[],
): CompiledMetaStep {
  const { tasksPerStep, microBatch = tasksPerStep } = options;
  return microBatch >= tasksPerStep
    ? atOnce(model, options, adaptedPaths)
    : inGroups(model, options, adaptedPaths, microBatch);
}

const budgetOf = ({ memoryBudget }: MetaTrainOptions): number | undefined =>
  memoryBudget && memoryBudget * 2 ** 20;

function moveLearned(
  learned: Learned,
  gradient: Learned,
  moments: Moments,
  rate: Tensor,
  { beta1 }: MetaTrainOptions,
) {
  const { params, state } = withScope(scopes.update, () => adam(learned, gradient, moments, rate, { beta1 }));
  return { learned: params, adam: state };
}

/** The running statistics after a step in which tasks saw these. */
const move = (statistics: StepStatistics, seen: readonly StepStatistics[]): StepStatistics =>
  seen.length > 0 ? movedStatistics(statistics, seen) : [];

/** All tasks and the update as one plan. */
function atOnce(
  model: ModelConfig,
  options: MetaTrainOptions,
  adaptedPaths: readonly string[],
): CompiledMetaStep {
  const step = compile(
    (
      learned: Learned,
      moments: Moments,
      statistics: StepStatistics,
      tasks: Tasks,
      schedule: Schedule<Tensor>,
    ) => {
      const { losses, adapted, gradient, seen } = metaGradient(model, options, learned, tasks, schedule);
      const next = moveLearned(learned, gradient, moments, schedule.outerRate, options);
      // The losses come last: asked for first, all tasks' forward passes would be alive together.
      const inner = adapted.map((task) => innerMeasures(task, adaptedPaths));
      return {
        ...next,
        statistics: move(statistics, seen),
        measures: stepMeasures(losses, gradient, inner),
      };
    },
    { donate: [0, 1, 2], memoryBudget: budgetOf(options) },
  );
  return {
    plan: step.plan,
    run: async (learned, moments, statistics, tasks, schedule) => {
      const { measures, ...next } = await step(learned, moments, statistics, tasks, schedule);
      const { losses, squaredNorm, more: inner } = await readMeasures(measures, tasks.length);
      return { ...next, losses, squaredNorm, inner };
    },
  };
}

/** Groups of at most so many tasks, as even as they can be. */
function groupsOf(tasks: Tasks, most: number): Tasks[] {
  const size = Math.ceil(tasks.length / Math.ceil(tasks.length / most));
  return Array.from({ length: Math.ceil(tasks.length / size) }, (_, i) =>
    tasks.slice(i * size, (i + 1) * size),
  );
}

/** The gradient so far, and what a group of tasks adds to it. */
interface Accumulated {
  readonly sum: Learned;
  readonly seen: readonly StepStatistics[];
  readonly measures: Tensor;
}

/** One plan that adds the share of a group of tasks to the gradient, and one for the update. */
function inGroups(
  model: ModelConfig,
  options: MetaTrainOptions,
  adaptedPaths: readonly string[],
  microBatch: number,
): CompiledMetaStep {
  const accumulate = compile(
    (learned: Learned, sum: Learned | null, tasks: Tasks, share: Tensor, schedule: Schedule<Tensor>) => {
      const { losses, adapted, gradient, seen } = metaGradient(model, options, learned, tasks, schedule);
      const own = tree.map((g) => g.mul(share), gradient);
      const inner = adapted.map((task) => innerMeasures(task, adaptedPaths));
      return {
        sum: sum === null ? own : tree.map((a, b) => a.add(b), sum, own),
        seen,
        measures: stepMeasures(losses, gradient, inner),
      };
    },
    { donate: [1], memoryBudget: budgetOf(options) },
  );
  const update = compile(
    (
      learned: Learned,
      moments: Moments,
      gradient: Learned,
      statistics: StepStatistics,
      seen: readonly StepStatistics[],
      rate: Tensor,
    ) => ({
      ...moveLearned(learned, gradient, moments, rate, options),
      statistics: move(statistics, seen),
      measures: stepMeasures([], gradient),
    }),
    { donate: [0, 1, 2, 3, 4] },
  );
  return {
    plan: (learned, _moments, _statistics, tasks, schedule) =>
      accumulate.plan(learned, learned, groupsOf(tasks, microBatch)[0], 1, schedule),
    run: async (learned, moments, statistics, tasks, schedule) => {
      const groups = groupsOf(tasks, microBatch);
      const measured: Tensor[] = [];
      const seen: StepStatistics[] = [];
      let gradient: Learned | null = null;
      for (const group of groups) {
        const share = group.length / tasks.length;
        const part: Accumulated = await accumulate(learned, gradient, group, share, schedule);
        gradient = part.sum;
        seen.push(...part.seen);
        measured.push(part.measures);
      }
      const rate = schedule.outerRate;
      const { measures, ...next } = await update(learned, moments, gradient!, statistics, seen, rate);
      const parts = await Promise.all(measured.map((t, i) => readMeasures(t, groups[i].length)));
      return {
        ...next,
        losses: parts.flatMap(({ losses }) => losses),
        squaredNorm: (await readMeasures(measures, 0)).squaredNorm,
        inner: parts.flatMap(({ more }) => more),
      };
    },
  };
}
