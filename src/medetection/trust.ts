import { join } from 'node:path';
import type { Label } from '../data/index.ts';
import { auroc, type Interval, isPoint, proportionInterval, summaryIntervals } from '../metrics/index.ts';
import type { Random } from '../random.ts';
import { parseRecord, stringifyRecord, writeFileAtomic } from '../store/index.ts';
import type { CrossValidation } from './enrol.ts';
import { readRunFile, runFiles } from './run.ts';

/* How far a detector from a handful of photographs can be trusted: what is known of it, as a record and in words. */

export interface Counts {
  readonly good: number;
  readonly bad: number;
}

/** A share that was counted, with what so few photographs leave possible (95% confidence). */
export interface Counted {
  readonly count: number;
  readonly of: number;
  readonly interval: Interval;
}

/** How far a detector that was enrolled can be trusted, as `enrolment.json` says. */
export interface Trust {
  /** Photographs left out at a time are as many as there are folds; one each where these are as many as photographs. */
  readonly folds: number;
  readonly counts: Counts;
  /** Epochs trained, and the loss of photographs left out after every number of epochs. */
  readonly epochs: number;
  readonly losses: readonly number[];
  /** Good photographs that would be called defective. */
  readonly falseAlarms: Counted;
  /** Bad ones that would be called normal; undefined without bad ones. */
  readonly misses?: Counted;
  /** AUROC of the photographs left out and its bootstrap interval; undefined without bad ones. */
  readonly auroc?: { readonly value: number; readonly interval: Interval };
}

/** What cross-validation shows, with what so few photographs leave open. */
export function trustIn(validation: CrossValidation, labels: readonly number[], random: Random): Trust {
  const { folds, epochs, losses, scores, called } = validation;
  const counted = (label: Label, wrong: boolean): Counted => {
    const members = [...labels.keys()].filter((i) => labels[i] === label);
    const count = members.filter((i) => called[i] === wrong).length;
    return { count, of: members.length, interval: proportionInterval(count, members.length) };
  };
  const falseAlarms = counted(0, true);
  const counts = { good: falseAlarms.of, bad: labels.length - falseAlarms.of };
  const common = { folds: folds.length, counts, epochs, losses, falseAlarms };
  if (counts.bad === 0) return common;
  const { intervals } = summaryIntervals(labels, scores, 0, { random: random.fork('bootstrap') });
  return {
    ...common,
    misses: counted(1, false),
    auroc: { value: auroc(labels, scores), interval: intervals.auroc },
  };
}

export const saveTrust = (folder: string, trust: Trust): Promise<void> =>
  writeFileAtomic(join(folder, runFiles.enrolment), `${stringifyRecord({ version: 1, ...trust }, 1)}\n`);

/**
 * Reads how far an enrolled run can be trusted.
 * @throws naming the file when it is absent or damaged.
 */
export async function readTrust(folder: string): Promise<Trust> {
  const bytes = await readRunFile(folder, runFiles.enrolment, 'there is no such file; the run is not whole');
  const trust = parseRecord(new TextDecoder().decode(bytes)) as unknown as
    | (Trust & { version: 1 })
    | undefined;
  if (trust?.version !== 1 || !trust.counts || !trust.falseAlarms?.interval || !Array.isArray(trust.losses))
    throw new Error(`${join(folder, runFiles.enrolment)}: the file is damaged; restore it, or enroll anew`);
  return trust;
}

/** What the detector is: how it was trained, and how well photographs left out were told apart. */
export const trainingWords = ({ auroc: told, counts, epochs }: Trust, most?: number): string =>
  told === undefined
    ? 'Without bad photographs nothing was trained: the weights judge as they are, by what the good ones look like.'
    : `Trained for ${epochs}${most === undefined ? '' : ` of at most ${most}`} ${epochs === 1 && most === undefined ? 'epoch' : 'epochs'}, by which photographs left out were judged best. ${separationWords(told, counts)}`;

/** How well the photographs left out were told apart, and what so few leave open. */
export function separationWords(
  { value, interval }: NonNullable<Trust['auroc']>,
  { good, bad }: Counts,
): string {
  const decimals = (x: number) => x.toFixed(3);
  if (!isPoint(interval))
    return `They gave an AUROC of ${decimals(value)} (95% interval ${decimals(interval.low)} to ${decimals(interval.high)}).`;
  if (value < 1) return `They gave an AUROC of ${decimals(value)}, of which so few give no interval.`;
  // Pairs that share no photograph are independent: of so many, all were in order.
  const pairs = Math.min(good, bad);
  const { low } = proportionInterval(pairs, pairs);
  return `Every bad one scored above every good one. That ${good} good and ${bad} bad ones were told apart does not mean that others will be: of new pairs of a bad and a good one, only ${percent(low)} or more are known to be (95% confidence).`;
}

const percent = (share: number): string => `${Math.round(100 * share)}%`;

/** "2 of 6 good photographs would be called defective when left out: the rate of false alarms is only known to lie between 4% and 78%." */
export const falseAlarmWords = ({ falseAlarms }: Trust): string =>
  rate('false alarms', falseAlarms, 'good', 'would be called defective');

/** The same of misses; that they are unknown, without bad photographs. */
export const missWords = ({ misses }: Trust): string =>
  misses === undefined
    ? 'How many defects it misses is unknown: no bad photograph shows it.'
    : rate('misses', misses, 'bad', 'would be called normal');

const rate = (what: string, { count, of, interval }: Counted, kind: string, wrong: string): string =>
  `${count} of ${of} ${kind} photographs ${wrong} when left out: the rate of ${what} is only known to lie between ${percent(interval.low)} and ${percent(interval.high)} (95% confidence).`;
