import { deviation, magnitude } from '../../src/certify/compare.ts';
import { reference } from '../../src/certify/reference.ts';
import { makePlan } from '../../src/compile/index.ts';
import { DeviceArray } from '../../src/device/array.ts';
import { LoadedPlan } from '../../src/device/execute.ts';
import type { Device, Kernel } from '../../src/device/index.ts';
import type { Plan } from '../../src/device/plan.ts';
import { bytesOf, sizeOf, tensor } from '../../src/graph/index.ts';
import { deviceTensor } from '../../src/graph/source.ts';
import type { Stopwatch } from '../stopwatch.ts';
import { noise, parseNumbers } from './case.ts';
import type { Data, Operation } from './operations.ts';
import type { Subject } from './subject.ts';

/** Noise on a device, uploaded once for all plans that read it. */
export class DeviceNoise {
  readonly #device: Device;
  readonly #arrays = new Map<string, DeviceArray>();

  constructor(device: Device) {
    this.#device = device;
  }

  readonly data: Data = (seed, ...shape) => {
    const length = sizeOf(shape);
    const key = `${seed} ${length}`;
    let array = this.#arrays.get(key);
    if (array === undefined) {
      array = new DeviceArray(this.#device, 4 * length);
      this.#device.gpu.queue.writeBuffer(array.buffer, 0, noise(length, seed) as GPUAllowSharedBufferSource);
      this.#arrays.set(key, array);
    }
    return deviceTensor(array, shape, 'f32');
  };
}

/** The same for plans that are made to be looked at or checked. */
export const hostNoise: Data = (seed, ...shape) => tensor(noise(sizeOf(shape), seed), shape);

/** The dispatches of one kernel in a plan. */
export interface Chosen {
  readonly kernel: string;
  /** Puts something else in its place. */
  readonly replace: (kernel: Kernel) => Kernel;
}

/** A plan with what stands in the place of the chosen kernel. */
const planWith = (plan: Plan, { kernel, replace }: Chosen): Plan => ({
  ...plan,
  dispatches: plan.dispatches.map((d) =>
    d.kernel.name === kernel ? { ...d, kernel: replace(d.kernel) } : d,
  ),
});

/** The largest error of an operation's results, each relative to its largest magnitude. */
async function errorOf(
  device: Device,
  { extents, check, build }: Operation,
  chosen?: Chosen,
): Promise<number> {
  const outputs = build(parseNumbers(check, extents), hostNoise);
  const plan = makePlan(outputs, 0, device.capabilities);
  const loaded = new LoadedPlan(chosen ? planWith(plan, chosen) : plan, device);
  const arrays = loaded.run([], outputs.map(bytesOf));
  const expected = reference(outputs);
  // What is zero but for rounding is measured against its siblings.
  const among = Math.max(...expected.map(magnitude));
  try {
    let worst = 0;
    for (const [i, array] of arrays.entries()) {
      const actual = new Float32Array(await array.read('a result'));
      worst = Math.max(worst, deviation(actual, expected[i], among).error);
    }
    return worst;
  } finally {
    for (const array of arrays) array.dispose();
    loaded.dispose();
  }
}

/** The plan of an operation for a shape. */
export const planOf = ({ extents, build }: Operation, shape: string, data: Data, device: Device): Plan =>
  makePlan(build(parseNumbers(shape, extents), data), 0, device.capabilities);

/**
 * An operation on the device, run once, and checked on a shape of its own that is small. Bytes are those that the dispatches
 * read and write: an operation of several passes is held against the time that these passes need.
 *
 * @param chosen times only the dispatches of this kernel
 * @throws as `makePlan`; KernelError when a shader does not compile
 */
export async function loadOperation(
  device: Device,
  stopwatch: Stopwatch,
  noise: DeviceNoise,
  operation: Operation,
  { kernel, shape, variant }: Pick<Subject, 'kernel' | 'shape' | 'variant'>,
  chosen?: Chosen,
): Promise<Subject> {
  const start = performance.now();
  const shipped = planOf(operation, shape, noise.data, device);
  const plan = chosen ? planWith(shipped, chosen) : shipped;
  const numbers = [...plan.dispatches.keys()].filter(
    (i) => !chosen || plan.dispatches[i].kernel.name === chosen.kernel,
  );
  const loaded = new LoadedPlan(plan, device);
  await stopwatch.time((pass) => loaded.encode(pass), 1, `${kernel} (${variant})`);
  const firstSeconds = (performance.now() - start) / 1e3;
  const dispatches = numbers.map((i) => plan.dispatches[i]);
  return {
    kernel,
    shape,
    variant,
    flops: dispatches.reduce((n, d) => n + d.kernel.flops, 0),
    bytes: dispatches.reduce((n, d) => n + d.bytes, 0),
    dispatches: dispatches.length,
    error: await errorOf(device, operation, chosen),
    firstSeconds,
    encode: (pass) => loaded.encode(pass, numbers),
    dispose: () => loaded.dispose(),
  };
}

/** Elements of a tensor that no cache holds and every adapter binds. */
export const largeOn = ({ capabilities }: Device): number =>
  capabilities.family === 'simd' ? 2 ** 24 : 2 ** 26;
