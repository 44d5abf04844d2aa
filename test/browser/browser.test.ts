/**
 * The package in a real browser: headless Chromium, with WebGPU on SwiftShader, loads the emitted modules and the shaders
 * from a server and computes what Node computes.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { magnitude } from '../../src/certify/compare.ts';
import { runtimeArguments } from '../runtime.ts';
import { assertClose } from '../support/assert-close.ts';
import { type Installed, install, launch, obstacle } from './chromium.ts';
import { type Computed, compute } from './computation.ts';
import { serve } from './server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'medetection-browser-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Emits the modules as `npm run build` does, and the test's own. */
function build(): string {
  const out = join(folder, 'out');
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = [
    ...runtimeArguments(),
    tsc,
    '-p',
    join(root, 'test/browser/tsconfig.page.json'),
    '--outDir',
    out,
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.is(status, 0, `tsc: ${stdout}${stderr}`);
  return out;
}

/** Runs the computation in a page; what goes wrong there is thrown here. */
async function computeIn(page: Page, address: string): Promise<Computed> {
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text());
  });
  await page.goto(`${address}/page/index.html`);
  const script = `import('/test/browser/computation.js').then(({ compute }) => compute())`;
  const computed = await page.evaluate<Computed>(script).catch((error) => {
    throw new Error([String(error), ...troubles].join('\n'), { cause: error });
  });
  assert.equal(troubles, [], 'nothing fails or is complained about in the page');
  return computed;
}

const test = suite('browser');

function addTest(browserFiles: Installed): void {
  test('computes what Node computes, derivatives of second order and compiled meta-steps too', async () => {
    const out = build();
    mkdirSync(join(folder, 'page'));
    writeFileSync(join(folder, 'page/index.html'), '<!doctype html><link rel="icon" href="data:,">');
    const folders = {
      page: join(folder, 'page'),
      src: join(out, 'src'),
      test: join(out, 'test'),
      shaders: join(root, 'shaders'),
    };
    const { server, address } = await serve(folders);
    const browser = await launch(browserFiles);
    try {
      const there = await computeIn(await browser.newPage(), address);
      const here = await compute('software');
      console.log(`Chromium ${browser.version()}: ${JSON.stringify(there.adapter)}`);
      console.log(`beside Node: ${JSON.stringify(here.adapter)}`);
      assert.equal(Object.keys(there.values), Object.keys(here.values));
      for (const [name, expected] of Object.entries(here.values)) {
        assert.ok(magnitude(expected) > 0, `${name} is not zero`);
        assertClose(there.values[name], expected, 1e-5, name);
      }
    } finally {
      await browser.close();
      server.close();
    }
  });
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log('browser.test.ts: not run, because the browser cannot start: it is for Linux on x64');
} else {
  const browserFiles = install(folder);
  const why = obstacle(browserFiles);
  if (why !== undefined) console.log(`browser.test.ts: not run, because the browser cannot start: ${why}`);
  else addTest(browserFiles);
}

test.run();
