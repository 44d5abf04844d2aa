import type { Tree } from '../graph/index.ts';
import type { InnerLoop, Loss, TaskData } from '../meta/index.ts';

/** What is looked at: a model, and how it adapts to one task. */
export interface Inspected<P extends Tree, D> {
  readonly loss: Loss<P, D>;
  /** Where adaptation starts. */
  readonly theta: P;
  readonly task: TaskData<D>;
  readonly inner: InnerLoop;
}
