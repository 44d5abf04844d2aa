import type { Episode } from '../data/index.ts';
import type { TaskData } from '../meta/index.ts';
import { labelledPairs, type TaskImages } from './batch.ts';
import type { ModelConfig } from './config.ts';
import type { LabelledPairs } from './network.ts';

/**
 * The tensors of an episode.
 * @param joint whether support and query are normalised together: each then has the other beside it.
 * @param size side of the images, if not the one that they were loaded with.
 */
export function episodeOf(
  task: TaskImages,
  shots: Episode,
  model: ModelConfig,
  joint: boolean,
  size?: number,
): TaskData<LabelledPairs> {
  const support = labelledPairs(task, shots.support, model, size);
  const query = labelledPairs(task, shots.query, model, size);
  if (!joint) return { support, query };
  const { label: _support, ...besideQuery } = support;
  const { label: _query, ...besideSupport } = query;
  return { support: { ...support, beside: besideSupport }, query: { ...query, beside: besideQuery } };
}
