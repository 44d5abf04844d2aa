import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { discoverTasks, type Task } from '../../src/data/tasks.ts';
import { named, withFolder } from './folders.ts';

const test = suite('tasks');

const summary = (task: Task): string[] =>
  task.samples.map(
    ({ id, label, kind, mask }) =>
      `${label} ${kind} ${id}${mask ? ` < ${mask.slice(task.root.length + 1)}` : ''}`,
  );

test('class folders, by number and by name', async () => {
  for (const [normal, defective] of [
    ['0', '1'],
    ['good', 'bad'],
    ['OK', 'NG'],
    ['normal', 'defective'],
  ]) {
    const files = named(`${normal}/b.PNG`, `${normal}/a.jpg`, `${defective}/c.bmp`, `${defective}/.DS_Store`);
    await withFolder(files, async (root) => {
      const [task, ...others] = await discoverTasks(root);
      assert.equal(others, []);
      assert.equal([task.name, task.root, task.layout], [basename(root), root, 'classes']);
      const lines = [`0 good ${normal}/a.jpg`, `0 good ${normal}/b.PNG`, `1 defect ${defective}/c.bmp`];
      assert.equal(
        summary(task),
        lines.sort((a, b) => (a.slice(a.lastIndexOf(' ')) < b.slice(b.lastIndexOf(' ')) ? -1 : 1)),
      );
      assert.ok(task.samples.every(({ id, path }) => path === join(root, id)));
      assert.equal(task.problems, []);
    });
  }
});

const mvtec = named(
  'train/good/000.png',
  'train/good/001.png',
  'test/good/000.png',
  'test/crack/000.png',
  'test/hole/000.jpg',
  'test/hole/001.jpg',
  'ground_truth/crack/000_mask.png',
  'ground_truth/hole/000_mask.png',
  'ground_truth/hole/001.png',
);

test('MVTec AD with types and masks', async () => {
  await withFolder(mvtec, async (root) => {
    const [task] = await discoverTasks(root);
    assert.is(task.layout, 'mvtec');
    assert.equal(summary(task), [
      '1 crack test/crack/000.png < ground_truth/crack/000_mask.png',
      '0 good test/good/000.png',
      '1 hole test/hole/000.jpg < ground_truth/hole/000_mask.png',
      '1 hole test/hole/001.jpg < ground_truth/hole/001.png',
      '0 good train/good/000.png',
      '0 good train/good/001.png',
    ]);
    assert.equal(task.problems, []);
  });
});

test('class folders inside train and test are classes', async () => {
  await withFolder(
    named('train/ok/a.png', 'train/ng/b.png', 'test/ok/c.png', 'test/ng/d.png'),
    async (root) => {
      const [task] = await discoverTasks(root);
      assert.equal(summary(task), [
        '1 defect test/ng/d.png',
        '0 good test/ok/c.png',
        '1 defect train/ng/b.png',
        '0 good train/ok/a.png',
      ]);
    },
  );
});

test('a folder of tasks: sorted, each by its own layout, others passed over with a word', async () => {
  const files: Record<string, string> = {
    ...named('b/0/x.png', 'b/1/y.png', 'notes/readme.txt', 'list.txt'),
  };
  for (const name of Object.keys(mvtec)) files[`a/${name}`] = '';
  await withFolder(files, async (root) => {
    const problems: string[] = [];
    const tasks = await discoverTasks(root, { onProblem: (problem) => problems.push(problem) });
    assert.equal(
      tasks.map(({ name, layout, samples }) => [name, layout, samples.length]),
      [
        ['a', 'mvtec', 6],
        ['b', 'classes', 2],
      ],
    );
    assert.is(problems.length, 1);
    assert.match(problems[0], /notes: passed over, it has neither layout/);
  });
});

test('problems: empty classes, foreign files and folders', async () => {
  await withFolder(
    named('0/a.png', '0/notes.txt', '0/more/b.png', 'readme.md', 'other/c.png'),
    async (root) => {
      mkdirSync(join(root, '1'));
      const [task] = await discoverTasks(root);
      assert.is(task.samples.length, 1);
      assert.equal(task.problems, [
        '1 file (readme.md) left out: not PNG, JPEG, BMP or TIFF by name, or out of place',
        '1 folder (other) left out: not part of the layout',
        '0/: 1 file (notes.txt) left out: not PNG, JPEG, BMP or TIFF by name, or out of place',
        '0/: 1 folder (more) left out: not part of the layout',
        '1/ holds no picture',
        'the task has no defective picture',
      ]);
    },
  );
});

test('problems: missing and superfluous masks', async () => {
  const { 'ground_truth/hole/001.png': _, 'ground_truth/crack/000_mask.png': __, ...files } = mvtec;
  await withFolder({ ...files, 'ground_truth/hole/007_mask.png': '' }, async (root) => {
    const [task] = await discoverTasks(root);
    assert.equal(task.problems, [
      'ground_truth/crack/ is missing',
      'test/hole/: 1 picture (001.jpg) without a mask',
      'ground_truth/hole/: 1 mask (007_mask.png) without a picture',
    ]);
    assert.is(task.samples.filter(({ mask }) => mask).length, 1);
  });
  await withFolder(named('train/good/a.png', 'test/good/b.png', 'test/dent/c.png'), async (root) => {
    assert.equal((await discoverTasks(root))[0].problems, [
      'there is no ground_truth/ folder: the defects have no masks',
    ]);
  });
});

test('problems: a link that leads nowhere', async () => {
  await withFolder(named('0/a.png', '1/b.png'), async (root) => {
    symlinkSync(join(root, 'gone'), join(root, '0', 'link.png'));
    const [task] = await discoverTasks(root);
    assert.is(task.problems.length, 1);
    assert.match(task.problems[0], /link\.png: the link leads nowhere \(ENOENT\)/);
  });
});

test('what is no task is an error that says what is expected', async () => {
  const failure = async (dir: string): Promise<string> =>
    discoverTasks(dir).then(
      () => 'found',
      (error: Error) => error.message,
    );
  await withFolder(named('pictures/a.png', 'file.txt'), async (root) => {
    const nothing = await failure(root);
    assert.match(nothing, `${root}: no task found`);
    assert.match(nothing, /pictures: passed over/);
    assert.match(nothing, /class folders: 0\/ \(normal\) and 1\/ \(defective\)/);
    assert.match(nothing, /MVTec AD: train\/good\//);
    assert.match(await failure(join(root, 'absent')), /cannot be read \(ENOENT\)/);
    assert.match(await failure(join(root, 'file.txt')), /not a folder/);
  });
});

const defects = fileURLToPath(new URL('../../../shared/data/defects/', import.meta.url));
if (!existsSync(defects)) console.log('tasks.test.ts: real tasks not looked at, because ../shared is absent');
else {
  test('the real tasks have the published numbers of images', async () => {
    const tasks = await discoverTasks(defects);
    const counts = Object.fromEntries(
      tasks.map(({ name, samples }) => [
        name,
        [0, 1].map((label) => samples.filter((s) => s.label === label).length),
      ]),
    );
    assert.equal(counts.bc_defects, [710, 268]);
    assert.equal(counts.magnetic_tile, [952, 392]);
    assert.equal(counts.screw, [361, 119]);
    assert.equal(counts.hazelnut_small, [52, 8]);
    assert.is(tasks.length, 11);
    const tile = tasks.find(({ name }) => name === 'magnetic_tile')!;
    assert.is(tile.samples.filter(({ mask }) => mask).length, 392);
    assert.equal(tile.problems, []);
  });
}

test.run();
