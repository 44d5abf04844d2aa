import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { magnitude } from '../../src/certify/compare.ts';
import { compile } from '../../src/compile/index.ts';
import { type Tensor, tree } from '../../src/graph/index.ts';
import { adapt, type InnerLoop, type Loss } from '../../src/meta/index.ts';
import { byBatch, conv, linear } from '../../src/nn/index.ts';
import { crossEntropy, maxPool2d, mean, relu } from '../../src/ops/index.ts';
import { assertClose } from '../support/assert-close.ts';
import { readFixtureJson, readFixtureTensors } from '../support/fixtures.ts';

/*
 * MAML's meta-gradients of a 4Conv classifier against PyTorch in float64: all of second order, first order and ANIL with
 * one and three inner steps. Errors are relative to the tensor's largest magnitude. The gradient passes four batch
 * normalisations over as few as five values twice per inner step, each of which divides by a small deviation and
 * multiplies the rounding of f32.
 */
const tolerance = { value: 2e-5, adapted: 5e-5, metaGradient: 2e-4 };

interface Mode {
  readonly tag: string;
}
type Batch = { readonly x: Tensor; readonly y: Tensor };
type Params = Record<string, Tensor>;

const { modes, inner_lr } = readFixtureJson('maml.json') as { modes: Mode[]; inner_lr: number };
const tensors = readFixtureTensors('maml.safetensors');
const theta: Params = Object.fromEntries(
  [...tensors].filter(([k]) => k.startsWith('param/')).map(([k, t]) => [k.slice('param/'.length), t]),
);
const data = (set: string): Batch => ({ x: tensors.get(`${set}/x`)!, y: tensors.get(`${set}/y`)! });

const loss: Loss<Params, Batch> = (p, { x, y }) => {
  let features = x;
  for (let i = 0; i < 4; i++) {
    const convolved = conv(features, { weight: p[`conv${i}.weight`], bias: p[`conv${i}.bias`] }, 1);
    const norm = { gamma: p[`bn${i}.weight`], beta: p[`bn${i}.bias`] };
    features = maxPool2d(relu(byBatch(`bn${i}`, convolved, norm)), 2);
  }
  const flat = features.reshape([x.shape[0], -1]);
  return mean(crossEntropy(linear(flat, { weight: p['head.weight'], bias: p['head.bias'] }), y));
};

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
    const expected = (key: string) => tensors.get(`${tag}/${key}`)!.data();

    const losses = await Promise.all(got.losses.map((l) => l.item()));
    assertClose(losses, await expected('inner_losses'), tolerance.value, 'inner losses');
    assertClose([await got.queryLoss.item()], await expected('query_loss'), tolerance.value, 'query loss');
    const prefixes = { adapted: got.adapted, meta_grad: got.gradient };
    for (const [prefix, actual] of Object.entries(prefixes)) {
      const wanted = await Promise.all(
        tree.entries(actual).map(async ([path, t]) => {
          const key = `${prefix}/${path}`;
          const known = tensors.has(`${tag}/${key}`);
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
