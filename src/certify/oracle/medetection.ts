import { grad } from '../../autodiff/index.ts';
import { sameShape, showShape, type Tensor, tensor, tree } from '../../graph/index.ts';
import {
  initModel,
  loss as lossOf,
  type ModelParams,
  outputs,
  presets,
  publishedName,
} from '../../medetection/index.ts';
import { crossEntropy, mean } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import type { Finding } from '../certify.ts';
import { magnitude } from '../compare.ts';
import { judge } from './expectation.ts';
import { readSettings, readValues, type Values, type Watch } from './folder.ts';

/* The published network: logits, cross-entropy and the gradient of every parameter. */

const { model } = presets.official;

const bounds = { logits: 2e-5, 'cross-entropy': 2e-5, gradient: 2e-4 };

/** The name in the folder of a parameter: as in the published code, but for the modules' own names. */
const oracleName = (path: string): string =>
  publishedName(path)
    .replace(/^S_net/, 'trunk.net')
    .replace(/^C_net(\d)/, (_, n) => `blocks.${n - 1}`)
    .replace(
      /^ca\.(conv1|bn1|conv_h|conv_w)/,
      (_, part: 'conv1' | 'bn1' | 'conv_h' | 'conv_w') => attentionNames[part],
    )
    .replace(/^classifier\.0/, 'head');
const attentionNames = { conv1: 'ca1', bn1: 'cabn', conv_h: 'cah', conv_w: 'caw' };

/** @throws unless the folder has the parameters of the published network, by name and shape. */
const readParams = (values: Values): ModelParams =>
  tree.mapWithPath(
    (path, { shape }) => {
      const name = `param/${oracleName(path)}`;
      const found = values.names.includes(name) ? values.shape(name) : undefined;
      if (found === undefined || !sameShape(found, shape))
        throw new Error(
          `medetection.safetensors: ${name} must be ${showShape(shape)}, ${found ? `got ${showShape(found)}` : 'but is missing'}`,
        );
      return values.tensor(name);
    },
    initModel(model, new Random(0)),
  );

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
  const params = readParams(values);
  const labels = values.tensor('y');
  const batch = {
    image: values.tensor('x_test'),
    reference: values.tensor('x_reference'),
    label: tensor(Float32Array.from(values.data('y')), labels.shape),
  };
  const loss = lossOf(model)(params, batch);
  const classes = outputs(params, batch, model);
  // The binary cross-entropy of the classes' difference is what training descends; both are compared.
  const twoClasses = mean(crossEntropy(classes, labels));
  const expect = (check: keyof typeof bounds, key: string, actual: Tensor) => ({
    check,
    what: key,
    actual,
    expected: values.data(key),
    shape: values.shape(key),
    bound: bounds[check],
    among: 0,
  });
  const gradients = tree.entries<Tensor>(grad(loss, params)).map(([path, g]) => {
    const name = oracleName(path);
    const key = `grad/${name}`;
    const sums = summed && g.rank === 4 && values.shape(key).length === 3;
    const expectation = expect('gradient', key, sums ? g.sum(1) : g);
    if (!WITHOUT_EFFECT.includes(name)) return expectation;
    // Zero but for rounding, in both: measured beside the gradient of the same convolution's weight.
    const among = magnitude(values.data(key.replace('bias', 'weight')));
    return { ...expectation, expected: new Float32Array(g.size), among };
  });
  const findings = await judge('medetection', 'published network', [
    expect('logits', 'logits', classes),
    expect('cross-entropy', 'ce', twoClasses),
    expect('cross-entropy', 'ce', loss),
    ...gradients,
  ]);
  onCase?.('published network');
  return findings;
}
