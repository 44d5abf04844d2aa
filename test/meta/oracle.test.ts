import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { magnitude } from '../../src/certify/compare.ts';
import { compile } from '../../src/compile/index.ts';
import { tree } from '../../src/graph/index.ts';
import { adapt, type InnerLoop } from '../../src/meta/index.ts';
import { assertClose } from '../support/assert-close.ts';
import { type Batch, data, inner_lr, loss, modes, oracle, type Params, theta } from '../support/four-conv.ts';

/*
 * MAML's meta-gradients of a 4Conv classifier against PyTorch in float64: all of second order, first order and ANIL with
 * one and three inner steps. Errors are relative to the tensor's largest magnitude. The gradient passes four batch
 * normalisations over as few as five values twice per inner step, each of which divides by a small deviation and
 * multiplies the rounding of f32.
 */
const tolerance = { value: 2e-5, adapted: 5e-5, metaGradient: 2e-4 };

const innerLoop = (tag: string): InnerLoop => ({
  rate: inner_lr,
  steps: Number(tag.slice(-1)),
  order: tag.startsWith('first_order') ? 1 : 2,
  adapts: tag.startsWith('anil') ? (path) => path.startsWith('head') : undefined,
});

const test = suite('MAML against the oracle');

for (const { tag } of modes)
  test(`${tag}: inner losses, adapted parameters, meta-gradient`, async () => {
    const metaStep = compile((p: Params, support: Batch, query: Batch) => {
      const adapted = adapt(loss, p, support, innerLoop(tag));
      const queryLoss = loss(adapted.theta, query, adapted.steps.length);
      return { losses: adapted.losses, adapted: adapted.theta, queryLoss, gradient: grad(queryLoss, p) };
    });
    const got = await metaStep(theta, data('support'), data('query'));
    const expected = (key: string) => oracle.get(`${tag}/${key}`)!.data();

    const losses = await Promise.all(got.losses.map((l) => l.item()));
    assertClose(losses, await expected('inner_losses'), tolerance.value, 'inner losses');
    assertClose([await got.queryLoss.item()], await expected('query_loss'), tolerance.value, 'query loss');
    const prefixes = { adapted: got.adapted, meta_grad: got.gradient };
    for (const [prefix, actual] of Object.entries(prefixes)) {
      const wanted = await Promise.all(
        tree.entries(actual).map(async ([path, t]) => {
          const key = `${prefix}/${path}`;
          const known = oracle.has(`${tag}/${key}`);
          return { path, known, actual: await t.data(), expected: known ? await expected(key) : [] };
        }),
      );
      assert.ok(
        wanted.some((w) => w.known),
        `the oracle has ${prefix}`,
      );
      const among = Math.max(...wanted.map((w) => magnitude(w.expected)));
      const bound = prefix === 'adapted' ? tolerance.adapted : tolerance.metaGradient;
      for (const w of wanted)
        if (w.known) assertClose(w.actual, w.expected, bound, `${prefix}/${w.path}`, among);
    }
  });

test.run();
