import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chart } from '../../src/cli/chart.ts';
import { decimals, quantity, table } from '../../src/cli/output.ts';
import { duration } from '../../src/cli/progress.ts';

const rows = (text: string) => text.split('\n');

test('a curve runs from its first value to its last', () => {
  const text = chart('AUROC', 'epoch', [
    { name: 'up', values: [0, 0.5, 1], mark: '#', line: '-' },
    { name: 'flat', values: [0.5, 0.5, 0.5], mark: 'o', line: '.' },
  ]);
  const [legend, top, ...rest] = rows(text);
  assert.is(legend, 'AUROC by epoch:  #-- up   o.. flat');
  assert.match(top, /^ {3}1\.000 \| {50,}-*#$/);
  assert.match(rest[9], /^ {3}0\.000 \|#-*$/);
  assert.match(rest[4], /^ +\|o\.+o\.+o$/);
  assert.is(rest[11].trim().split(/\s+/).join(' '), '0 1 2 epoch');
});

test('a single value and no value can be drawn', () => {
  assert.match(chart('loss', 'step', [{ name: 'a', values: [2], mark: '#', line: '-' }]), /\|#/);
  assert.is(
    chart('loss', 'step', [{ name: 'a', values: [Number.NaN], mark: '#', line: '-' }]),
    'loss: nothing to draw',
  );
});

test('tables, numbers and durations', () => {
  assert.is(
    table([
      ['a', 'bb'],
      ['ccc', 'd'],
    ]),
    'a    bb\nccc   d',
  );
  assert.is(decimals(0.12345), '0.123');
  assert.is(decimals(Number.NaN), '-');
  assert.is(quantity(62_345_000_000, 'FLOP/s'), '62.3 GFLOP/s');
  assert.is(quantity(12, 'B/s'), '12 B/s');
  assert.is(duration(59.6), '1m00s');
  assert.is(duration(7), '7s');
  assert.is(duration(3725), '1h02m');
});

test.run();
