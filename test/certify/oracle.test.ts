import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { certifyOracle, failureText } from '../../src/certify/index.ts';
import type { OracleCall } from '../../src/certify/oracle/attributes.ts';
import { buildCall } from '../../src/certify/oracle/build.ts';
import { zeros } from '../../src/graph/index.ts';
import { encodeSafetensors, type StoredTensor } from '../../src/store/index.ts';

const test = suite('folders of reference values');

const fixtures = fileURLToPath(new URL('../fixtures/oracle', import.meta.url));

test('ops, meta-gradients and metrics agree with PyTorch and scikit-learn', async () => {
  const { findings, absent } = await certifyOracle(fixtures);
  assert.equal(findings.filter((f) => !f.ok).map(failureText), []);
  assert.equal(absent, ['medetection']);
  const cases = (op: string) => new Set(findings.filter((f) => f.op === op).map((f) => f.case)).size;
  assert.ok(cases('conv2d') >= 5);
  assert.is(cases('maml'), 6);
  assert.is(cases('metrics'), 12);
});

const scratch = mkdtempSync(join(tmpdir(), 'medetection-oracle-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

function folderWith(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(scratch, 'case-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

const stored = (shape: number[], ...values: number[]): StoredTensor => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from(values),
});

// biome-ignore lint/suspicious/noThenProperty: the format's own name
const cubed = { op: 'relu', then: 'cube' };

/** sum(relu(x)^3) at 2: 8, 12 and 12 u. */
const tensors = {
  'r/in/x': stored([1], 2),
  'r/y': stored([1], 8),
  'r/r': stored([1], 1),
  'r/g/x': stored([1], 12),
  'r/u/x': stored([1], 0.5),
  'r/gg/x': stored([1], 6),
};
const ops = (call: object) => JSON.stringify({ cases: [{ name: 'r', call, inputs: ['x'] }] });

test('a folder of anyone', async () => {
  const folder = folderWith({
    'ops.json': ops(cubed),
    'ops.safetensors': encodeSafetensors(tensors),
  });
  const { findings } = await certifyOracle(folder);
  assert.equal(
    findings.map(({ check, error }) => [check, error]),
    [
      ['value', 0],
      ['first', 0],
      ['second', 0],
    ],
  );
});

test('a wrong value, a missing derivative that is not zero, an unknown op: each is one failure', async () => {
  const { 'r/gg/x': _, ...zeroSecond } = tensors;
  for (const [call, content, check, message] of [
    [cubed, { ...tensors, 'r/y': stored([1], 8.001) }, 'value', /y: \[0\] is 8, not 8.00/],
    [cubed, zeroSecond, 'second', /gg\/x: \[0\] is 6, not 0/],
    [{ op: 'gelu' }, tensors, 'value', /no op "gelu"; there are conv2d, /],
    [cubed, { ...tensors, 'r/y': stored([2], 8, 8) }, 'value', /y has shape \[1\], not \[2\]/],
  ] as const) {
    const folder = folderWith({ 'ops.json': ops(call), 'ops.safetensors': encodeSafetensors(content) });
    const failures = (await certifyOracle(folder)).findings.filter((f) => !f.ok);
    assert.equal(
      failures.map((f) => f.check),
      [check],
    );
    assert.match(failureText(failures[0]), message);
  }
});

const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !names.includes(name)));

test('a folder that checks less than its cases have, or nothing, fails', async () => {
  for (const [json, content, message] of [
    [{ cases: [] }, tensors, /ops\.json: the list "cases" is empty/],
    [null, tensors, /ops\.json must hold an object, not null/],
    [{ cases: [null] }, tensors, /the case has no text "name"/],
    [{ cases: [{ name: 'r', inputs: ['x'] }] }, tensors, /the case has no "call"/],
    [{ cases: [{ name: 'r', call: cubed }] }, tensors, /the case has no list "inputs"/],
    [undefined, without('r/g/x'), /ops\.safetensors lacks "r\/g\/x"/],
    [undefined, without('r/u/x'), /ops\.safetensors lacks "r\/u\/x"/],
    [
      { cases: [{ name: 'r', call: cubed, inputs: ['x'], second_order: ['x'] }] },
      without('r/gg/x'),
      /ops\.safetensors lacks "r\/gg\/x"/,
    ],
  ] as const) {
    const text = json === undefined ? ops(cubed) : JSON.stringify(json);
    const folder = folderWith({ 'ops.json': text, 'ops.safetensors': encodeSafetensors(content) });
    const { findings } = await certifyOracle(folder);
    assert.is(findings.length, 1, text);
    assert.match(failureText(findings[0]), /not checked: /);
    assert.match(failureText(findings[0]), message);
  }
});

