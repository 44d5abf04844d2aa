import { discoverTasks, type Task } from '../../data/index.ts';
import type { MetaTrainConfig } from '../../medetection/index.ts';
import { find } from '../found.ts';
import { type Content, html } from '../html.ts';
import { counted } from '../numbers.ts';
import { image, leftOut, type Section, table } from '../parts.ts';
import { thumbnail } from '../picture.ts';
import type { Subject } from '../subject.ts';

const SIDE = 72;

/** The tasks that a meta-training learned from, and the one it left out: how large they are, and what they look like. */
export async function tasksSection({ config, data }: Subject<MetaTrainConfig>): Promise<Section> {
  const { tasks, target } = config;
  const found = await find(() => discoverTasks(data));
  const now = 'value' in found ? found.value : [];
  const rows: Content[][] = [];
  for (const { name, images } of [...tasks, { name: target, images: 'left out' }])
    rows.push([name, images, ...(await firstPictures(now.find((task) => task.name === name)))]);
  return {
    id: 'tasks',
    title: 'Tasks',
    content: html`
      <p>${counted(tasks.length, 'task')} learned from; ${target} is left out, to be adapted to.</p>
      ${'leftOut' in found && leftOut('pictures of the tasks', found.leftOut)}
      ${table(['task', 'pictures', 'normal', 'defective'], rows)}
    `,
  };
}

/** The first normal and the first defective picture of a task; nothing for what is not there. */
async function firstPictures(task: Task | undefined): Promise<Content[]> {
  const pictures: Content[] = [];
  for (const label of [0, 1]) {
    const sample = task?.samples.find((s) => s.label === label);
    const picture = sample && (await find(() => thumbnail(sample.path, SIDE)));
    const what = `${task?.name}, ${label === 0 ? 'normal' : 'defective'}`;
    pictures.push(picture && 'value' in picture ? image(picture.value, what) : '');
  }
  return pictures;
}
