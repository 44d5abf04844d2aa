import type { Tensor } from './tensor.ts';

/**
 * Every node that the outputs depend on, inputs before users; nodes of `boundary` are listed but not looked behind.
 * Iterative, since a graph of many inner steps is deeper than the call stack.
 */
export function topologicalOrder(
  outputs: Iterable<Tensor>,
  boundary: { has(node: Tensor): boolean } = new Set(),
): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  for (const output of outputs) {
    if (seen.has(output)) continue;
    seen.add(output);
    const stack: { node: Tensor; next: number }[] = [{ node: output, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.node.inputs.length && !boundary.has(top.node)) {
        const input = top.node.inputs[top.next++];
        if (!seen.has(input)) {
          seen.add(input);
          stack.push({ node: input, next: 0 });
        }
      } else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}
