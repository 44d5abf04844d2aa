import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ImageError, readImage } from '../../src/data/image.ts';
import { gather, loadTask, loadTaskBytes, normalise, type Progress } from '../../src/data/loader.ts';
import { loadMask } from '../../src/data/mask.ts';
import { discoverTasks } from '../../src/data/tasks.ts';
import * as make from './encode.ts';
import { withFolder } from './folders.ts';

const test = suite('loader');

const files = {
  '0/a.png': make.flatPng(4, [255, 0, 51]),
  '0/b.png': make.rgbPng(2, 2, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110]),
  '1/c.png': make.flatPng(3, [102, 204, 0]),
};

const f32 = (values: readonly number[]): number[] => [...Float32Array.from(values)];
const rejection = (promise: Promise<unknown>): Promise<ImageError> =>
  promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: ImageError) => error,
  );

test('planes of floats in [0, 1], in the order of the samples', async () => {
  await withFolder(files, async (root) => {
    const [task] = await discoverTasks(root);
    const seen: Progress[] = [];
    const loaded = await loadTask(task.samples, { size: 2, onProgress: (progress) => seen.push(progress) });
    assert.equal([loaded.size, [...loaded.labels], loaded.skipped], [2, [0, 0, 1], []]);
    assert.equal(
      loaded.samples.map(({ digest: _, ...sample }) => sample),
      task.samples,
    );
    const planes = [
      [255, 255, 255, 255, 0, 0, 0, 0, 51, 51, 51, 51],
      [0, 30, 60, 90, 10, 40, 70, 100, 20, 50, 80, 110],
      [102, 102, 102, 102, 204, 204, 204, 204, 0, 0, 0, 0],
    ].flat();
    assert.is(loaded.images.length, 36);
    planes.forEach((value, i) => {
      assert.ok(Math.abs(loaded.images[i] - value / 255) < 1e-6, `value ${i}`);
    });
    assert.equal(
      seen.map(({ done, total }) => [done, total]),
      [
        [1, 3],
        [2, 3],
        [3, 3],
      ],
    );
    assert.equal(
      seen.map(({ path }) => path),
      task.samples.map(({ path }) => path),
    );

    const bytes = await loadTaskBytes(task.samples, { size: 2 });
    assert.equal([...bytes.images], planes);
    const digests = loaded.samples.map(({ digest }) => digest);
    assert.is(new Set(digests).size, 3);
    const larger = await loadTaskBytes(task.samples, { size: 8 });
    assert.equal(
      larger.samples.map(({ digest }) => digest),
      digests,
    );
  });
});

const broken = {
  ...files,
  '0/aa.png': files['0/a.png'].subarray(0, 60),
  '1/d.jpg': files['1/c.png'],
  '1/e.png': new Uint8Array(0),
};

test('broken files: an error that names the first, or a list', async () => {
  await withFolder(broken, async (root) => {
    const [task] = await discoverTasks(root);
    const error = await rejection(loadTask(task.samples, { size: 2 }));
    assert.instance(error, ImageError);
    assert.match(error.message, `loadTask: ${join(root, '0/aa.png')}: truncated PNG`);
    assert.match(error.message, '--skip-broken');

    const loaded = await loadTask(task.samples, { size: 2, skipBroken: true });
    assert.equal(
      loaded.samples.map(({ id }) => id),
      ['0/a.png', '0/b.png', '1/c.png'],
    );
    assert.equal([...loaded.labels], [0, 0, 1]);
    assert.is(loaded.images.length, 36);
    assert.ok(Math.abs(loaded.images[24] - 0.4) < 1e-6, 'no gap is left');
    assert.equal(
      loaded.skipped.map(({ path }) => path),
      ['0/aa.png', '1/d.jpg', '1/e.png'].map((id) => join(root, id)),
    );
    assert.match(loaded.skipped[1].reason, /content is PNG but the name says JPEG/);
  });
});

test('more files than are read ahead stay in order; the last may be gone', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [`0/${String(i).padStart(2, '0')}.png`, make.flatPng(1, [i, 0, 0])]),
  );
  await withFolder({ ...many, '1/x.png': make.flatPng(1, [99, 0, 0]) }, async (root) => {
    const [task] = await discoverTasks(root);
    const gone = { ...task.samples[30], path: join(root, '1/gone.png') };
    const loaded = await loadTaskBytes([...task.samples, gone], { size: 1, skipBroken: true });
    assert.equal(
      [...loaded.images].filter((_, i) => i % 3 === 0),
      [...Array.from({ length: 30 }, (_, i) => i), 99],
    );
    assert.equal(loaded.skipped, [{ path: gone.path, reason: 'no such file' }]);
  });
});

