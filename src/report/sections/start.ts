import { type FineTuneConfig, readConfig } from '../../medetection/index.ts';
import { find } from '../found.ts';
import { leftOut, type Section } from '../parts.ts';
import type { Subject } from '../subject.ts';
import { inspectionSection } from './inspection.ts';
import { metaTrainingSection } from './meta-training.ts';

/** Where the initial weights are from. */
export async function startSections(subject: Subject<FineTuneConfig>): Promise<Section[]> {
  const { init } = subject.config;
  if (init === 'random') return [];
  const start = await find(() => readConfig(init, 'meta-train'));
  if ('leftOut' in start)
    return [
      {
        id: 'meta-training',
        title: 'Meta-training',
        content: leftOut(
          'the training that the initial weights are from, and its meta-gradients',
          start.leftOut,
        ),
      },
    ];
  // The data of an enrolled run are a folder of photographs, and no tasks.
  const { data, config } = subject;
  const tasks = config.enrolled && data === config.data ? start.value.data : data;
  const meta = { ...subject, data: tasks, folder: init, config: start.value };
  return [await metaTrainingSection(meta), await inspectionSection(meta)];
}
