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
import { type Expectation, judge } from './expectation.ts';
import { readSettings, readValues, type Values, type Watch } from './folder.ts';
import { besideKinks, type Change } from './kinks.ts';

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

type Images = { readonly image: Tensor; readonly reference: Tensor };

/** The images of the folder, as they are or changed. */
const imagesOf = (values: Values, change: Change = (x) => Float32Array.from(x)): Images => {
  const read = (key: string) => tensor(change(values.data(key)), values.shape(key));
  return { image: read('x_test'), reference: read('x_reference') };
};

/**
 * The published network against a folder. Logits and loss are compared at the given images; so is the gradient, or at
 * neighbours of them where it has kinks (`kinks.ts`).
 */
export async function checkMedetection(folder: string, { onCase, signal }: Watch): Promise<Finding[]> {
  const { bn, grad_of_large_kernels } = readSettings(folder, 'medetection');
  if (bn !== undefined && bn !== 'batch statistics')
    throw new Error(`medetection.json: bn "${bn}" is not supported; "batch statistics" is`);
  const summed = grad_of_large_kernels === 'summed over input channels';
  if (grad_of_large_kernels !== undefined && !summed)
    throw new Error(`medetection.json: grad_of_large_kernels "${grad_of_large_kernels}" is unknown`);
  const values = readValues(folder, 'medetection');
  const params = readParams(values);
  const labels = values.tensor('y');
  const label = tensor(Float32Array.from(values.data('y')), labels.shape);
  const expect = (check: keyof typeof bounds, key: string, actual: Tensor): Expectation => ({
    check,
    what: key,
    actual,
    expected: values.data(key),
    shape: values.shape(key),
    bound: bounds[check],
    among: 0,
  });
  const gradients = (loss: Tensor): Expectation[] =>
    tree.entries<Tensor>(grad(loss, params)).map(([path, g]) => {
      const name = oracleName(path);
      const key = `grad/${name}`;
      const sums = summed && g.rank === 4 && values.shape(key).length === 3;
      const expectation = expect('gradient', key, sums ? g.sum(1) : g);
      if (!WITHOUT_EFFECT.includes(name)) return expectation;
      // Zero but for rounding, in both: measured beside the gradient of the same convolution's weight.
      const among = magnitude(values.data(key.replace('bias', 'weight')));
      return { ...expectation, expected: new Float32Array(g.size), among };
    });
  const judged = (expectations: Expectation[]) => judge('medetection', 'published network', expectations);
  const lossAt = (images: Images): Tensor => lossOf(model)(params, { ...images, label });
  const given = imagesOf(values);
  const loss = lossAt(given);
  const classes = outputs(params, given, model);
  // The binary cross-entropy of the classes' difference is what training descends; both are compared.
  const twoClasses = mean(crossEntropy(classes, labels));
  const [logits, crossEntropies, gradient] = await judged([
    expect('logits', 'logits', classes),
    expect('cross-entropy', 'ce', twoClasses),
    expect('cross-entropy', 'ce', loss),
    ...gradients(loss),
  ]);
  const again = async (change: Change): Promise<Finding> => {
    const [finding] = await judged(gradients(lossAt(imagesOf(values, change))));
    return finding;
  };
  const findings = [logits, crossEntropies, await besideKinks(gradient, again, signal)];
  onCase?.('published network');
  return findings;
}
