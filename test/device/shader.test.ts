import { readdirSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadShaders, type ShaderName, shaderSource } from '../../src/device/index.ts';
import { SHADERS } from '../../src/device/shaders.ts';
import { says } from '../support/says.ts';

const names = Object.keys(SHADERS) as ShaderName[];

test('before loading, the error says what to do', () => {
  assert.throws(
    () => shaderSource('doctor_fma'),
    says('shader doctor_fma is not loaded: await openDevice() or loadShaders()'),
  );
});

test('loads every shader of the table', async () => {
  await loadShaders();
  // What goes before product_tiled has no entry point of its own.
  for (const name of names) assert.match(shaderSource(name), /@compute|^fn place\(/m, name);
});

test('an unknown name is told from one that is not loaded', () => {
  assert.throws(
    () => shaderSource('doctor_who' as ShaderName),
    says('there is no shader doctor_who; known: '),
  );
});

test('the table and the folder of shaders hold the same names', () => {
  const folder = readdirSync(new URL('../../shaders/', import.meta.url)).filter((file) =>
    file.endsWith('.wgsl'),
  );
  assert.equal(names.map((name) => `${name}.wgsl`).sort(), folder.sort());
  for (const name of names) assert.ok(SHADERS[name].pathname.endsWith(`/shaders/${name}.wgsl`), name);
});

test.run();
