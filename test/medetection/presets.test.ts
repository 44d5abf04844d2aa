import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkPreset, diffPresets, parsePreset, presets, readPreset } from '../../src/medetection/index.ts';

const parse = (value: unknown) => parsePreset(JSON.stringify(value), 'mine.json');

test('every preset is sound, and comes back whole from the JSON that it prints', () => {
  for (const preset of Object.values(presets)) {
    assert.equal(checkPreset(preset), preset);
    assert.equal(parse(preset), JSON.parse(JSON.stringify(preset)));
    assert.equal(diffPresets(preset, preset), []);
  }
});

test('a difference names the field and both values, also where one preset leaves it out', () => {
  const literal = diffPresets(presets.paper, presets['paper-literal']);
  assert.equal(literal, [
    { field: 'metaTrain.innerRate', values: [0.01, 1e-5] },
    { field: 'metaTrain.innerLoss', values: ['mean', 'sum'] },
  ]);
  const fields = diffPresets(presets.paper, presets.official);
  assert.ok(fields.some(({ field, values }) => field === 'fineTune.headRate' && values[0] === undefined));
});

test('a file replaces what it names of the preset that it names', () => {
  const preset = parse({ preset: 'official', model: { size: 128 } });
  assert.equal(diffPresets(presets.official, preset), [{ field: 'model.size', values: [256, 128] }]);
  const folder = mkdtempSync(join(tmpdir(), 'preset-'));
  writeFileSync(join(folder, 'p.json'), JSON.stringify({ metaTrain: { support: 12 } }));
  assert.is(readPreset(join(folder, 'p.json')).metaTrain.support, 12);
  assert.is(readPreset('small'), presets.small);
});

test('what is wrong with a file is named, with what is allowed', () => {
  const wrong: [unknown, RegExp][] = [
    [{ modle: {} }, /mine\.json: there is no modle; there are model, metaTrain, fineTune/],
    [{ model: { wdith: 3 } }, /there is no model\.wdith; there are network, size, width/],
    [{ preset: 'papr' }, /preset "papr" must be one of paper, official, paper-literal, small/],
    [{ model: 3 }, /model must be an object/],
    [[], /must be an object with the parts model, metaTrain and fineTune/],
    [{ model: { size: 100 } }, /size 100 must be a multiple of 64.*pyramid/],
    [{ model: { head: 'round' } }, /head "round" must be one of linear, pyramid/],
    [{ metaTrain: { innerRate: -1 } }, /innerRate is -1; it must be a number above 0/],
    [{ metaTrain: { scales: [] } }, /scales is \[\]; it must be a list/],
    [{ metaTrain: { innerLoss: 'sum', innerOptimiser: 'adam' } }, /innerLoss sum has no effect/],
    [{ metaTrain: { innerLoss: 'sum', algorithm: 'imaml' } }, /innerLoss sum has no place in imaml.*lambda/],
    [{ fineTune: { scales: [320] } }, /images of 320 px give a last map of 5 x 5.*takes 4 x 4.*pyramid/],
    [
      { model: { head: 'pyramid' }, fineTune: { scales: [200] } },
      /200 px give a last map of 3 x 3, the pyramid needs 4 x 4/,
    ],
  ];
  for (const [value, message] of wrong) assert.throws(() => parse(value), message);
  assert.throws(() => parsePreset('{', 'mine.json'), /mine\.json: not JSON/);
  assert.throws(() => readPreset('none'), /"none" is neither one of paper, .* nor a file that can be read/);
});

test.run();
