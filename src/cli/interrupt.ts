import { exitCode } from './errors.ts';

/** npm and tsx pass on a Ctrl-C that the terminal sends to all: what follows so soon (in ms) is the same one. */
const SAME = 500;

/**
 * A signal that Ctrl-C (or SIGTERM) raises, so that the work under way is finished and saved. A second Ctrl-C ends the
 * program at once.
 */
export function onInterrupt(): { readonly signal: AbortSignal; readonly dispose: () => void } {
  const controller = new AbortController();
  let first: number | undefined;
  const stop = () => {
    if (first !== undefined) {
      if (performance.now() - first > SAME) process.exit(exitCode.interrupted);
      return;
    }
    first = performance.now();
    process.stderr.write('\nstopping after the step under way; Ctrl-C again stops at once\n');
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.on(name, stop);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of signals) process.off(name, stop);
    },
  };
}
