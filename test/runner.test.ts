import { spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runtimeArguments } from './runtime.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const head = "import { test } from 'uvu';\n";
const pass = (name: string) => `test('${name}', () => {});\n`;
const fail = "test('wrong', () => { throw new Error('as it should'); });\n";
const end = 'test.run();\n';

/** One file per way that a test file can end. */
const FILES: Record<string, string> = {
  'good.test.ts': head + pass('one') + pass('two') + end,
  'sub/bad.test.ts': head + pass('one') + fail + end,
  'crash.test.ts': 'process.exit(3);\n',
  'abort.test.ts': 'process.abort();\n',
  'late.test.ts': `${head + pass('one') + end}process.on('exit', () => { process.exitCode = 5; });\n`,
  'silent.test.ts': '',
  'forgotten.test.ts': head + pass('one'),
  'stuck.test.ts': `${head}test('never', () => new Promise(() => {}));\n${end}`,
  'hang.test.ts': `import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
const child = spawn('sleep', ['300'], { stdio: 'inherit' });
writeFileSync('hang.pid', String(child.pid));
`,
  'absent.test.ts': `${head}console.log('absent.test.ts: not run, because ../shared is absent');\n${end}`,
  'unstartable.test.ts': `${head}console.log('unstartable.test.ts: not run, because the browser cannot start: no libc');\n${end}`,
  'unable.test.ts': `${head}console.log('unable.test.ts: not run, because the device has no subgroups');\n${end}`,
  'no-test.ts': 'process.exit(1);\n',
};

const test = suite<{ folder: string }>('test runner');
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'medetection-test-'));
  mkdirSync(join(context.folder, 'test/sub'), { recursive: true });
  writeFileSync(join(context.folder, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(root, 'node_modules'), join(context.folder, 'node_modules'));
  for (const name of ['run.ts', 'runtime.ts'])
    copyFileSync(join(root, 'test', name), join(context.folder, 'test', name));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(context.folder, 'test', name), text);
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

function run(folder: string, args: string[]): Promise<{ code: number | null; lines: string[] }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...runtimeArguments(), 'test/run.ts', ...args], {
      cwd: folder,
      env: { ...process.env, MEDETECTION_TEST_SECONDS: '10' },
      timeout: 60_000,
    });
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.on('close', (code) => resolve({ code, lines: output.trimEnd().split('\n') }));
  });
}

/** Whether a process ends within seconds: a killed one stays listed until the system has noticed. */
async function isGone(pid: number): Promise<boolean> {
  for (let i = 0; i < 50; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

test('counts tests, and files that crash, hang or test nothing as failed', async ({ folder }) => {
  const { code, lines } = await run(folder, []);
  const told = (file: string) => lines.find((line) => line.includes(`test/${file}:`)) ?? 'nothing';
  assert.match(told('good.test.ts'), /^ok .*: 2 passed \(/);
  assert.match(told('sub/bad.test.ts'), /^FAIL .*: 1 passed, 1 failed \(\d/);
  assert.match(told('crash.test.ts'), /^FAIL .*1 failed \(ended with exit code 3\)/);
  assert.match(told('abort.test.ts'), /^FAIL .*1 failed \(ended (by SIGABRT|with exit code \d+)\)/);
  assert.match(told('late.test.ts'), /^FAIL .*1 passed, 1 failed \(ended with exit code 5\)/);
  assert.match(told('silent.test.ts'), /^FAIL .*1 failed \(ran no test\)/);
  assert.match(told('forgotten.test.ts'), /^FAIL .*1 failed \(ran no test\)/);
  assert.match(told('stuck.test.ts'), /^FAIL .*1 failed/);
  assert.match(told('hang.test.ts'), /^FAIL .*1 failed \(stopped after 10 s\)/);
  for (const name of ['absent', 'unstartable', 'unable']) {
    assert.match(told(`${name}.test.ts`), /^ok .*: 0 passed/);
    assert.ok(
      lines.some((line) => line.startsWith(`      ${name}.test.ts: not run, because`)),
      'why it is not run is shown',
    );
  }
  assert.ok(
    lines.some((line) => line.includes('as it should')),
    'the output of a failed test is shown',
  );
  assert.is(lines.at(-1), '4 passed, 8 failed');
  assert.is(code, 1);
  const pid = Number(readFileSync(join(folder, 'hang.pid'), 'utf8'));
  assert.ok(await isGone(pid), 'what the hanging test started still runs');
});

test('a filter takes only the files whose path contains it', async ({ folder }) => {
  assert.equal((await run(folder, ['good'])).lines.at(-1), '2 passed, 0 failed');
  const sub = await run(folder, ['test/sub/']);
  assert.equal([sub.lines.at(-1), sub.code], ['1 passed, 1 failed', 1]);
});

test('passes only if something was run', async ({ folder }) => {
  assert.is((await run(folder, ['good'])).code, 0);
  const none = await run(folder, ['no such file']);
  assert.equal([none.lines.at(-1), none.code], ['0 passed, 0 failed', 1]);
});

test.run();
