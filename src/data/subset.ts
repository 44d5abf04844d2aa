import { Random } from '../random.ts';
import { halves } from './sampler.ts';
import type { Label, Sample } from './tasks.ts';

/** What a choice depends on. */
type Listed = Pick<Sample, 'id' | 'label' | 'kind'>;

/** Draws so many samples of a class, kind by kind in turn, so that rare kinds of defect are among them. Sorted by id. */
function drawClass<S extends Listed>(
  samples: readonly S[],
  label: Label,
  count: number,
  random: Random,
): S[] {
  const ofLabel = samples.filter((sample) => sample.label === label).sort(byId);
  const kinds = [...new Set(ofLabel.map(({ kind }) => kind))].sort();
  const piles = kinds.map((kind) =>
    random.fork(`${label}/${kind}`).shuffle(ofLabel.filter((sample) => sample.kind === kind)),
  );
  const inTurn = Array.from({ length: ofLabel.length }, (_, i) => piles.flatMap((pile) => pile[i] ?? []));
  return inTurn.flat().slice(0, count).sort(byId);
}

const byId = (a: Listed, b: Listed): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/**
 * At most `most` samples of each class, the same for the same seed whatever the order of the files; sorted by id.
 * @throws RangeError unless `most` is an integer of at least 1.
 */
export function capClasses(samples: readonly Sample[], most: number, seed: number): Sample[] {
  if (!Number.isInteger(most) || most < 1)
    throw new RangeError(`capClasses: most must be an integer of at least 1, got ${most}`);
  const random = new Random(seed).fork('cap');
  return ([0, 1] as const).flatMap((label) => drawClass(samples, label, most, random)).sort(byId);
}

/**
 * So many samples, half of them defective; what one class lacks comes from the other. The same for the same seed, and all
 * samples if there are no more; sorted by id.
 * @throws RangeError unless `shots` is an integer of at least 2.
 */
export function chooseShots<S extends Listed>(samples: readonly S[], shots: number, seed: number): S[] {
  if (!Number.isInteger(shots) || shots < 2)
    throw new RangeError(`chooseShots: shots must be an integer of at least 2, got ${shots}`);
  const defective = samples.filter(({ label }) => label === 1).length;
  const counts = halves(Math.min(shots, samples.length), samples.length - defective, defective);
  const random = new Random(seed).fork('shots');
  return ([0, 1] as const).flatMap((label) => drawClass(samples, label, counts[label], random)).sort(byId);
}
