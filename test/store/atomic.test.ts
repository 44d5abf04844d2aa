import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeFileAtomic } from '../../src/store/index.ts';
import { runtimeArguments } from '../runtime.ts';

const test = suite<{ folder: string }>('writeFileAtomic');
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'atomic-'));
});
test.after.each(({ folder }) => {
  rmSync(folder, { recursive: true });
});

const failureOf = async (write: Promise<void>): Promise<string> => {
  try {
    await write;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the write should have failed');
};

test('writes bytes and text, replaces what was there, leaves nothing else', async ({ folder }) => {
  const path = join(folder, 'a.bin');
  await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
  assert.equal([...readFileSync(path)], [1, 2, 3]);
  await writeFileAtomic(path, 'é');
  assert.is(readFileSync(path, 'utf8'), 'é');
  assert.equal(readdirSync(folder), ['a.bin']);
});

test('writes at once to one path leave one of them, whole', async ({ folder }) => {
  const path = join(folder, 'a.txt');
  const texts = Array.from({ length: 8 }, (_, k) => String(k).repeat(100_000));
  await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
  assert.ok(texts.includes(readFileSync(path, 'utf8')));
  assert.equal(readdirSync(folder), ['a.txt']);
});

test('a write that the system stops midway keeps the old file and removes the temporary one', ({
  folder,
}) => {
  const path = join(folder, 'checkpoint.bin');
  writeFileSync(path, 'old');
  const script = join(folder, 'write.mts');
  const subject = new URL('../../src/store/index.ts', import.meta.url).href;
  writeFileSync(
    script,
    `import { writeFileAtomic } from ${JSON.stringify(subject)};
     await writeFileAtomic(${JSON.stringify(path)}, new Uint8Array(8 << 20)).catch((error) => console.log(error.message));`,
  );
  // A file size limit of 1 MiB: the first part of the 8 MiB is written and then the system refuses, as with a full disk.
  // Its signal, which would end Deno, is ignored.
  const said = execFileSync(
    'sh',
    ['-c', 'trap "" XFSZ; ulimit -f 2048; exec "$0" "$@"', process.execPath, ...runtimeArguments(), script],
    {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, TSX_DISABLE_CACHE: '1' },
    },
  );
  assert.match(said, /writeFileAtomic: .*checkpoint\.bin: .* \(EFBIG\); what was there before is unchanged/);
  assert.is(readFileSync(path, 'utf8'), 'old');
  assert.equal(readdirSync(folder).sort(), ['checkpoint.bin', 'write.mts']);
});

test('a missing folder is named, and not created', async ({ folder }) => {
  const path = join(folder, 'none', 'a.txt');
  const message = await failureOf(writeFileAtomic(path, 'x'));
  assert.ok(
    message.includes(path) && message.includes('ENOENT') && message.includes('create it first'),
    message,
  );
  assert.not(existsSync(join(folder, 'none')));
});

test('a folder in the place of the file is kept', async ({ folder }) => {
  const path = join(folder, 'taken');
  mkdirSync(path);
  writeFileSync(join(path, 'inside'), 'x');
  assert.match(await failureOf(writeFileAtomic(path, 'x')), /taken: /);
  assert.equal(readdirSync(folder), ['taken']);
  assert.equal(readdirSync(path), ['inside']);
});

test.run();
