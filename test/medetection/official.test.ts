// The published network's logits, loss and gradients beside PyTorch's: ../shared/oracle/medetection.safetensors.
import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { magnitude } from '../../src/certify/compare.ts';
import { compile } from '../../src/compile/index.ts';
import { zeros } from '../../src/graph/index.ts';
import {
  initOfficial,
  type OfficialParams,
  officialLogits,
  officialLoss,
  officialParameterCount,
} from '../../src/medetection/index.ts';
import { Random } from '../../src/random.ts';
import { assertClose } from '../support/assert-close.ts';
import { readFixtureTensors } from '../support/fixtures.ts';

const test = suite('the published network');

test('1,840,346 parameters', () => {
  assert.is(officialParameterCount(initOfficial(new Random(0))), 1_840_346);
});

test('images of a size whose features do not enlarge to 256 evenly are refused', () => {
  const image = zeros([2, 3, 96, 96]);
  assert.throws(
    () => officialLogits(initOfficial(new Random(0)), { image, reference: image }),
    /needs images \[N,3,S,S\] with S 64, 128, 256 or 512, got \[2,3,96,96\]/,
  );
});

const folder = new URL('../../../shared/oracle/', import.meta.url);
const file = 'medetection.safetensors';

/** Relative to each tensor's largest magnitude. */
const tolerance = { value: 2e-5, gradient: 2e-4 };

/** Biases followed by a batch norm with nothing but poolings between: they shift what it centres, and change nothing. */
const WITHOUT_EFFECT = ['trunk.net.1.bias', 'trunk.net.5.bias', 'trunk.net.10.bias', 'ca1.bias'];

if (!existsSync(new URL(file, folder)))
  console.log('official.test.ts: comparison with the oracle not run, because ../shared is absent');
else
  test('logits, cross-entropy and every gradient agree with the oracle', async () => {
    const oracle = readFixtureTensors(file, folder);
    const under = (prefix: string) =>
      Object.fromEntries(
        [...oracle].filter(([k]) => k.startsWith(prefix)).map(([k, t]) => [k.slice(prefix.length), t]),
      );
    const params = under('param/');
    const expected = under('grad/');
    const { x_test: image, x_reference: reference, y: label, logits, ce } = Object.fromEntries(oracle);
    assert.equal(
      Object.entries(initOfficial(new Random(0)))
        .map(([name, { shape }]) => [name, shape])
        .sort(),
      Object.entries(params)
        .map(([name, { shape }]) => [name, shape])
        .sort(),
    );

    const evaluate = compile((p: OfficialParams, batch: Parameters<typeof officialLoss>[1]) => {
      const loss = officialLoss(p, batch);
      // The oracle has the gradients of the largest kernels summed over their input channels.
      const gradient = Object.entries(grad(loss, p)).map(([name, g]) => [
        name,
        g.rank === expected[name].rank ? g : g.sum(1),
      ]);
      return {
        loss,
        logits: officialLogits(p, batch),
        gradient: Object.fromEntries(gradient) as OfficialParams,
      };
    });
    const got = await evaluate(params, { image, reference, label });
    assertClose(await got.logits.data(), await logits.data(), tolerance.value, 'logits');
    assertClose([await got.loss.item()], [await ce.item()], tolerance.value, 'cross-entropy');
    for (const [name, g] of Object.entries(got.gradient)) {
      const [actual, wanted] = [await g.data(), await expected[name].data()];
      if (WITHOUT_EFFECT.includes(name)) {
        // Zero but for rounding, in both: measured against the gradient of the same convolution's weight.
        const among = magnitude(await expected[name.replace('bias', 'weight')].data());
        assertClose(actual, new Float32Array(wanted.length), tolerance.gradient, name, among);
      } else assertClose(actual, wanted, tolerance.gradient, name);
    }
  });

test.run();
