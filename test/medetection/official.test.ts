// The published network's logits, loss and gradients beside PyTorch's: ../shared/oracle/medetection.safetensors.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failureText } from '../../src/certify/index.ts';
import { checkMedetection } from '../../src/certify/oracle/medetection.ts';
import { zeros } from '../../src/graph/index.ts';
import { initModel, outputs, parameterCount, presets } from '../../src/medetection/index.ts';
import { Random } from '../../src/random.ts';

const test = suite('the published network');
const { model } = presets.official;

test('1,840,346 parameters', () => {
  assert.is(parameterCount(initModel(model, new Random(0))), 1_840_346);
});

test('images of any size, which references must share', () => {
  const params = initModel(model, new Random(0));
  for (const size of [
    [64, 64],
    [96, 96],
    [50, 70],
  ]) {
    const image = zeros([2, 3, ...size]);
    assert.equal(outputs(params, { image, reference: image }, model).shape, [2, 2]);
  }
  const [image, reference] = [zeros([2, 3, 64, 64]), zeros([1, 3, 64, 64])];
  assert.throws(
    () => outputs(params, { image, reference }, model),
    /images \[2,3,64,64\] and references \[1,3,64,64\] must have one shape/,
  );
});

const folder = fileURLToPath(new URL('../../../shared/oracle', import.meta.url));

if (!existsSync(folder))
  console.log('official.test.ts: comparison with the oracle not run, because ../shared is absent');
else
  test('logits, cross-entropy and every gradient agree with the oracle', async () => {
    const findings = await checkMedetection(folder, {});
    assert.equal(
      findings.map((f) => f.check),
      ['logits', 'cross-entropy', 'gradient'],
    );
    assert.equal(findings.filter((f) => !f.ok).map(failureText), []);
  });

test.run();