test('what cannot be read is told, and the rest is checked', async () => {
  const folder = folderWith({ 'ops.json': '{', 'maml.json': '{}', 'metrics.json': '[]' });
  const { findings } = await certifyOracle(folder);
  assert.equal(
    findings.map((f) => [f.op, f.ok]),
    [
      ['ops', false],
      ['maml', false],
      ['metrics', false],
    ],
  );
  assert.match(findings[0].detail!, /ops\.json is no JSON/);
  assert.match(
    failureText(findings[2]),
    /^metrics metrics\.json: not checked: .*empty, so there is nothing to check/,
  );
});

test('no folder, or one with nothing in it, is refused', async () => {
  for (const [folder, message] of [
    ['/nonexistent', /\/nonexistent is no folder/],
    [folderWith({}), /has none of ops\.json, maml\.json/],
  ] as const)
    try {
      await certifyOracle(folder);
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, message);
    }
});

const image = zeros([2, 3, 9, 12]);
const build = (call: OracleCall) => buildCall(call, { x: image, weight: zeros([4, 3, 3, 3]) });

test('attributes: pairs of equal numbers, defaults, and what changes nothing', () => {
  const y = build({ op: 'conv2d', stride: [2, 2], padding: [1, 1], dilation: [1, 1], groups: 1 });
  assert.equal(y.shape, [2, 4, 5, 6]);
  assert.equal(build({ op: 'max_pool2d', kernel: [3, 3] }).shape, [2, 3, 3, 4]);
  assert.equal(build({ op: 'avg_pool2d', kernel: 2, stride: 1, ceil_mode: false }).shape, [2, 3, 8, 11]);
  assert.equal(build({ op: 'mean', axes: -1, keepdim: true }).shape, [2, 3, 9, 1]);
});

test('axes that differ, products with vectors, any scalar function after', () => {
  assert.equal(build({ op: 'conv2d', stride: [1, 2], padding: [0, 1] }).shape, [2, 4, 7, 6]);
  assert.equal(build({ op: 'max_pool2d', kernel: [3, 2], stride: [2, 1] }).shape, [2, 3, 4, 11]);
  assert.equal(build({ op: 'spatial_pyramid_pool', levels: [2, 1] }).shape, [2, 15]);
  assert.equal(build({ op: 'upsample_nearest', size: [3, 20] }).shape, [2, 3, 3, 20]);
  const product = (a: number[], b: number[]) =>
    buildCall({ op: 'matmul' }, { a: zeros(a), b: zeros(b) }).shape;
  assert.equal(product([2, 3, 5], [5]), [2, 3]);
  assert.equal(product([5], [2, 5, 4]), [2, 4]);
  assert.equal(product([5], [5]), []);
  for (const after of ['exp', 'tanh', 'sin', 'sqrt'])
    assert.is(build({ op: 'relu', ...JSON.parse(`{"then":"${after}"}`) }).op.name, after);
});

test('attributes that are not supported are refused by name', () => {
  const refused = (call: OracleCall, message: RegExp) => assert.throws(() => build(call), message);
  refused(
    { op: 'conv2d', stride: [1, 2, 3] },
    /conv2d: stride \[1,2,3\] must be a number or a pair of numbers/,
  );
  refused({ op: 'conv2d', dilation: 2 }, /conv2d: attribute dilation 2 is not supported/);
  refused(
    { op: 'max_pool2d', kernel: 2, ceil_mode: true },
    /max_pool2d: attribute ceil_mode true is not supported/,
  );
  refused(
    { op: 'avg_pool2d', kernel: 2, count_include_pad: false },
    /count_include_pad false is not supported/,
  );
  refused({ op: 'conv2d', strides: 2 }, /conv2d: attribute strides is unknown/);
  refused({ op: 'max_pool2d' }, /max_pool2d: needs the attribute kernel/);
  refused(
    { ...cubed, ...JSON.parse('{"then":"gelu"}') },
    /relu: then "gelu" is unknown; there are .*square.*tanh.*cube/,
  );
});

test('a metric that is undefined, or has no such name, is not within its bound', async () => {
  const one = { labels: [1, 1], scores: [0.1, 0.2], accuracy: 0.5 };
  const verdict = async (extra: object) => {
    const folder = folderWith({ 'metrics.json': JSON.stringify([{ ...one, ...extra }]) });
    return (await certifyOracle(folder)).findings;
  };
  const [undefinedRank] = await verdict({ auroc: 0.5 });
  assert.equal([undefinedRank.ok, undefinedRank.error], [false, Number.POSITIVE_INFINITY]);
  const [strange] = await verdict({ bogus: 3 });
  assert.match(strange.detail ?? '', /measure bogus is unknown; there are accuracy/);
});

test.run();
