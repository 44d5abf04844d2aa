import type { BatchRule } from '../graph/op.ts';
import { Tensor } from '../graph/tensor.ts';
import { broadcastTo } from './broadcast.ts';
import { reshape } from './movement.ts';

/** Joins the task axis [tasks or 1, N, ...] with the one behind it, [tasks * N, ...]. */
export const joinTasks = (x: Tensor, tasks: number): Tensor =>
  reshape(broadcastTo(x, [tasks, ...x.shape.slice(1)]), [tasks * x.shape[1], ...x.shape.slice(2)]);

/** The batch rule of ops that treat each task by itself anyway: every input gets the task axis in full. */
export const batchApart: BatchRule = (node, inputs, tasks) => {
  const own = inputs.map((x) => broadcastTo(x, [tasks, ...x.shape.slice(1)]));
  return new Tensor(node.op, own, node.attrs, [tasks, ...node.shape], node.dtype);
};

/** The batch rule of ops that treat the images of the first axis one by one: those of all tasks stand in one list. */
export const batchImages: BatchRule = (node, inputs, tasks) => {
  const images = inputs.map((x) => joinTasks(x, tasks));
  const shape = [tasks * node.shape[0], ...node.shape.slice(1)];
  return reshape(new Tensor(node.op, images, node.attrs, shape, node.dtype), [tasks, ...node.shape]);
};
