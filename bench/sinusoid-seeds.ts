/**
 * Errors of the sinusoid study after training, seed by seed beside a peer's: mean squared errors over the test tasks after 0, 1 and
 * 2 inner steps, and by how much the two differ: in standard errors (Welch's t), and by the exact p of the Mann-Whitney test.
 *
 *   npx tsx bench/sinusoid-seeds.ts OURS/results.json PEER/results.json
 *
 * The peer's file is that of bench/peers/sinusoid_torch.py.
 */
import { parseArgs } from 'node:util';
import { sinusoidMethods } from '../src/reproduce/index.ts';
import { average, deviation, mannWhitney, readSides, standardErrors } from './seeds.ts';

const STEPS = [0, 1, 2];

const { positionals } = parseArgs({ allowPositionals: true });
if (positionals.length !== 2) throw new Error('sinusoid-seeds: needs two results.json, ours and the peer’s');
const { ours, peer } = readSides('sinusoid-seeds', positionals[0], positionals[1]);

const row = (name: string, cells: readonly string[]) =>
  console.log(name.padEnd(24) + cells.map((cell) => cell.padStart(14)).join(''));

for (const method of sinusoidMethods) {
  const sides = [ours, peer].map((runs) => runs.filter((run) => run.method === method));
  if (sides.some(({ length }) => length === 0)) continue;
  row(
    method,
    STEPS.map((step) => `after ${step}`),
  );
  const samples = sides.map((runs) =>
    STEPS.map((step) => runs.map(({ evaluation }) => evaluation.steps[step].mean)),
  );
  sides.forEach((runs, side) => {
    const name = side === 0 ? 'ours' : 'peer';
    runs.forEach(({ seed }, i) => {
      row(
        `  ${name}, seed ${seed}`,
        samples[side].map((sample) => sample[i].toFixed(3)),
      );
    });
    row(
      `  ${name}, mean (sd)`,
      samples[side].map((sample) => `${average(sample).toFixed(3)} (${deviation(sample).toFixed(3)})`),
    );
  });
  const [mine, theirs] = samples;
  const both = (of: (a: number[], b: number[]) => string) => STEPS.map((_, i) => of(mine[i], theirs[i]));
  row(
    '  standard errors',
    both((a, b) => standardErrors(a, b).toFixed(1)),
  );
  row(
    '  p by ranks',
    both((a, b) => mannWhitney(a, b).toFixed(3)),
  );
}
