import { full, iota, ones, type Tensor, tensor, zeros } from '../graph/index.ts';
import { broadcastTo, reshape, slice } from '../ops/index.ts';

/** Every way to a tensor without elements, such as a batch of no images; each must be refused with its shape. */
const ways: Readonly<Record<string, () => Tensor>> = {
  'tensor([0,3,8,8])': () => tensor(new Float32Array(0), [0, 3, 8, 8]),
  'tensor([])': () => tensor([]),
  'zeros([0,2])': () => zeros([0, 2]),
  'ones([2,0])': () => ones([2, 0]),
  'full([0],1)': () => full([0], 1),
  'iota([0,3])': () => iota([0, 3], 0),
  'broadcastTo([1,3],[0,3])': () => broadcastTo(zeros([1, 3]), [0, 3]),
  'reshape([3],[0,3])': () => reshape(zeros([3]), [0, 3]),
  'slice([2,3],[0],[0])': () => slice(zeros([2, 3]), [0], [0]),
};

/** The ways that are not refused, or not by a message that names a shape. */
export const emptyAccepted = (): string[] =>
  Object.entries(ways).flatMap(([name, make]) => {
    try {
      make();
      return [`${name} is accepted`];
    } catch (error) {
      const { message } = error as Error;
      return /^\w+: .*\[[\d,]*\]/.test(message) ? [] : [`${name} is refused without its shape: ${message}`];
    }
  });
