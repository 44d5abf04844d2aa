import { join } from 'node:path';
import { chooseShots, parseSplit, type Sample, type Task } from '../../data/index.ts';
import { pictureOf } from '../../explain/index.ts';
import {
  type FineTuneConfig,
  findTarget,
  imageOf,
  judgingWords,
  loadReferences,
  loadScores,
  loadTasks,
  readRunFile,
  runFiles,
} from '../../medetection/index.ts';
import { andThen, find } from '../found.ts';
import { type Content, html } from '../html.ts';
import { counted } from '../numbers.ts';
import { image, type Section, shown, table } from '../parts.ts';
import { fitted, photograph, thumbnail } from '../picture.ts';
import type { Subject } from '../subject.ts';

/** Pictures shown of each kind, most kinds, and their side in pixels. */
const EACH = 4;
const KINDS = 8;
const SIDE = 112;

/** The pictures of each part of a fine-tuning; the validation part is taken from that for training. */
interface Parts {
  readonly training: readonly Entry[];
  readonly validation: readonly Entry[];
  readonly test: readonly Entry[];
}

/** The pictures of the task that could not be read, and why. */
type Skipped = readonly (Pick<Sample, 'id' | 'path'> & { readonly reason: string })[];

type Entry = Pick<Sample, 'id' | 'kind'>;

/**
 * What each part held. The scores list the pictures of two parts; training had the rest of the split's, of its shots if it was of so
 * many, but for those that could not be read.
 * @throws when a file of the run that lists them is gone or damaged.
 */
async function partsOf({ folder, config }: Subject<FineTuneConfig>, skipped: Skipped): Promise<Parts> {
  const bytes = await readRunFile(folder, runFiles.split, 'there is no split; the run is not whole');
  const { train } = parseSplit(new TextDecoder().decode(bytes), join(folder, runFiles.split));
  const { shots } = config.options;
  const labelled = shots === undefined ? train : chooseShots(train, shots, config.seed);
  const scored = await loadScores(folder);
  const [validation, test] = (['validation', 'test'] as const).map((of) =>
    scored.filter(({ part }) => part === of),
  );
  const others = new Set([...validation, ...skipped].map(({ id }) => id));
  return { training: labelled.filter(({ id }) => !others.has(id)), validation, test };
}

/** The pictures of a fine-tuning: how many, what they look like, and what is wrong with them. */
export async function dataSection(subject: Subject<FineTuneConfig>): Promise<Section> {
  const { data, config } = subject;
  const task = await find(async () => (await findTarget(data, config.target, undefined, config)).target);
  const troubles = await andThen(task, (found) => troublesOf(found, subject));
  const parts = config.skipBroken
    ? await andThen(troubles, ({ unreadable }) => partsOf(subject, unreadable))
    : await find(() => partsOf(subject, []));
  return {
    id: 'data',
    title: 'Data',
    content: html`
      ${shown(parts, 'counts of the pictures', counts)}
      ${shown(await andThen(task, ({ samples }) => samplePictures(samples)), 'pictures of each kind', (all) => all)}
      <h3>References</h3>
      ${shown(await find(() => referencePictures(subject)), 'the reference pictures', (all) => all)}
      <h3>Problems</h3>
      ${shown(troubles, 'problems of the data', problems)}
    `,
  };
}

/** How many pictures of each kind are in each part. */
function counts(parts: Parts): Content {
  const names = Object.keys(parts) as (keyof Parts)[];
  const every = names.flatMap((name) => parts[name]);
  const kinds = [...new Set(every.map(({ kind }) => kind))];
  const normalFirst = kinds.sort((a, b) => Number(a !== 'good') - Number(b !== 'good') || (a < b ? -1 : 1));
  const row = (name: string, belongs: (entry: Entry) => boolean) => [
    name,
    ...names.map((part) => parts[part].filter(belongs).length),
    every.filter(belongs).length,
  ];
  return html`
    ${table(
      ['kind', ...names, 'all'],
      [
        ...normalFirst.map((kind) => row(kind === 'good' ? 'normal' : kind, (entry) => entry.kind === kind)),
        row('all', () => true),
      ],
      'Pictures by kind and part',
    )}
    <p class="soft">
      Training teaches, validation says when to stop and where the threshold lies, and the test part is only measured.
    </p>
  `;
}

/** Some entries of a list, evenly spaced. */
const spread = <T>(all: readonly T[], most: number): T[] =>
  all.length <= most
    ? [...all]
    : Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]);

/**
 * Some of the pictures, kind by kind. Those that cannot be read are passed over.
 * @throws when that is all of them.
 */
export async function samplePictures(all: readonly Pick<Sample, 'id' | 'kind' | 'path'>[]): Promise<Content> {
  const kinds = [...new Set(all.map(({ kind }) => kind))];
  const pictures: Content[] = [];
  const lost: string[] = [];
  for (const kind of kinds.slice(0, KINDS)) {
    const samples = spread(
      all.filter((s) => s.kind === kind),
      EACH,
    );
    for (const { id, path } of samples) {
      const picture = await find(() => thumbnail(path, SIDE));
      if ('value' in picture) pictures.push(image(picture.value, id, id));
      else lost.push(picture.leftOut);
    }
  }
  if (pictures.length === 0 && lost.length > 0) throw new Error(lost[0]);
  return html`
    <div class="pictures">${pictures}</div>
    ${kinds.length > KINDS && html`<p class="soft">${counted(kinds.length - KINDS, 'more kind')} not shown.</p>`}
  `;
}

/** The defect-free pictures that the detector compares with, as it sees them. */
export async function referencePictures({ folder, config }: Subject<FineTuneConfig>): Promise<Content> {
  const task = await loadReferences(folder, config.model);
  return html`
    <p>In a test, ${judgingWords(config.model, config.options, task.samples.length)}.</p>
    <div class="pictures">
      ${task.samples.map(({ id }, i) =>
        image(photograph(fitted(pictureOf(imageOf(task, i), task.size), SIDE)), id, id),
      )}
    </div>
  `;
}

/** What is wrong with a task, and the pictures of it that the run left out. */
interface Troubles {
  readonly folders: readonly string[];
  readonly unreadable: Skipped;
}

async function troublesOf(task: Task, { config, hooks }: Subject<FineTuneConfig>): Promise<Troubles> {
  // A run that does not leave them out would have failed at the first one.
  if (!config.skipBroken) return { folders: task.problems, unreadable: [] };
  const [{ skipped }] = await loadTasks([task], { size: config.model.size, skipBroken: true }, hooks);
  const ids = new Map(task.samples.map(({ id, path }) => [path, id]));
  const unreadable = skipped.map(({ path, reason }) => ({ id: ids.get(path) as string, path, reason }));
  return { folders: task.problems, unreadable };
}

function problems({ folders, unreadable }: Troubles): Content {
  if (folders.length + unreadable.length === 0)
    return html`<p>None: every picture could be read, and every folder has its place.</p>`;
  return html`
    <ul>
      ${folders.map((problem) => html`<li>${problem}</li>`)}
      ${unreadable.map(({ path, reason }) => html`<li>left out, unreadable: ${path}: ${reason}</li>`)}
    </ul>
  `;
}
