import { grad } from '../../autodiff/index.ts';
import { sameShape, showShape } from '../../graph/index.ts';
import { initOfficial, type OfficialParams, officialLogits, officialLoss } from '../../medetection/index.ts';
import { Random } from '../../random.ts';
import type { Finding } from '../certify.ts';
import { magnitude } from '../compare.ts';
import { judge } from './expectation.ts';
import { readSettings, readValues, type Watch } from './folder.ts';

/* The published network: logits, cross-entropy and the gradient of every parameter. */

const bounds = { logits: 2e-5, 'cross-entropy': 2e-5, gradient: 2e-4 };

/** @throws unless the parameters are those of the published network, by name and shape. */
function checkNames(params: OfficialParams): void {
  for (const [name, { shape }] of Object.entries(initOfficial(new Random(0))))
    if (params[name] === undefined || !sameShape(params[name].shape, shape))
      throw new Error(
        `medetection.safetensors: param/${name} must be ${showShape(shape)}, ${params[name] ? `got ${showShape(params[name].shape)}` : 'but is missing'}`,
      );
}

/** Biases followed by a batch norm with nothing but poolings between: they shift what it centres, and change nothing. */
const WITHOUT_EFFECT = ['trunk.net.1.bias', 'trunk.net.5.bias', 'trunk.net.10.bias', 'ca1.bias'];

export async function checkMedetection(folder: string, { onCase }: Watch): Promise<Finding[]> {
  const { bn, grad_of_large_kernels } = readSettings(folder, 'medetection');
  if (bn !== undefined && bn !== 'batch statistics')
    throw new Error(`medetection.json: bn "${bn}" is not supported; "batch statistics" is`);
  const summed = grad_of_large_kernels === 'summed over input channels';
  if (grad_of_large_kernels !== undefined && !summed)
    throw new Error(`medetection.json: grad_of_large_kernels "${grad_of_large_kernels}" is unknown`);
  const values = readValues(folder, 'medetection');
  const names = values.names.filter((k) => k.startsWith('param/')).map((k) => k.slice('param/'.length));
  const params: OfficialParams = Object.fromEntries(names.map((k) => [k, values.tensor(`param/${k}`)]));
  checkNames(params);
  const batch = {
    image: values.tensor('x_test'),
    reference: values.tensor('x_reference'),
    label: values.tensor('y'),
  };
  const loss = officialLoss(params, batch);
  const expect = (check: keyof typeof bounds, key: string, actual: typeof loss) => ({
    check,
    what: key,
    actual,
    expected: values.data(key),
    shape: values.shape(key),
    bound: bounds[check],
    among: 0,
  });
  const gradients = Object.entries(grad(loss, params)).map(([name, g]) => {
    const key = `grad/${name}`;
    const sums = summed && g.rank === 4 && values.shape(key).length === 3;
    const expectation = expect('gradient', key, sums ? g.sum(1) : g);
    if (!WITHOUT_EFFECT.includes(name)) return expectation;
    // Zero but for rounding, in both: measured beside the gradient of the same convolution's weight.
    const among = magnitude(values.data(key.replace('bias', 'weight')));
    return { ...expectation, expected: new Float32Array(g.size), among };
  });
  const findings = await judge('medetection', 'published network', [
    expect('logits', 'logits', officialLogits(params, batch)),
    expect('cross-entropy', 'ce', loss),
    ...gradients,
  ]);
  onCase?.('published network');
  return findings;
}
