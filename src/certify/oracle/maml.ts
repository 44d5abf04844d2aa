import { grad } from '../../autodiff/index.ts';
import { type Tensor, tree } from '../../graph/index.ts';
import { adapt, type InnerLoop, type Loss } from '../../meta/index.ts';
import { linear } from '../../nn/index.ts';
import { batchNorm, conv2d, crossEntropy, maxPool2d, mean, relu } from '../../ops/index.ts';
import type { Finding } from '../certify.ts';
import { magnitude } from '../compare.ts';
import { type Expectation, judge, unchecked } from './expectation.ts';
import { checkCases, readSettings, readValues, type Values, type Watch } from './folder.ts';

/*
 * MAML's meta-gradients of a convolutional classifier: blocks of convolution, batch normalisation (if any), relu
 * and 2x2 max pooling, as many as the parameters' names say, and a linear head.
 */

/**
 * The gradient passes the blocks' normalisations over as few as five values twice per inner step, each of which divides by
 * a small deviation and multiplies the rounding of f32.
 */
const bounds = { 'inner losses': 2e-5, 'query loss': 2e-5, adapted: 5e-5, 'meta-gradient': 2e-4 };
type Check = keyof typeof bounds;

interface Settings {
  readonly inner_lr: number;
  readonly loss?: string;
  readonly bn?: string;
  readonly eps?: number;
  readonly modes: readonly { readonly tag: string; readonly inner_lr?: number }[];
}

type Batch = { readonly x: Tensor; readonly y: Tensor };
type Params = Record<string, Tensor>;

/** What the folder says that is not what is computed here. */
function checkSettings({ inner_lr, loss, bn, modes }: Settings): void {
  if (typeof inner_lr !== 'number') throw new Error('maml.json has no number "inner_lr"');
  for (const mode of checkCases('maml.json', '"modes"', modes) as Settings['modes'])
    if (typeof mode?.tag !== 'string') throw new Error('maml.json: a mode has no text "tag"');
  if (loss !== undefined && loss !== 'cross_entropy mean')
    throw new Error(`maml.json: loss "${loss}" is not supported; "cross_entropy mean" is`);
  if (bn !== undefined && bn !== 'batch statistics')
    throw new Error(`maml.json: bn "${bn}" is not supported; "batch statistics" is`);
}

function parametersOf(values: Values): Params {
  const names = values.names.filter((k) => k.startsWith('param/'));
  const params = Object.fromEntries(names.map((k) => [k.slice('param/'.length), values.tensor(k)]));
  for (const name of Object.keys(params))
    if (!/^((conv|bn)\d+|head)\.(weight|bias)$/.test(name))
      throw new Error(`maml.safetensors: parameter "${name}" is none of conv<i>, bn<i> and head`);
  return params;
}

/** The classifier's loss; conv<i> are padded to keep the image's size. */
export const classifier =
  (eps: number): Loss<Params, Batch> =>
  (p, { x, y }) => {
    let features = x;
    for (let i = 0; p[`conv${i}.weight`] !== undefined; i++) {
      const weight = p[`conv${i}.weight`];
      const padding = Math.floor(weight.shape[2] / 2);
      const convolved = conv2d(features, weight, { padding, bias: p[`conv${i}.bias`] });
      const [gamma, beta] = [p[`bn${i}.weight`], p[`bn${i}.bias`]];
      const normalised = gamma ? batchNorm(convolved, gamma, beta, { eps }) : convolved;
      features = maxPool2d(relu(normalised), 2);
    }
    const flat = features.reshape([x.shape[0], -1]);
    return mean(crossEntropy(linear(flat, { weight: p['head.weight'], bias: p['head.bias'] }), y));
  };

/** `second_order_3`: the kind of inner loop and its steps. */
function innerLoop(tag: string, rate: number): InnerLoop {
  const [, kind, steps] = /^(second_order|first_order|anil)_(\d+)$/.exec(tag) ?? [];
  if (kind === undefined)
    throw new Error(`mode "${tag}" is unknown; there are second_order_K, first_order_K and anil_K`);
  return {
    rate,
    steps: Number(steps),
    order: kind === 'first_order' ? 1 : 2,
    adapts: kind === 'anil' ? (path) => path.startsWith('head') : undefined,
  };
}

function expectations(tag: string, rate: number, eps: number, values: Values): Expectation[] {
  const theta = parametersOf(values);
  const loss = classifier(eps);
  const set = (name: string): Batch => ({ x: values.tensor(`${name}/x`), y: values.tensor(`${name}/y`) });
  const adapted = adapt(loss, theta, set('support'), innerLoop(tag, rate));
  const queryLoss = loss(adapted.theta, set('query'), adapted.losses.length);
  const list = (check: Check, key: string, actual: Tensor, expected = values.data(`${tag}/${key}`)) => ({
    check,
    what: key,
    actual,
    expected,
    bound: bounds[check],
    among: 0,
  });
  const losses = values.data(`${tag}/inner_losses`);
  const named = (check: Check, prefix: string, actual: Params) => {
    const all = tree.entries(actual).map(([path, t]) => list(check, `${prefix}/${path}`, t));
    const among = Math.max(...all.map((e) => magnitude(e.expected)));
    return all.map((e) => ({ ...e, among, shape: values.shape(`${tag}/${e.what}`) }));
  };
  return [
    ...adapted.losses.map((l, k) => list('inner losses', `inner_losses[${k}]`, l, [losses[k]])),
    list('query loss', 'query_loss', queryLoss),
    ...named('adapted', 'adapted', adapted.theta),
    ...named('meta-gradient', 'meta_grad', grad(queryLoss, theta)),
  ];
}

export async function checkMaml(folder: string, { onCase, signal }: Watch): Promise<Finding[]> {
  const settings = readSettings(folder, 'maml') as unknown as Settings;
  checkSettings(settings);
  const values = readValues(folder, 'maml');
  const findings: Finding[] = [];
  for (const { tag, inner_lr = settings.inner_lr } of settings.modes) {
    if (signal?.aborted) break;
    try {
      findings.push(...(await judge('maml', tag, expectations(tag, inner_lr, settings.eps ?? 1e-5, values))));
    } catch (error) {
      findings.push(unchecked('maml', tag, error));
    }
    onCase?.(tag);
  }
  return findings;
}
