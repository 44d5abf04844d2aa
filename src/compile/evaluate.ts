import { defaultDevice } from '../device/default.ts';
import type { Device } from '../device/device.ts';
import { LoadedPlan } from '../device/execute.ts';
import { loadShaders } from '../device/shader.ts';
import { topologicalOrder } from '../graph/order.ts';
import { deviceArray, deviceTensor, type HostData, hostData, inputIndex } from '../graph/source.ts';
import { bytesOf, Tensor } from '../graph/tensor.ts';
import { makePlan } from './make-plan.ts';

/** @throws when a graph reads an array of another device. */
export function checkDevice(order: readonly Tensor[], device: Device): void {
  for (const node of order) {
    const array = deviceArray(node);
    if (array !== undefined && array.device !== device)
      throw new Error(
        `${node} lives on another device than the one that computes with it; read it with data() and make a new tensor of that`,
      );
  }
}

/**
 * Computes tensors now, together, and gives them back as tensors on the device.
 * @param on where to compute; by default where the arrays in the graph live, else the default device
 * @throws for a placeholder of a traced function, which has no value, and for arrays of several devices.
 */
export async function evaluate(tensors: readonly Tensor[], on?: Device): Promise<Tensor[]> {
  const order = topologicalOrder(tensors);
  for (const node of order)
    if (inputIndex(node) !== undefined)
      throw new Error(
        `data: ${node} is an argument of a function being compiled and has no value yet; return it instead`,
      );
  const device = on ?? order.map(deviceArray).find((a) => a !== undefined)?.device ?? (await defaultDevice());
  checkDevice(order, device);
  await loadShaders();
  const loaded = new LoadedPlan(makePlan(tensors, 0, device.capabilities), device);
  const arrays = loaded.run([], tensors.map(bytesOf));
  loaded.dispose();
  return tensors.map((t, i) => deviceTensor(arrays[i], t.shape, t.dtype));
}

async function read(t: Tensor): Promise<HostData> {
  const host = hostData(t);
  if (host !== undefined) return host.slice();
  const array = deviceArray(t);
  if (array !== undefined) {
    const bytes = await array.read(t.toString());
    return t.dtype === 'f32' ? new Float32Array(bytes) : new Int32Array(bytes);
  }
  const [computed] = await evaluate([t]);
  try {
    return await read(computed);
  } finally {
    computed.dispose();
  }
}

declare module '../graph/tensor.ts' {
  interface Tensor {
    /** The values, row-major; computes the expression if it was not computed yet. Inside `compile` this throws. */
    data(): Promise<HostData>;
    /** The value of a tensor with one element. */
    item(): Promise<number>;
    /** Frees the device array behind a computed tensor now, instead of when it is forgotten. */
    dispose(): void;
    [Symbol.dispose](): void;
  }
}

const methods = {
  data(this: Tensor): Promise<HostData> {
    return read(this);
  },
  async item(this: Tensor): Promise<number> {
    if (this.size !== 1) throw new Error(`item: ${this} has ${this.size} elements; use data()`);
    return (await read(this))[0];
  },
  dispose(this: Tensor): void {
    deviceArray(this)?.dispose();
  },
  [Symbol.dispose](this: Tensor): void {
    deviceArray(this)?.dispose();
  },
};

for (const name of Reflect.ownKeys(methods))
  Object.defineProperty(Tensor.prototype, name, { value: methods[name as keyof typeof methods] });