test('when none can be read, skipping does not hide it', async () => {
  await withFolder({ '0/a.png': 'text', '1/b.png': 'text' }, async (root) => {
    const [task] = await discoverTasks(root);
    const error = await rejection(loadTask(task.samples, { skipBroken: true }));
    assert.match(error.message, /0.a\.png: not an image.*none of the 2 files can be read/);
  });
  assert.is((await loadTask([])).images.length, 0);
});

test('the limit on pixels reaches the decoder; sizes are checked', async () => {
  await withFolder(files, async (root) => {
    const [task] = await discoverTasks(root);
    assert.match((await rejection(loadTask(task.samples, { limitPixels: 10 }))).message, /4 x 4 pixels/);
    await rejection(loadTask(task.samples, { size: 0 })).then((error) => assert.instance(error, RangeError));
  });
});

test('what is no regular file cannot be read', async () => {
  await withFolder({}, async (root) => {
    mkdirSync(join(root, 'folder.png'));
    assert.match(
      (await rejection(readImage(join(root, 'folder.png')))).message,
      /folder\.png: not a regular file/,
    );
    assert.match(
      (await rejection(readImage(join(root, 'gone.png')))).message,
      /readImage: .*gone\.png: no such file/,
    );
  });
});

test('normalise and gather', () => {
  const images = Float32Array.of(0, 0.5, 1, 0.25, 0.75, 1);
  assert.equal([...normalise(images, 1)], [-1, 0, 1, -0.5, 0.5, 1]);
  const perChannel = { mean: [0, 0.5, 1], std: [1, 0.5, 2] } as const;
  assert.equal([...normalise(images, 1, perChannel)], [0, 0, 0, 0.25, 0.5, 0]);
  assert.throws(() => normalise(images, 2), /no whole number of images/);

  assert.equal([...gather({ images, size: 1 }, [1, 0, 1])], [-0.5, 0.5, 1, -1, 0, 1, -0.5, 0.5, 1]);
  const bytes = Uint8Array.of(0, 51, 255, 255, 0, 102);
  const expected = f32([1, -1, -0.2, -1, -0.6, 1]);
  [...gather({ images: bytes, size: 1 }, [1, 0])].forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) < 1e-6);
  });
  assert.throws(() => gather({ images, size: 1 }, [2]), /index 2 is not one of 2 images/);
});

test('every image by its own mean and deviation: brightness and contrast change nothing', () => {
  const image = [10, 40, 90, 20, 200, 60, 70, 80, 30, 110, 50, 100];
  const changed = image.map((v) => 25 + v / 2);
  const images = Uint8Array.from([...image, ...changed]);
  const both = gather({ images, size: 2 }, [0, 1], 'per-image');
  const [own, other] = [both.subarray(0, 12), both.subarray(12)];
  const mean = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0) / 12;
  assert.ok(Math.abs(mean(own)) < 1e-6);
  assert.ok(Math.abs(mean([...own].map((v) => v * v)) - 1) < 1e-6);
  own.forEach((v, i) => {
    assert.ok(Math.abs(v - other[i]) < 1e-6, `${v} and ${other[i]}`);
  });
  const floats = Float32Array.from(image, (v) => v / 255);
  normalise(floats, 2, 'per-image').forEach((v, i) => {
    assert.ok(Math.abs(v - own[i]) < 1e-6, `${v} and ${own[i]}`);
  });
  // One grey level of noise in a picture of one value stays small.
  const flat = gather({ images: Uint8Array.from([...new Array(11).fill(7), 8]), size: 2 }, [0], 'per-image');
  assert.ok(Math.max(...flat.map(Math.abs)) <= 1, `${flat}`);
});

test('masks: half covered counts, 1 marks as well as 255, black is none', async () => {
  // Left half marked, 4 x 4.
  const half = (value: number): Uint8Array =>
    make.png({
      width: 4,
      height: 4,
      depth: 8,
      colourType: 0,
      rows: make.plainRows(
        Array.from({ length: 16 }, (_, i) => (i % 4 < 2 ? value : 0)),
        4,
      ),
    });
  await withFolder({ 'm255.png': half(255), 'm1.png': half(1), 'none.png': half(0) }, async (root) => {
    const columns = async (name: string, size: number): Promise<number[]> =>
      [...(await loadMask(join(root, name), size))].slice(0, size);
    for (const name of ['m255.png', 'm1.png']) {
      assert.equal(await columns(name, 4), [1, 1, 0, 0]);
      assert.equal(await columns(name, 2), [1, 0]);
      assert.equal(await columns(name, 8), [1, 1, 1, 1, 0, 0, 0, 0]);
    }
    assert.equal(await columns('none.png', 4), [0, 0, 0, 0]);
    assert.is((await loadMask(join(root, 'm1.png'), 3)).length, 9);
  });
});

test.run();
