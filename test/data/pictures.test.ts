import { symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findPictures, readDatasets } from '../../src/data/index.ts';
import { refused } from '../support/refused.ts';
import { named, withFolder } from './folders.ts';

const test = suite('pictures in folders');

test('folders with all in them, by name; others are counted, hidden ones are not', () =>
  withFolder(
    named(
      'b/2.png',
      'b/10.JPG',
      'b/deep/1.bmp',
      'b/notes.txt',
      'b/.hidden.png',
      'a.tif',
      'c/readme.md',
      'c/1.png',
    ),
    async (root) => {
      const { paths, others } = await findPictures([join(root, 'b'), join(root, 'c')]);
      assert.equal(
        paths.map((path) => relative(root, path).replaceAll('\\', '/')),
        ['b/10.JPG', 'b/2.png', 'b/deep/1.bmp', 'c/1.png'],
      );
      assert.is(others, 2);
    },
  ));

test('files in the order given, none twice, whatever their names', () =>
  withFolder(named('x/1.png', 'x/2.png', 'odd.txt'), async (root) => {
    const path = (name: string) => join(root, name);
    const given = ['x/2.png', 'odd.txt', 'x', 'x/1.png', 'x', 'gone.png'].map(path);
    const { paths, others } = await findPictures(given);
    assert.equal(paths, ['x/2.png', 'odd.txt', 'x/1.png', 'gone.png'].map(path));
    assert.is(others, 0);
  }));

test('links are followed, and a folder within itself ends', () =>
  withFolder(named('x/1.png', 'y/2.png'), async (root) => {
    symlinkSync(join(root, 'x'), join(root, 'x', 'again'));
    symlinkSync(join(root, 'y'), join(root, 'x', 'other'));
    const { paths } = await findPictures([join(root, 'x')]);
    assert.equal(paths, [join(root, 'x', '1.png'), join(root, 'x', 'other', '2.png')]);
  }));

test('a folder without pictures is refused by name', () =>
  withFolder(named('x/1.txt', 'y/1.png'), async (root) => {
    const given = [join(root, 'y'), join(root, 'x')];
    await refused(findPictures(given), /findPictures: .*x: no PNG, JPEG, BMP or TIFF picture is in it/);
  }));

test('the data set of each task', () =>
  withFolder({ 'datasets.json': '{"mono": "elpv", "poly": "elpv"}' }, async (root) => {
    assert.equal(
      await readDatasets(root),
      new Map([
        ['mono', 'elpv'],
        ['poly', 'elpv'],
      ]),
    );
    assert.is(await readDatasets(join(root, 'nothing')), undefined);
  }));

for (const [text, problem] of [
  ['{', /datasets\.json: not JSON/],
  ['["a"]', /not an object/],
  ['{"a": 1}', /the data set of task "a" is 1, which is no name/],
] as const)
  test(`datasets.json with ${text} is refused`, () =>
    withFolder({ 'datasets.json': text }, async (root) => {
      await refused(readDatasets(root), problem);
    }));

test.run();
