import type { InnerLoop } from './inner-loop.ts';

/* The members of the family that are MAML but for one setting of its inner loop. */

/** Whether a dotted path lies in a part of a tree (`head` has `head.weight`), or is it. */
const within = (part: string) => (path: string) => path === part || path.startsWith(`${part}.`);

/** First-order MAML (Finn et al. 2017, section 5.2): the inner gradients are constants to the outer one. */
export const fomaml = (inner: InnerLoop): InnerLoop => ({ ...inner, order: 1 });

/** ANIL (Raghu et al. 2020): almost no inner loop, it adapts the head alone. */
export const anil = (inner: InnerLoop, head = 'head'): InnerLoop => ({ ...inner, adapts: within(head) });

/** BOIL (Oh et al. 2021): body only in the inner loop, the head stays. */
export const boil = (inner: InnerLoop, head = 'head'): InnerLoop => ({
  ...inner,
  adapts: (path) => !within(head)(path),
});

/** The zeroing trick (Kao et al. 2022): the head is zero whenever adaptation starts. */
export const zeroing = (inner: InnerLoop, head = 'head'): InnerLoop => ({ ...inner, zeroed: within(head) });
