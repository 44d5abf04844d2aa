/** Where a node of a graph comes from. */
export interface Origin {
  /** The part of the program that asked for it, as `withScope` named it; empty outside of all. */
  readonly scope: string;
  /**
   * How often it was differentiated to get there: 0 for what a function computes itself, 1 for its gradient, 2 for the
   * gradient's own derivative and all that it is multiplied with on its way back.
   */
  readonly order: number;
}

let current: Origin = { scope: '', order: 0 };

/** The origin of the nodes that are being built. */
export const currentOrigin = (): Origin => current;

/** Runs `work`, all of whose nodes get this origin. It must not be async: what is built after it returns is not its. */
export function withOrigin<T>(origin: Origin, work: () => T): T {
  const outer = current;
  current = origin;
  try {
    return work();
  } finally {
    current = outer;
  }
}

/**
 * Names the part of a program that `work` is: its nodes are counted and drawn together. The innermost name holds.
 * @throws when `work` returns a promise, since what it builds later would not carry the name.
 */
export function withScope<T>(scope: string, work: () => T): T {
  const result = withOrigin({ scope, order: current.order }, work);
  if (result instanceof Promise) {
    // Its own failure, which nobody waits for, must not end the process.
    result.catch(() => {});
    throw new Error(`withScope: the work of "${scope}" must not be async; await outside of it`);
  }
  return result;
}

/** Names of scopes that the framework itself sets. */
export const scopes = { inner: 'inner', innerUpdate: 'inner update', update: 'update' } as const;

/** An origin as people say it: `forward`, `inner gradient`, `outer gradient`, `second-order terms`. */
export function describeOrigin({ scope, order }: Origin): string {
  if (order > 2) return `terms of order ${order}`;
  if (order === 2) return 'second-order terms';
  if (order === 1) return scope === scopes.inner ? 'inner gradient' : 'outer gradient';
  if (scope === '') return 'forward';
  return scope === scopes.inner ? 'inner forward' : scope;
}
