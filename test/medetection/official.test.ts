// The published network's logits, loss and gradients beside PyTorch's: ../shared/oracle/medetection.safetensors.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failureText } from '../../src/certify/index.ts';
import { checkMedetection } from '../../src/certify/oracle/medetection.ts';
import { zeros } from '../../src/graph/index.ts';
import { initOfficial, officialLogits, officialParameterCount } from '../../src/medetection/index.ts';
import { Random } from '../../src/random.ts';

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
