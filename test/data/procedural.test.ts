import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  defectFamilies,
  generateTask,
  proceduralTasks,
  renderSample,
  type SampleOptions,
  textures,
  writeTask,
} from '../../src/data/procedural/index.ts';
import { auroc } from '../../src/metrics/index.ts';

const test = suite<{ folder: string }>('procedural tasks');
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'procedural-'));
});
test.after.each(({ folder }) => {
  rmSync(folder, { recursive: true });
});

const masked = (mask: Uint8Array) => mask.reduce((n, m) => n + (m > 0 ? 1 : 0), 0);
const mean = (values: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
};

/** Is there a masked pixel within `reach` of (x, y), counted along rows and columns? */
const nearMask = (mask: Uint8Array, size: number, x: number, y: number, reach: number): boolean => {
  for (let v = Math.max(0, y - reach); v <= Math.min(size - 1, y + reach); v++) {
    for (let u = Math.max(0, x - reach); u <= Math.min(size - 1, x + reach); u++) {
      if (mask[v * size + u] > 0) return true;
    }
  }
  return false;
};

test('at least 8 textures and 16 tasks, every pair named once', () => {
  assert.ok(textures.length >= 8);
  assert.is(proceduralTasks.length, textures.length * defectFamilies.length);
  assert.is(new Set(proceduralTasks.map((t) => t.name)).size, proceduralTasks.length);
});

test('equal options give equal bytes; another seed or product gives others', () => {
  for (const texture of textures) {
    for (const defect of ['good', ...defectFamilies] as const) {
      const options: SampleOptions = { texture, defect, size: 32, seed: 5 };
      const first = renderSample(options);
      assert.equal(renderSample(options), first, `${texture} ${defect}`);
      assert.is(first.image.data.length, 32 * 32 * 3);
      assert.is(first.mask.length, 32 * 32);
      assert.not.equal(renderSample({ ...options, seed: 6 }).image.data, first.image.data, `${texture} seed`);
      assert.not.equal(
        renderSample({ ...options, product: 'other' }).image.data,
        first.image.data,
        `${texture} product`,
      );
    }
  }
});

test('masks are empty without a defect and have a visible area with one', () => {
  for (const texture of textures) {
    for (let seed = 0; seed < 5; seed++) {
      assert.is(masked(renderSample({ texture, defect: 'good', size: 32, seed }).mask), 0);
      for (const defect of defectFamilies) {
        const { mask, kind } = renderSample({ texture, defect, size: 32, seed });
        assert.ok(mask.every((m) => m === 0 || m === 255));
        const share = masked(mask) / mask.length;
        assert.ok(share >= 0.01 && share <= 0.35, `${texture} ${kind} ${seed}: ${share}`);
      }
    }
  }
});

test('a defect changes its own pixels plainly and none away from its mask', () => {
  const size = 48;
  // Soft edges lie outside the mask, which holds the pixels that are covered by a quarter or more.
  const reach = 4;
  for (const texture of textures) {
    for (const defect of defectFamilies) {
      for (let seed = 0; seed < 4; seed++) {
        const good = renderSample({ texture, defect: 'good', size, seed }).image.data;
        const { image, mask, kind } = renderSample({ texture, defect, size, seed });
        const inside: number[] = [];
        for (let pixel = 0; pixel < mask.length; pixel++) {
          const at = pixel * 3;
          const change = mean([0, 1, 2].map((c) => Math.abs(image.data[at + c] - good[at + c])));
          if (mask[pixel] > 0) inside.push(change);
          else if (change > 0) {
            const [x, y] = [pixel % size, Math.floor(pixel / size)];
            assert.ok(nearMask(mask, size, x, y, reach), `${texture} ${kind} ${seed}: changed at ${x}, ${y}`);
          }
        }
        // Sensor noise alone is at most 5 of 255.
        assert.ok(mean(inside) >= 20, `${texture} ${kind} ${seed}: mean change ${mean(inside)}`);
      }
    }
  }
});

test('a reference image does not give a defect away by pixelwise difference', () => {
  // Two good images of one product differ at least half as much as a good and a defective one.
  for (const { name, texture, family } of proceduralTasks) {
    const task = generateTask({ name, texture, family, size: 32, normal: 11, defective: 10, seed: 1 });
    const reference = task.samples[0].image.data;
    const difference = (data: Uint8Array) => mean(data.map((v, i) => Math.abs(v - reference[i])));
    const good = mean(task.samples.slice(1, 11).map((s) => difference(s.image.data)));
    const defective = mean(task.samples.slice(11).map((s) => difference(s.image.data)));
    assert.ok(good > 0.5 * defective, `${name}: good ${good}, defective ${defective}`);
  }
});

