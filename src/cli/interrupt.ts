import { exitCode } from './errors.ts';

/**
 * A signal that Ctrl-C (or SIGTERM) raises, so that the work under way is finished and saved. A second Ctrl-C ends the
 * program at once.
 */
export function onInterrupt(): { readonly signal: AbortSignal; readonly dispose: () => void } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(exitCode.interrupted);
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
