/**
 * What users install: the packed package, in an empty folder, without development dependencies. npm takes what it has in its
 * cache (`npm ci` fills it) and asks the registry for the rest.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'medetection-package-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const app = join(folder, 'app');
mkdirSync(app);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const shell = process.platform === 'win32'; // There npm and npx are batch files.
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, shell, timeout: 240_000 });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

async function succeeds(...args: Parameters<typeof run>): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  assert.is(code, 0, `${args[0]} ${args[1].join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

test('npm pack packs what runs, and nothing else', async () => {
  // `npm test` has built it; to build it here, as packing does by itself, would take it from under other tests that run it.
  assert.is(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts.prepack, 'npm run build');
  await succeeds('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], root);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true, "type": "module" }');
  const install = [
    'install',
    '--omit=dev',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    join('..', tarball),
  ];
  await succeeds('npm', install, app);
  const installed = readdirSync(join(app, 'node_modules', 'medetection')).sort();
  assert.equal(installed, ['LICENSE', 'README.md', 'dist', 'package.json', 'shaders']);
  const dependencies = readdirSync(join(app, 'node_modules'));
  for (const name of ['@sparticuz', 'typescript', 'tsx']) assert.not(dependencies.includes(name), name);
});

test('the installed command runs', async () => {
  const help = await succeeds('npx', ['medetection', '--help'], app);
  for (const name of ['demo', 'doctor', 'tasks', 'meta-train', 'fine-tune', 'evaluate', 'predict'])
    assert.match(help, new RegExp(`^  ${name} `, 'm'));
});

test('the installed package computes', async () => {
  const script = join(app, 'compute.js');
  writeFileSync(
    script,
    `import { grad, tensor } from 'medetection';
import { summary } from 'medetection/metrics';
const x = tensor([1, 2, 3]);
console.log(JSON.stringify({ gradient: [...(await grad(x.square().sum(), x).data())], auroc: summary([0, 1], [0, 1]).auroc }));
`,
  );
  // From the repository's folder, where the software adapter is found if there is no other.
  const stdout = await succeeds(process.execPath, [script], root);
  assert.equal(JSON.parse(stdout), { gradient: [2, 4, 6], auroc: 1 });
});

if (process.platform === 'linux')
  test('without a driver, the installed package says what to add', async () => {
    const nowhere = { VK_DRIVER_FILES: '/nonexistent', VK_ICD_FILENAMES: '/nonexistent' };
    const train = ['medetection', 'meta-train', '--data', '.', '--target', 'x'];
    const { code, stdout, stderr } = await run('npx', train, app, nowhere);
    assert.is(code, 1);
    assert.is(stdout, '');
    assert.match(stderr, /error: no WebGPU adapter found[\s\S]*npm install --save-dev @sparticuz\/chromium/);
    const doctor = await run('npx', ['medetection', 'doctor', '--json'], app, nowhere);
    assert.is(doctor.code, 1);
    const report = JSON.parse(doctor.stdout);
    assert.is(report.adapter, null);
    assert.match(report.missing[0], /@sparticuz\/chromium is not installed/);
  });

test('its types are whole, with the methods of tensors', async () => {
  writeFileSync(
    join(app, 'user.ts'),
    `import { compile, grad, type Tensor, tensor } from 'medetection';
import { defaultModel, type ModelConfig } from 'medetection/medetection';
const x = tensor([1, 2, 3]);
const step = compile((p: Tensor, rate: Tensor) => p.sub(grad(p.square().sum(), p).mul(rate)));
const next: Tensor = await step(x, 0.1);
const values: Float32Array | Int32Array = await next.matmul(x).data();
const first: number = await next.mean().item();
const model: ModelConfig = { ...defaultModel, size: 64 };
// @ts-expect-error tensors have no such method
next.frobnicate();
console.log(values, first, model);
`,
  );
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable', 'dom'],
    module: 'nodenext',
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
  };
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['user.ts'] }));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await succeeds(process.execPath, [tsc, '-p', app], root);
});

test.run();