test('mean brightness does not separate the classes', () => {
  const areas = proceduralTasks.map((task) => {
    const { samples } = generateTask({ ...task, size: 32, normal: 30, defective: 30, seed: 'brightness' });
    const area = auroc(
      samples.map((s) => s.label),
      samples.map((s) => mean(s.image.data)),
    );
    return Math.max(area, 1 - area);
  });
  const below = areas.filter((a) => a < 0.8).length;
  assert.ok(below >= 0.9 * areas.length, `AUROC of mean brightness: ${areas.map((a) => a.toFixed(2))}`);
  assert.ok(mean(areas) < 0.65, `mean ${mean(areas)}`);
});

test('a task holds what was asked for, and more images do not change those before', () => {
  const options = {
    name: 't',
    texture: 'wood',
    family: 'stain',
    size: 16,
    normal: 3,
    defective: 2,
    seed: 1,
  } as const;
  const task = generateTask(options);
  assert.equal(
    task.samples.map((s) => s.label),
    [0, 0, 0, 1, 1],
  );
  assert.equal(
    task.samples.map((s) => s.kind),
    ['good', 'good', 'good', 'stain', 'stain'],
  );
  const more = generateTask({ ...options, normal: 5, defective: 3 });
  assert.equal(more.samples.slice(0, 3), task.samples.slice(0, 3));
  assert.equal(more.samples.slice(5, 7), task.samples.slice(3, 5));
});

test('class folders read back as the same pixels', async ({ folder }) => {
  const task = generateTask({
    name: 'wood stain',
    texture: 'wood',
    family: 'stain',
    size: 20,
    normal: 3,
    defective: 2,
    seed: 1,
  });
  const written = await writeTask(folder, task);
  assert.is(written, join(folder, 'wood stain'));
  assert.equal(readdirSync(written).sort(), ['0', '1']);
  const files = ['0/000.png', '0/001.png', '0/002.png', '1/000.png', '1/001.png'];
  assert.is(readdirSync(join(written, '0')).length + readdirSync(join(written, '1')).length, files.length);
  for (const [k, file] of files.entries()) {
    const png = decode(readFileSync(join(written, file)));
    assert.equal([png.width, png.height, png.channels], [20, 20, 3]);
    assert.equal([...png.data], [...task.samples[k].image.data], file);
  }
});

test('the MVTec layout holds train, test and masks', async ({ folder }) => {
  const task = generateTask({
    name: 'tiles_break',
    texture: 'tiles',
    family: 'break',
    size: 20,
    normal: 10,
    defective: 3,
    seed: 1,
  });
  const written = await writeTask(folder, task, 'mvtec');
  const list = (path: string) => readdirSync(join(written, path)).sort();
  assert.equal(list('.'), ['ground_truth', 'test', 'train']);
  assert.is(list('train/good').length, 7);
  assert.equal(list('test/good'), ['000.png', '001.png', '002.png']);
  assert.equal(list('test/break'), ['000.png', '001.png', '002.png']);
  assert.equal(list('ground_truth/break'), ['000_mask.png', '001_mask.png', '002_mask.png']);
  const sample = task.samples[10 + 2];
  assert.equal([...decode(readFileSync(join(written, 'test/break/002.png'))).data], [...sample.image.data]);
  const mask = decode(readFileSync(join(written, 'ground_truth/break/002_mask.png')));
  assert.is(mask.channels, 1);
  assert.equal([...mask.data], [...sample.mask]);
});

test('a folder that holds something, or a name that leaves the folder, is refused', async ({ folder }) => {
  const options = {
    name: 'old',
    texture: 'wood',
    family: 'stain',
    size: 16,
    normal: 1,
    defective: 0,
    seed: 1,
  } as const;
  const refusal = async (name: string): Promise<string> => {
    try {
      await writeTask(folder, generateTask({ ...options, name }));
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error(`the name ${name} should have been refused`);
  };
  await writeTask(folder, generateTask(options));
  writeFileSync(join(folder, 'old', 'note.txt'), 'kept');
  assert.match(await refusal('old'), /old: the folder is not empty/);
  for (const name of ['../escape', '..', '', 'a/b', '.hidden'])
    assert.match(await refusal(name), /task name/);
  assert.not(existsSync(join(folder, '..', 'escape')));
});

test('options that cannot be drawn are refused', () => {
  const sample = (change: Record<string, unknown>) =>
    renderSample({ texture: 'wood', defect: 'good', size: 32, seed: 1, ...change } as SampleOptions);
  assert.throws(() => sample({ texture: 'velvet' }), /unknown texture "velvet": use one of .*wood/);
  assert.throws(() => sample({ texture: 'toString' }), /unknown texture/);
  assert.throws(() => sample({ defect: 'dent' }), /unknown defect "dent": use good, stain, break/);
  for (const size of [15, 32.5, Number.NaN])
    assert.throws(() => sample({ size }), /must be a whole number of pixels/);
  const task = {
    name: 't',
    texture: 'wood',
    family: 'stain',
    size: 16,
    normal: 1,
    defective: 1,
    seed: 1,
  } as const;
  assert.throws(() => generateTask({ ...task, normal: -1 }), /t: normal is -1/);
  assert.throws(() => generateTask({ ...task, defective: 1.5 }), /t: defective is 1.5/);
});

test.run();
