import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { grad } from '../../src/autodiff/index.ts';
import { reference } from '../../src/certify/reference.ts';
import { compile } from '../../src/compile/index.ts';
import type { Capabilities } from '../../src/device/capabilities.ts';
import { defaultDevice } from '../../src/device/default.ts';
import type { Tensor } from '../../src/graph/index.ts';
import { add, sum } from '../../src/ops/index.ts';
import { Random } from '../../src/random.ts';
import { assertAgree } from '../support/assert-close.ts';
import { growGraph, randomLeaves } from '../support/random-graph.ts';
import { planAndRun } from '../support/run-plan.ts';

/*
 * Random graphs on the device against the interpreter in float64. Some tens of f32 operations on numbers of a few units
 * leave errors of a few 1e-6, transcendental functions of the adapters a little more; a wrong index, bound or buffer
 * leaves errors of the order of 1.
 */
const tolerance = 1e-4;

const device = await defaultDevice();
const test = suite('random graphs against float64');

interface Variant {
  readonly name: string;
  readonly seeds: readonly [number, number];
  readonly steps: readonly [number, number];
  /** What the compiler is told about the device; never more than what is true. */
  readonly capabilities?: Partial<Capabilities>;
}

const variants: Variant[] = [
  { name: 'as the device is', seeds: [0, 40], steps: [4, 20] },
  {
    name: 'deep, for a GPU',
    seeds: [100, 115],
    steps: [25, 40],
    capabilities: { family: 'tiled', lanes: 32 },
  },
  {
    name: 'few bindings, small grids',
    seeds: [200, 225],
    steps: [10, 20],
    capabilities: { maxStorageBuffers: 8, maxGrid: 64, lanes: 4 },
  },
];

function grown(seed: number, steps: readonly [number, number]): { leaves: Tensor[]; outputs: Tensor[] } {
  const random = new Random(`graph ${seed}`);
  const leaves = randomLeaves(random, 1 + random.int(seed % 3 === 0 ? 14 : 4));
  return { leaves, outputs: growGraph(random, leaves, steps[0] + random.int(steps[1])) };
}

async function check(outputs: readonly Tensor[], seed: number, limits: Partial<Capabilities> = {}) {
  const { plan, values } = await planAndRun(outputs, device, limits);
  const { maxStorageBuffers, maxGrid } = { ...device.capabilities, ...limits };
  for (const { label, inputs, outputs: written, kernel } of plan.dispatches) {
    assert.ok(inputs.length + written.length <= maxStorageBuffers, `seed ${seed}: ${label} binds too much`);
    assert.ok(Math.max(...kernel.grid) <= maxGrid, `seed ${seed}: ${label} has grid ${kernel.grid}`);
    assert.not.ok(
      written.some((slot) => inputs.includes(slot)),
      `seed ${seed}: ${label} writes where it reads`,
    );
  }
  const expected = reference(outputs);
  for (const [i, node] of outputs.entries())
    assertAgree(node, values[i], expected[i], tolerance, `seed ${seed}, output ${i}`);
}

for (const { name, seeds, steps, capabilities } of variants)
  test(`values: ${name}`, async () => {
    for (let seed = seeds[0]; seed < seeds[1]; seed++)
      await check(grown(seed, steps).outputs, seed, capabilities);
  });

test('gradients', async () => {
  let checked = 0;
  for (let seed = 300; seed < 325; seed++) {
    const { leaves, outputs } = grown(seed, [4, 16]);
    const floats = outputs.filter((t) => t.dtype === 'f32');
    if (floats.length === 0) continue;
    const loss = floats.map((t) => sum(t.mul(t))).reduce(add);
    const wanted = leaves.filter((t) => t.dtype === 'f32');
    await check(grad(loss, wanted), seed, seed % 2 ? { maxStorageBuffers: 8 } : {});
    checked++;
  }
  assert.ok(checked > 15, 'most graphs have something to differentiate');
});

test('compiled, with arguments for leaves, twice', async () => {
  for (let seed = 400; seed < 412; seed++) {
    const { leaves } = grown(seed, [4, 20]);
    const grow = (...args: Tensor[]) => growGraph(new Random(`body ${seed}`), args, 15);
    const f = compile(grow);
    const nodes = grow(...leaves);
    const expected = reference(nodes);
    const runs = [await f(...leaves), await f(...leaves)];
    for (const results of runs)
      for (const [i, node] of nodes.entries())
        assertAgree(node, await results[i].data(), expected[i], tolerance, `seed ${seed}, output ${i}`);
    for (const t of runs.flat()) t.dispose();
  }
});

test.run();
