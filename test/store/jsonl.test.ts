import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openJsonLines, readJsonLines } from '../../src/store/index.ts';

const test = suite<{ path: string; folder: string }>('JSON lines');
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'jsonl-'));
  context.path = join(context.folder, 'log.jsonl');
});
test.after.each(({ folder }) => {
  rmSync(folder, { recursive: true });
});

const failureOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('this should have failed');
};

test('records come back in the order of the calls, over several openings', async ({ path }) => {
  const first = await openJsonLines(path);
  await Promise.all(Array.from({ length: 50 }, (_, step) => first.append({ step, text: 'é\n"' })));
  await first.close();
  const second = await openJsonLines(path);
  assert.is(second.repaired, undefined);
  await second.append({ step: 50, text: 'é\n"' });
  await second.close();
  const { records, halfWritten } = await readJsonLines(path);
  assert.is(halfWritten, undefined);
  assert.equal(
    records,
    Array.from({ length: 51 }, (_, step) => ({ step, text: 'é\n"' })),
  );
});

test('NaN, infinities and typed arrays survive', async ({ path }) => {
  const log = await openJsonLines(path);
  await log.append({
    loss: Number.NaN,
    list: [Infinity, { low: -Infinity }],
    curve: Float32Array.of(0.5, Number.NaN),
  });
  await log.close();
  const [record] = (await readJsonLines(path)).records;
  assert.equal(record, { loss: Number.NaN, list: [Infinity, { low: -Infinity }], curve: [0.5, Number.NaN] });
});

test('a file cut at any byte loses at most the record that was cut, and says so', async ({ path }) => {
  const whole = '{"step":1}\n{"step":12,"s":"é"}\n';
  const bytes = new TextEncoder().encode(whole);
  for (let length = 0; length <= bytes.length; length++) {
    writeFileSync(path, bytes.subarray(0, length));
    const { records, halfWritten } = await readJsonLines(path);
    // The closing braces are at bytes 9 and 29; the newlines after them may be missing.
    const complete = length >= bytes.length - 1 ? 2 : length >= 10 ? 1 : 0;
    assert.is(records.length, complete, `${length} bytes`);
    const endsWell = length === 0 || length === 10 || length === 11 || length >= bytes.length - 1;
    assert.is(halfWritten === undefined, endsWell, `${length} bytes`);
  }
});

test('opening cuts off a half-written line and goes on after the last whole one', async ({ path }) => {
  // Longer than one reading step of the search for the last line.
  const half = `{"step":2,"s":"${'x'.repeat(200_000)}`;
  writeFileSync(path, `{"step":1}\n${half}`);
  const log = await openJsonLines(path);
  assert.is(log.repaired, half);
  await log.append({ step: 3 });
  await log.close();
  assert.is(readFileSync(path, 'utf8'), '{"step":1}\n{"step":3}\n');
});

test('opening keeps a last record that lacks only its newline', async ({ path }) => {
  writeFileSync(path, '{"step":1}');
  const log = await openJsonLines(path);
  assert.is(log.repaired, undefined);
  await log.append({ step: 2 });
  await log.close();
  assert.is(readFileSync(path, 'utf8'), '{"step":1}\n{"step":2}\n');
});

test('damage before the last line is an error with file and line', async ({ path }) => {
  writeFileSync(path, '{"step":1}\n{"st\n{"step":3}\n');
  assert.match(await failureOf(readJsonLines(path)), /log\.jsonl: line 2 is not a JSON object/);
  writeFileSync(path, '{"step":1}\n[2]\n{"step":3}\n');
  assert.match(await failureOf(readJsonLines(path)), /line 2 is not a JSON object/);
  assert.match(await failureOf(readJsonLines(`${path}.none`)), /log\.jsonl\.none/);
});

test('a record that cannot be written fails alone', async ({ path }) => {
  const log = await openJsonLines(path);
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  const failed = failureOf(log.append(loop));
  await log.append({ step: 1 });
  assert.match(await failed, /circular/i);
  await log.close();
  assert.match(await failureOf(log.append({ step: 2 })), /closed|EBADF/);
  assert.equal((await readJsonLines(path)).records, [{ step: 1 }]);
});

test.run();
