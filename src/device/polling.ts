/** How long a wait lasts until polling slows down, in milliseconds: short readbacks keep their latency. */
const PATIENCE = 4;
/** From then on, milliseconds between polls. */
const INTERVAL = 1;

let longWaits = 0;
let original: typeof setImmediate | undefined;

/**
 * Tells of a wait for a device that computes on this machine's CPU, on Node. While something is awaited, Dawn polls for it
 * through `setImmediate` without a pause and takes a whole core from the shaders; in a long wait it polls by a timer.
 *
 * @returns to be called at the end of the wait
 */
export function beginWait(): () => void {
  let slowed = false;
  const timer = setTimeout(() => {
    slowed = true;
    if (longWaits++ === 0) slowDown();
  }, PATIENCE);
  return () => {
    clearTimeout(timer);
    if (slowed && --longWaits === 0) restore();
    slowed = false;
  };
}

function slowDown(): void {
  const usual = globalThis.setImmediate;
  original = usual;
  const patient = (callback: (...args: unknown[]) => void, ...args: unknown[]) =>
    // Dawn looks the function up at every poll and passes a native one; all others get what they are used to.
    isNative(callback) ? setTimeout(callback, INTERVAL, ...args) : usual(callback, ...args);
  // With what belongs to the usual one, such as its promise version.
  globalThis.setImmediate = Object.setPrototypeOf(patient, usual) as typeof setImmediate;
}

function restore(): void {
  if (original) globalThis.setImmediate = original;
  original = undefined;
}

const isNative = (callback: unknown) => /\[native code\]/.test(Function.prototype.toString.call(callback));
