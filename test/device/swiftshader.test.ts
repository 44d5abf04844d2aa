import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openInChild } from './child.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const test = suite<{ folder: string; noDriver: Record<string, string> }>('SwiftShader');
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'medetection-test-'));
  // A machine without any Vulkan driver, and with an empty cache.
  context.noDriver = {
    VK_DRIVER_FILES: '/nonexistent',
    VK_ICD_FILENAMES: '/nonexistent',
    XDG_CACHE_HOME: join(context.folder, 'cache'),
  };
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

const cached = (folder: string) => readdirSync(join(folder, 'cache', 'medetection'));

if (process.platform !== 'linux' || process.arch !== 'x64') {
  test('is not for this platform, and says so', async ({ noDriver }) => {
    const { stdout } = await openInChild(['swiftshader'], noDriver);
    assert.match(stdout, 'is for Linux on x64');
  });
} else {
  test('is what `auto` finds where there is no driver; the process ends by itself', async ({ noDriver }) => {
    const { stdout, code } = await openInChild(['auto'], noDriver);
    assert.match(stdout, /^SwiftShader/);
    assert.is(code, 0);
  });

  test('comes with the Vulkan loader where that is absent too', async ({ folder, noDriver }) => {
    // A loader that cannot be loaded stands for none.
    const broken = join(folder, 'broken');
    mkdirSync(broken);
    writeFileSync(join(broken, 'libvulkan.so.1'), '');
    const { stdout } = await openInChild(['auto'], { ...noDriver, LD_LIBRARY_PATH: broken });
    assert.match(stdout, /^SwiftShader/);
  });

  test('can be asked for where there are other drivers', async ({ folder }) => {
    const { stdout } = await openInChild(['swiftshader'], { XDG_CACHE_HOME: join(folder, 'cache') });
    assert.match(stdout, /^SwiftShader/);
  });

  test('processes that extract it at once do not disturb each other', async ({ folder, noDriver }) => {
    const ended = await Promise.all([1, 2, 3].map(() => openInChild(['software'], noDriver)));
    for (const { stdout } of ended) assert.match(stdout, /^SwiftShader/);
    assert.is(cached(folder).length, 1, `left over: ${cached(folder)}`);
  });

  const damages: Record<string, (extracted: string) => void> = {
    'a truncated library': (extracted) => truncateSync(join(extracted, 'libvk_swiftshader.so'), 1000),
    'a library of the right size with other content': (extracted) =>
      copyFileSync(join(extracted, 'libvulkan.so.1'), join(extracted, 'libvk_swiftshader.so')),
    'a missing manifest': (extracted) => rmSync(join(extracted, 'manifest.json')),
    'a manifest that is not JSON': (extracted) => writeFileSync(join(extracted, 'manifest.json'), '{'),
  };
  test('a damaged cache is extracted anew', async ({ folder, noDriver }) => {
    assert.match((await openInChild(['software'], noDriver)).stdout, /^SwiftShader/);
    const [name] = cached(folder);
    for (const [damage, apply] of Object.entries(damages)) {
      apply(join(folder, 'cache', 'medetection', name));
      // Two at once: both find it damaged, and both have to succeed.
      const ended = await Promise.all([1, 2].map(() => openInChild(['software'], noDriver)));
      for (const { stdout, stderr } of ended)
        assert.match(stdout, /^SwiftShader/, `${damage}: ${stdout}${stderr}`);
      assert.equal(cached(folder), [name], damage);
    }
  });

  test('a cache that cannot be written: the error says where and what to do', async ({
    folder,
    noDriver,
  }) => {
    writeFileSync(join(folder, 'cache'), 'a file where the folder should be');
    const { stdout } = await openInChild(['swiftshader'], noDriver);
    assert.match(stdout, /^NoAdapterError: /);
    assert.match(stdout, /- SwiftShader: cannot extract .*set XDG_CACHE_HOME to a writable folder/);
  });

  test('without the package, the error says how to get it', async ({ folder, noDriver }) => {
    // The same sources in a place where only `webgpu` is installed.
    for (const path of ['src/device', 'shaders', 'test/device', 'test/runtime.ts', 'package.json']) {
      cpSync(join(root, path), join(folder, path), { recursive: true });
    }
    mkdirSync(join(folder, 'node_modules'));
    for (const name of ['webgpu', 'tsx'])
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
    const script = join(folder, 'test/device/open-child.ts');
    const { stdout } = await openInChild(['swiftshader'], noDriver, { cwd: folder, script });
    assert.match(stdout, /^NoAdapterError: no WebGPU adapter found for "swiftshader"\. Tried:\n- /);
    assert.match(stdout, /- the system: /);
    assert.match(
      stdout,
      '- SwiftShader: the npm package @sparticuz/chromium is not installed; ' +
        'to add the software adapter: npm install --save-dev @sparticuz/chromium',
    );
  });
}

test.run();
