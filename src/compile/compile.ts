import { defaultDevice } from '../device/default.ts';
import type { Device } from '../device/device.ts';
import { type Argument, LoadedPlan } from '../device/execute.ts';
import type { Plan } from '../device/plan.ts';
import { loadShaders } from '../device/shader.ts';
import { warmUp } from '../device/warm-up.ts';
import { topologicalOrder } from '../graph/order.ts';
import { showShape } from '../graph/shape.ts';
import { deviceArray, deviceTensor, hostData, input } from '../graph/source.ts';
import { bytesOf, Tensor } from '../graph/tensor.ts';
import * as tree from '../graph/tree.ts';
import { checkDevice, evaluate } from './evaluate.ts';
import { makePlan, type PlanOptions } from './make-plan.ts';

export interface CompileOptions extends PlanOptions {
  /**
   * Numbers of the arguments that are state: their device arrays are spent by the call, and the results take their
   * buffers. Pass parameters and optimiser moments here.
   */
  readonly donate?: readonly number[];
  /** Where to run; the default device if not given. */
  readonly device?: Device;
}

/** What may be passed for a traced argument: wherever the function takes a scalar tensor, a number will do. */
export type Passed<T> = T extends Tensor
  ? Tensor | number
  : T extends string | boolean | number | null | undefined
    ? T
    : { [K in keyof T]: Passed<T[K]> };

/** A compiled function. Calling it replays a plan; what changes between calls is its arguments, numbers included. */
export interface Compiled<A extends unknown[], R> {
  (...args: { [I in keyof A]: Passed<A[I]> }): Promise<R>;
  /** The plan for arguments of these shapes, without running it: no buffer is taken for it yet. */
  plan(...args: { [I in keyof A]: Passed<A[I]> }): Promise<Plan>;
  /** Forgets all plans and frees what they hold. */
  dispose(): void;
}

interface Entry {
  readonly plan: Plan;
  readonly device: Device;
  /** The plan on the device, from the first call on that runs it. */
  loading?: Promise<LoadedPlan>;
  loaded?: LoadedPlan;
  /** The function's result with tensors where device arrays go. */
  readonly result: unknown;
  /** Calls that still need the plan. */
  calls: number;
  /** Whether no later call will find it. */
  forgotten: boolean;
}

/**
 * Traces `fn` once for every signature (shapes, types, structure and static values of the arguments) and replays the
 * plan made from it. Tensors and numbers in the arguments are inputs; strings and booleans are static. `fn` must be
 * pure: it sees tensors without values, and what it captures from outside is fixed when it is traced.
 *
 * @throws whatever `fn` throws while it is traced, errors of the device, and a clear error for a spent argument
 */
export function compile<A extends unknown[], R>(
  fn: (...args: A) => R,
  options: CompileOptions = {},
): Compiled<A, R> {
  let entries = new Map<string, Entry>();
  let underWay = new Map<string, Promise<Entry>>();
  const donated = new Set(options.donate ?? []);
  for (const position of donated)
    if (!Number.isInteger(position) || position < 0)
      throw new Error(`compile: donate holds ${position}; it names arguments by number, from 0`);

  const make = async (args: readonly unknown[]): Promise<Entry> => {
    await loadShaders();
    const device = options.device ?? (await defaultDevice());
    const { outputs, result, inputCount } = trace(fn, args);
    checkDevice(topologicalOrder(outputs), device);
    const plan = makePlan(outputs, inputCount, device.capabilities, options);
    return { plan, device, result, calls: 0, forgotten: false };
  };

  /** The entry for these arguments, one call more to its account. */
  const load = async (args: readonly unknown[]): Promise<Entry> => {
    const key = signature(args);
    const known = entries.get(key);
    // A plan on the default device is made anew once that device has been replaced.
    if (known !== undefined && (known.device.usable || options.device !== undefined)) {
      known.calls++;
      return known;
    }
    const shared = underWay.get(key);
    if (shared !== undefined) {
      const entry = await shared;
      entry.calls++;
      return entry;
    }
    // Calls under way at once share one trace; what failed may be tried again.
    const [ownEntries, ownUnderWay] = [entries, underWay];
    const making = make(args);
    ownUnderWay.set(key, making);
    try {
      const entry = await making;
      entry.calls++;
      // Disposed of while it was traced: it serves the calls that wait for it, and no other.
      if (ownEntries === entries) entries.set(key, entry);
      else entry.forgotten = true;
      return entry;
    } finally {
      ownUnderWay.delete(key);
    }
  };

  /** Does something with the plan for these arguments, which `dispose` meanwhile does not take away. */
  const withPlan = async <T>(
    args: readonly unknown[],
    work: (entry: Entry) => Promise<T> | T,
  ): Promise<T> => {
    const entry = await load(args);
    try {
      return await work(entry);
    } finally {
      if (--entry.calls === 0 && entry.forgotten) entry.loaded?.dispose();
    }
  };

  const run = async (args: readonly unknown[], entry: Entry): Promise<R> => {
    const { result } = entry;
    const loaded = entry.loaded ?? (await loadPlan(entry));
    const outputs = tree.tensors(result);
    const leaves = args.flatMap((arg, position) => dynamicLeaves(arg).map((leaf) => ({ leaf, position })));
    const inputs = await toArguments(
      leaves.map((l) => l.leaf),
      loaded.device,
    );
    const spent = new Set<number>();
    leaves.forEach(({ leaf, position }, i) => {
      if (!donated.has(position) || typeof leaf === 'number') return;
      // An array passed twice can be donated only once; what was computed for this call is not the caller's.
      if (deviceArray(leaf) !== undefined && inputs.indexOf(inputs[i]) === i) spent.add(i);
    });
    const arrays = loaded.run(inputs, outputs.map(bytesOf), spent);
    const computed = outputs.map((t, i) => deviceTensor(arrays[i], t.shape, t.dtype));
    return tree.withTensors(result, computed) as R;
  };

  const call = async (...args: unknown[]): Promise<R> => {
    for (const position of donated)
      if (position >= args.length)
        throw new Error(
          `compile: donate names argument ${position}, but the call has ${args.length} (counted from 0)`,
        );
    return withPlan(args, (entry) => run(args, entry));
  };

  return Object.assign(call, {
    plan: (...args: unknown[]) => withPlan(args, ({ plan }) => plan),
    dispose: () => {
      for (const entry of entries.values()) {
        entry.forgotten = true;
        if (entry.calls === 0) entry.loaded?.dispose();
      }
      entries = new Map();
      underWay = new Map();
    },
  }) as Compiled<A, R>;
}

