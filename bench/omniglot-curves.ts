/**
 * Test accuracy in the course of meta-training, beside a peer's: the mean over seeds at every measurement, the spread of the
 * seeds, and the difference in standard errors of it (a few tenths to two of them are noise of the seeds).
 *
 *   npx tsx bench/omniglot-curves.ts OURS/results.json PEER/results.json [--out curves.svg]
 *
 * The peer's file is that of bench/peers/omniglot_torch.py.
 */
import { parseArgs } from 'node:util';
import { linePlot, savePlot } from '../src/plot/index.ts';
import { testCurve } from '../src/reproduce/index.ts';
import { average, deviation, readSides, standardErrors } from './seeds.ts';

const { values, positionals } = parseArgs({
  options: { out: { type: 'string' } },
  allowPositionals: true,
});
if (positionals.length !== 2) throw new Error('omniglot-curves: needs two results.json, ours and the peer’s');
const sides = readSides('omniglot-curves', positionals[0], positionals[1]);
const [ours, peer] = [sides.ours, sides.peer].map((runs) => ({
  runs,
  curves: runs.map((run) => testCurve(run, 'mean')),
}));

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

console.log('step   ours (seeds)      peer (seeds)      difference');
ours.curves[0].x.forEach((iteration, i) => {
  const [mine, theirs] = [ours, peer].map(({ curves }) => curves.map(({ y }) => y[i]));
  const show = (list: number[]) => `${percent(average(list))} (${percent(deviation(list))})`.padEnd(16);
  const difference = average(mine) - average(theirs);
  console.log(
    `${String(iteration).padEnd(6)} ${show(mine)}  ${show(theirs)}  ${percent(difference)}, ${standardErrors(mine, theirs).toFixed(1)} standard errors`,
  );
});
const secondsPerStep = ({ runs }: typeof ours) =>
  average(runs.map(({ seconds, curve }) => seconds / curve.iterations[curve.iterations.length - 1])).toFixed(
    3,
  );
console.log(`seconds per meta-step: ours ${secondsPerStep(ours)}, peer ${secondsPerStep(peer)}`);

if (values.out !== undefined) {
  const series = [ours, peer].flatMap(({ runs, curves }, who) =>
    curves.map((curve, i) => ({
      name: `${who === 0 ? 'this framework' : 'peer'}, seed ${runs[i].seed}`,
      ...curve,
      dashed: who === 1,
    })),
  );
  await savePlot(
    values.out,
    await linePlot({
      title: 'Omniglot: accuracy on test tasks in the course of meta-training',
      x: { label: 'meta-steps' },
      y: { label: 'mean accuracy' },
      series,
    }),
  );
}
