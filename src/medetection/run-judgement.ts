import { join } from 'node:path';
import type { Sample } from '../data/index.ts';
import { type Decision, type DecisionRule, decide, isDecisionRule, summary } from '../metrics/index.ts';
import { parseRecord, stringifyRecord, writeFileAtomic } from '../store/index.ts';
import type { TaskImages } from './batch.ts';
import type { PartScores, Parts } from './fine-tune.ts';
import { readRunFile, runFiles } from './run.ts';

/** The score of a picture, as `scores.json` lists it. */
export interface ScoredImage extends Pick<Sample, 'id' | 'label' | 'kind'> {
  readonly score: number;
  readonly part: keyof PartScores;
}

const parts: readonly (keyof PartScores)[] = ['validation', 'test'];

/**
 * Writes what the best detector of a fine-tuning gave for every picture, and the threshold by a rule, with what it measures on
 * the validation part. Returns that threshold.
 */
export async function saveJudgement(
  folder: string,
  task: TaskImages,
  indices: Parts,
  scores: PartScores,
  rule: DecisionRule,
): Promise<Decision> {
  const images = parts.flatMap((part) =>
    indices[part].map((i, k): ScoredImage => {
      const { id, label, kind } = task.samples[i];
      return { id, label, kind, score: scores[part][k], part };
    }),
  );
  await write(folder, runFiles.scores, { images });
  const [labels, values] = columns(images, 'validation');
  const decision = decide(rule, labels, values);
  await write(folder, runFiles.decision, {
    ...decision,
    validation: summary(labels, values, decision.threshold),
  });
  return decision;
}

/**
 * Reads the scores of a fine-tuned run.
 * @throws when the file is absent or damaged.
 */
export async function loadScores(folder: string): Promise<ScoredImage[]> {
  const { images } = await read(
    folder,
    runFiles.scores,
    'there are no scores of the validation part to decide on; give a number as --threshold, or fine-tune anew',
  );
  if (!Array.isArray(images) || !images.every(isScored))
    throw damaged(folder, runFiles.scores, 'images must be a list of {id, label, kind, score, part}');
  return images;
}

/**
 * The threshold that a run judges by: its own, or that of another rule on its validation scores. A rule that is a number needs nothing
 * of the run.
 * @throws when the file that it takes is absent or damaged.
 */
export async function decisionOf(folder: string, rule?: DecisionRule): Promise<Decision> {
  if (typeof rule === 'number') return { rule, threshold: rule };
  if (rule !== undefined) return decide(rule, ...columns(await loadScores(folder), 'validation'));
  const decision = await read(
    folder,
    runFiles.decision,
    'there is no decision threshold; give one by --threshold, or fine-tune anew',
  );
  if (!isDecision(decision))
    throw damaged(folder, runFiles.decision, 'rule or threshold is missing or of the wrong type');
  const { threshold, note } = decision;
  return { rule: decision.rule, threshold, ...(note !== undefined && { note }) };
}

/** The labels and scores of the pictures of a part. */
export function columns(images: readonly ScoredImage[], part: ScoredImage['part']): [number[], number[]] {
  const chosen = images.filter((image) => image.part === part);
  return [chosen.map(({ label }) => label), chosen.map(({ score }) => score)];
}

const write = (folder: string, file: string, record: object): Promise<void> =>
  writeFileAtomic(join(folder, file), `${stringifyRecord({ version: 1, ...record }, 1)}\n`);

async function read(folder: string, file: string, absent: string): Promise<Record<string, unknown>> {
  const bytes = await readRunFile(folder, file, absent);
  const record = parseRecord(new TextDecoder().decode(bytes));
  if (record?.version !== 1) throw damaged(folder, file, 'it is not a JSON object of version 1');
  return record;
}

const damaged = (folder: string, file: string, problem: string): Error =>
  new Error(`run: ${join(folder, file)}: ${problem}: the file is damaged; restore it, or fine-tune anew`);

const isScored = (value: unknown): value is ScoredImage => {
  const image = value as ScoredImage | null;
  return (
    typeof image?.id === 'string' &&
    typeof image.kind === 'string' &&
    (image.label === 0 || image.label === 1) &&
    Number.isFinite(image.score) &&
    parts.includes(image.part)
  );
};

const isDecision = (value: object): value is Decision => {
  const { rule, threshold, note } = value as Decision;
  return isDecisionRule(rule) && Number.isFinite(threshold) && ['string', 'undefined'].includes(typeof note);
};
