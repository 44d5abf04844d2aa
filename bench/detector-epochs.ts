/**
 * Fine-tuning from random and from meta-trained weights, beside a peer's: the test AUROC after every epoch and the measures of the
 * epoch that is kept, means (standard deviations) over seeds, and by how many standard errors the two differ.
 *
 *   npx tsx bench/detector-epochs.ts PEER.json FINE_TUNED...
 *
 * The peer's file is that of bench/peers/medetection_torch.py; the runs are of the same target and settings.
 */
import { join } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import {
  bestOf,
  type Epoch,
  type FineTuneOptions,
  type ModelConfig,
  readConfig,
  runFiles,
} from '../src/medetection/index.ts';
import { readJsonLines } from '../src/store/index.ts';
import { average, deviation, readResultsFile, standardErrors } from './seeds.ts';

const STARTS = ['random', 'maml'] as const;

/** A fine-tuning, whoever made it. */
interface Tuning {
  readonly target: string;
  readonly start: (typeof STARTS)[number];
  readonly epochs: readonly Epoch[];
}
type PeerTuning = Tuning & {
  readonly settings: { readonly model: ModelConfig; readonly fineTune: FineTuneOptions };
};

const {
  positionals: [peerPath, ...folders],
} = parseArgs({ allowPositionals: true });
if (folders.length === 0)
  throw new Error('detector-epochs: needs the peer’s JSON and the folders of fine-tuned runs');
const { runs: peer } = readResultsFile<{ runs: PeerTuning[] }>('detector-epochs', peerPath);
const ours: Tuning[] = [];
for (const folder of folders) {
  const { target, model, options, init } = await readConfig(folder, 'fine-tune');
  const odd = peer.find(
    ({ target: other, settings }) =>
      other !== target || !isDeepStrictEqual([settings.model, settings.fineTune], [model, options]),
  );
  if (odd !== undefined)
    throw new Error(
      `detector-epochs: ${peerPath}: a run is of another target or other settings than ${folder}`,
    );
  const { records } = await readJsonLines(join(folder, runFiles.metrics));
  const epochs = records as unknown as Epoch[];
  ours.push({ target, start: init === 'random' ? 'random' : 'maml', epochs });
}

const row = (name: string, cells: readonly string[]) =>
  console.log(name.padEnd(18) + cells.map((cell) => cell.padStart(17)).join(''));
const show = (sample: readonly number[]) => `${average(sample).toFixed(3)} (${deviation(sample).toFixed(3)})`;

for (const start of STARTS) {
  const sides = [ours, peer].map((runs) => runs.filter((run) => run.start === start));
  if (sides.some(({ length }) => length === 0)) continue;
  row(`from ${start}`, ['ours', 'peer', 'standard errors']);
  const compare = (name: string, measure: (epochs: readonly Epoch[]) => number) => {
    const [mine, theirs] = sides.map((runs) => runs.map(({ epochs }) => measure(epochs)));
    row(`  ${name}`, [show(mine), show(theirs), standardErrors(mine, theirs).toFixed(1)]);
  };
  const common = Math.min(...sides.flat().map(({ epochs }) => epochs.length));
  for (let epoch = 0; epoch < common; epoch++)
    compare(`AUROC, epoch ${epoch}`, (epochs) => epochs[epoch].test.auroc);
  for (const measure of ['auroc', 'recall', 'precision', 'f1'] as const)
    compare(`kept: ${measure}`, (epochs) => bestOf(epochs).test[measure]);
}