/** Takes the buffers of a plan and makes its kernels; calls under way at once share them, and what failed may be tried again. */
function loadPlan(entry: Entry): Promise<LoadedPlan> {
  const { plan, device } = entry;
  const load = async () => {
    let loaded: LoadedPlan | undefined;
    try {
      loaded = new LoadedPlan(plan, device);
      if (device.onCompile !== undefined && device.adapterInfo.software)
        await warmUp(loaded, device.onCompile);
      entry.loaded = loaded;
      return loaded;
    } catch (error) {
      loaded?.dispose();
      entry.loading = undefined;
      throw error;
    }
  };
  entry.loading ??= load();
  return entry.loading;
}

/** Leaves that are inputs of the plan: tensors and numbers. */
const dynamicLeaves = (arg: unknown): (Tensor | number)[] =>
  tree.leaves<unknown>(arg).filter((leaf) => leaf instanceof Tensor || typeof leaf === 'number') as (
    | Tensor
    | number
  )[];

/**
 * @throws for what a tree cannot hold: a map or an object of a class would lose its content when it is taken apart and
 *   put together again, and a promise has none yet.
 */
function checkTree(node: unknown, what: string, path = ''): void {
  if (node instanceof Tensor || node === null || typeof node !== 'object' || ArrayBuffer.isView(node)) return;
  const name = path === '' ? what : `${what} ${path}`;
  if (typeof (node as { then?: unknown }).then === 'function') {
    // Its own failure, which nobody waits for, must not end the process.
    if (node instanceof Promise) node.catch(() => {});
    throw new Error(
      path === ''
        ? 'compile: the function must not be async; it is traced, not run'
        : `compile: ${name} is a promise; await it outside of the function`,
    );
  }
  const prototype = Object.getPrototypeOf(node);
  if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null)
    throw new Error(
      `compile: ${name} is of class ${prototype.constructor?.name ?? 'unknown'}; use lists and plain records of tensors`,
    );
  for (const [key, child] of Object.entries(node))
    checkTree(child, what, path === '' ? key : `${path}.${key}`);
}

/** Everything about the arguments that the plan depends on. */
function signature(args: readonly unknown[]): string {
  checkTree(args, 'argument');
  const entries = tree.entries<unknown>(args);
  // Paths alone do not tell { a: { b } } from { 'a.b' }, nor a list from a record.
  const structure = JSON.stringify(
    tree.withLeaves(
      args,
      entries.map(() => 0),
    ),
  );
  const leaves = entries.map(([path, leaf]) => {
    if (leaf instanceof Tensor) return `${path}:${leaf.dtype}${showShape(leaf.shape)}`;
    if (typeof leaf === 'number') return `${path}:number`;
    if (['function', 'symbol', 'bigint'].includes(typeof leaf) || ArrayBuffer.isView(leaf))
      throw new Error(
        `compile: argument ${path} is a ${ArrayBuffer.isView(leaf) ? 'typed array; wrap it with tensor(data, shape)' : typeof leaf}`,
      );
    return `${path}=${JSON.stringify(leaf)}`;
  });
  return `${structure};${leaves.join(';')}`;
}

function trace<A extends unknown[], R>(fn: (...args: A) => R, args: readonly unknown[]) {
  let inputCount = 0;
  const placeholders = tree.withLeaves(
    args,
    tree.leaves<unknown>(args).map((leaf) => {
      if (leaf instanceof Tensor) return input(inputCount++, leaf.shape, leaf.dtype);
      if (typeof leaf === 'number') return input(inputCount++, [], 'f32');
      return leaf;
    }),
  ) as A;
  const result = fn(...placeholders);
  checkTree(result, 'the result');
  const outputs = tree.tensors(result);
  if (outputs.length === 0) throw new Error('compile: the function returns no tensor');
  return { outputs, result, inputCount };
}

/** The values of arguments for a run: host numbers, arrays of the device, and expressions, which are computed first. */
async function toArguments(leaves: readonly (Tensor | number)[], device: Device): Promise<Argument[]> {
  const isLazy = (leaf: Tensor | number): leaf is Tensor =>
    typeof leaf !== 'number' && hostData(leaf) === undefined && deviceArray(leaf) === undefined;
  const lazy = leaves.filter(isLazy);
  const computed = lazy.length === 0 ? [] : await evaluate(lazy, device);
  return leaves.map((leaf) => {
    if (typeof leaf === 'number') return Float32Array.of(leaf);
    const host = hostData(leaf);
    if (host !== undefined) return host;
    const array = deviceArray(leaf) ?? deviceArray(computed[lazy.indexOf(leaf)])!;
    if (array.device !== device) throw new Error(`compile: argument ${leaf} lives on another device`);
    return array;
  });
}
