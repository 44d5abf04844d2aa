import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Device, KernelError, openDevice } from '../../src/device/index.ts';

const test = suite<{ device: Device }>('pipeline');
test.before.each(async (context) => {
  context.device = await openDevice();
});
test.after.each(({ device }) => device.dispose());

const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => assert.unreachable('should have been rejected'),
    (error) => error,
  ) as Promise<Error>;

const BINDINGS = { inputs: 1, outputs: 1 };
/** y = FACTOR * x, with `dims` declared or not: the layout is the same. */
const scale = (declareDims: boolean) => `override FACTOR: u32;
${declareDims ? '@group(0) @binding(0) var<uniform> dims: vec4u;' : ''}
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  y[id.x] = f32(FACTOR) * x[id.x];
}`;

async function runScale(device: Device, pipeline: GPUComputePipeline): Promise<number[]> {
  const { gpu } = device;
  const make = (usage: number) => gpu.createBuffer({ size: 64, usage });
  const uniform = make(GPUBufferUsage.UNIFORM);
  const x = make(GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
  const y = make(GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC);
  const back = make(GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  gpu.queue.writeBuffer(
    x,
    0,
    Float32Array.from({ length: 16 }, (_, i) => i),
  );
  const bindGroup = gpu.createBindGroup({
    layout: device.bindGroupLayout(BINDINGS),
    entries: [uniform, x, y].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(2);
  pass.end();
  encoder.copyBufferToBuffer(y, 0, back, 0, 64);
  gpu.queue.submit([encoder.finish()]);
  await device.guard(back.mapAsync(GPUMapMode.READ), 'the readback');
  return [...new Float32Array(back.getMappedRange())];
}

for (const declareDims of [true, false]) {
  test(`computes with constants, ${declareDims ? 'a' : 'no'} declared uniform`, async ({ device }) => {
    const pipeline = device.pipeline(scale(declareDims), { FACTOR: 3 }, 'scale', BINDINGS);
    assert.equal(
      await runScale(device, pipeline),
      Array.from({ length: 16 }, (_, i) => 3 * i),
    );
  });
}

test('is compiled once per source and constants', ({ device }) => {
  const first = device.pipeline(scale(true), { FACTOR: 3 }, 'scale', BINDINGS);
  assert.is(device.pipeline(scale(true), { FACTOR: 3 }, 'scale', BINDINGS), first);
  assert.is.not(device.pipeline(scale(true), { FACTOR: 4 }, 'scale', BINDINGS), first);
  assert.is.not(device.pipeline(scale(false), { FACTOR: 3 }, 'scale', BINDINGS), first);
});

test('WGSL that does not compile: the error names kernel and line, and quotes it', async ({ device }) => {
  const source = scale(true).replace('f32(FACTOR)', 'FACTOR');
  device.pipeline(source, { FACTOR: 3 }, 'scale', BINDINGS);
  const error = await rejection(device.check());
  assert.instance(error, KernelError);
  assert.match(
    error.message,
    /^kernel scale: WGSL error at line 7:\d+: .+\n {2}7 \| {3}y\[id\.x\] = FACTOR \* x\[id\.x\];/,
  );
  // The same again is known to be wrong; the device itself still works.
  assert.throws(
    () => device.pipeline(source, { FACTOR: 3 }, 'scale', BINDINGS),
    (again: Error) => again === error,
  );
  const good = device.pipeline(scale(true), { FACTOR: 1 }, 'scale', BINDINGS);
  assert.is((await runScale(device, good))[15], 15);
});

test('what follows from a refused pipeline does not hide the cause', async ({ device }) => {
  const pipeline = device.pipeline('fn main() { nonsense }', {}, 'broken', BINDINGS);
  const error = await rejection(runScale(device, pipeline));
  assert.instance(error, KernelError);
  assert.match(error.message, /^kernel broken: WGSL error at line 1:/);
});

test('a constant that the shader does not have is refused', async ({ device }) => {
  device.pipeline(scale(true), { FACTOR: 1, TILE: 8 }, 'scale', BINDINGS);
  const error = await rejection(device.check());
  assert.instance(error, KernelError);
  assert.match(error.message, /^kernel scale: pipeline refused: .*TILE/);
});

test('a binding beyond the declared ones is refused', async ({ device }) => {
  device.pipeline(scale(true), { FACTOR: 1 }, 'scale', { inputs: 1, outputs: 0 });
  assert.instance(await rejection(device.check()), KernelError);
});

test.run();
