import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { capabilitiesOf, describeAdapter } from '../../src/device/capabilities.ts';

// What adapters say of themselves through Dawn and through Deno's wgpu.
const info = (fields: object) =>
  ({
    vendor: '',
    architecture: '',
    device: '',
    description: '',
    isFallbackAdapter: false,
    ...fields,
  }) as GPUAdapterInfo;
const limits = { maxStorageBufferBindingSize: 1 } as GPUSupportedLimits;
const of = (fields: object, features: string[] = []) =>
  capabilitiesOf(describeAdapter(info(fields)), new Set(features), limits);

test('CPU adapters are told from GPUs, by flag or by name', () => {
  assert.is(of({ isFallbackAdapter: true }).family, 'simd');
  assert.is(of({ description: 'llvmpipe (LLVM 15.0.6, 256 bits)' }).family, 'simd');
  assert.is(of({ description: 'SwiftShader Device (Subzero)' }).family, 'simd');
  assert.is(of({ description: 'Microsoft Basic Render Driver' }).family, 'simd');
  assert.is(of({ vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H200' }).family, 'tiled');
  assert.is(of({ vendor: 'apple', architecture: 'metal-3', description: 'Apple M2' }).family, 'tiled');
});

test('lanes are the subgroup size, or the best guess', () => {
  assert.is(of({ subgroupMinSize: 32, subgroupMaxSize: 32 }).lanes, 32);
  assert.is(of({ description: 'SwiftShader driver 5.0.0', subgroupMaxSize: 4 }).lanes, 4);
  assert.is(of({ description: 'SwiftShader Device (Subzero)' }).lanes, 4);
  assert.is(of({ description: 'llvmpipe (LLVM 15.0.6, 512 bits)' }).lanes, 16);
  assert.is(of({ description: 'llvmpipe' }).lanes, 8);
  // 128 is the specification's upper bound, which runtimes tell that do not know better.
  assert.is(of({ description: 'llvmpipe (LLVM 15.0.6, 256 bits)', subgroupMaxSize: 128 }).lanes, 8);
  assert.is(of({ vendor: 'nvidia', subgroupMaxSize: 128 }).lanes, 32);
});

test('features become flags', () => {
  const none = of({});
  assert.equal([none.subgroups, none.timestamps, none.f16], [false, false, false]);
  const all = of({}, ['subgroups', 'timestamp-query', 'shader-f16']);
  assert.equal([all.subgroups, all.timestamps, all.f16], [true, true, true]);
});

test.run();
