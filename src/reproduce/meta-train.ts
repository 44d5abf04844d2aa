import { type Tree, tree } from '../graph/index.ts';
import { initAdam } from '../optim/index.ts';
import type { MetaState, MetaTraining, Tested } from './study.ts';

/** Where a meta-training stands. */
export interface Progress<P extends Tree> {
  readonly state: MetaState<P>;
  /** The meta-objective before each meta-step done. */
  readonly losses: readonly number[];
  /** What was measured on the way. */
  readonly tests: readonly Tested[];
  /** Seconds of training, measurements not counted. */
  readonly seconds: number;
}

export interface MetaTrainHooks<P extends Tree> {
  /** Meta-steps between two calls of `save`, rounded up to whole calls of `advance`. */
  readonly saveEvery: number;
  /** Called while the training goes on, not at its end. */
  readonly save: (progress: Progress<P>) => Promise<void>;
  /** Called with the losses of all meta-steps that are known. */
  readonly onLosses?: (losses: readonly number[]) => void;
  /** Called with what was measured on the way. */
  readonly onTested?: (tested: Tested) => void;
  /** Stops after the call under way. */
  readonly signal?: AbortSignal;
}

/** The progress before the first meta-step. */
export function beginning<P extends Tree>(training: MetaTraining<P>): Progress<P> {
  const theta = training.init();
  return { state: { theta, moments: initAdam(theta) }, losses: [], tests: [], seconds: 0 };
}

/** A loss after adaptation so many times that of the first meta-step, or 1 if that is less, says that adaptation explodes. */
const EXPLODES = 1000;

/** A call of `advance`, whose losses are on their way to the host. */
interface Call<P extends Tree> {
  readonly from: MetaState<P>;
  readonly iteration: number;
  readonly losses: Promise<ArrayLike<number>>;
}

/**
 * Why the loss of an iteration is not what it should be: the meta-steps of its call are made again one by one, with a look at
 * the inner loops before each.
 */
async function explain<P extends Tree>(
  { advance, checkInner }: MetaTraining<P>,
  { from, iteration }: Call<P>,
  failed: number,
  loss: number,
): Promise<Error> {
  let state = from;
  try {
    for (let i = iteration; checkInner !== undefined && i <= failed; i++) {
      await checkInner(state.theta, i);
      if (i < failed) state = await advance(state, i, 1);
    }
  } catch (error) {
    return error as Error;
  }
  return new Error(`meta-train: the loss is ${loss} at step ${failed + 1}; lower the rates`);
}

/**
 * Meta-trains until `iterations` meta-steps are done, or until stopped. Calls of `advance` start at whole multiples of their
 * length, so that a training that was stopped goes on with the same calls as one that was not, and to the same bits.
 * @throws when a loss is not finite, or one after adaptation explodes, naming the step; and the task, its inner step and the
 * tensor, where it began there.
 */
export async function metaTrain<P extends Tree>(
  training: MetaTraining<P>,
  start: Progress<P>,
  iterations: number,
  { saveEvery, save, onLosses, onTested, signal }: MetaTrainHooks<P>,
): Promise<Progress<P>> {
  let began = performance.now();
  const losses = [...start.losses];
  const tests = [...start.tests];
  let { state } = start;
  let iteration = losses.length;
  let saved = iteration;
  let coming: Call<P> | undefined;

  const broken = (loss: number): boolean =>
    !Number.isFinite(loss) ||
    (training.checkInner !== undefined && Math.abs(loss) > EXPLODES * Math.max(1, losses[0] ?? 1));
  const receive = async (): Promise<void> => {
    if (coming === undefined) return;
    for (const loss of Array.from(await coming.losses)) {
      if (broken(loss)) throw await explain(training, coming, losses.length, loss);
      losses.push(loss);
    }
    if (coming.from !== start.state) for (const t of tree.leaves(coming.from)) t.dispose();
    coming = undefined;
    onLosses?.(losses);
  };
  const progress = async (): Promise<Progress<P>> => {
    await receive();
    const seconds = start.seconds + (performance.now() - began) / 1000;
    return { state, losses: [...losses], tests: [...tests], seconds };
  };
  const measure = async (): Promise<void> => {
    await receive();
    const paused = performance.now();
    const tested = { iteration, evaluation: await training.evaluate(state.theta) };
    began += performance.now() - paused;
    tests.push(tested);
    onTested?.(tested);
  };

  while (iteration < iterations && !signal?.aborted) {
    const count = Math.min(training.stepsPerCall, iterations - iteration);
    const { losses: next, ...advanced } = await training.advance(state, iteration, count);
    // The device is at work on this call while the host waits for the losses of the one before.
    await receive();
    coming = { from: state, iteration, losses: next.data().finally(() => next.dispose()) };
    // They are awaited one call later, and a failure is told there.
    coming.losses.catch(() => {});
    state = advanced;
    iteration += count;
    if (training.testEvery && iteration % training.testEvery === 0 && iteration < iterations) await measure();
    if (iteration - saved >= saveEvery && iteration < iterations) {
      await save(await progress());
      saved = iteration;
    }
  }
  return progress();
}
