import type { Command } from 'commander';
import { withDevice } from '../../src/cli/common.ts';
import { exitCode, UsageError } from '../../src/cli/errors.ts';
import { makeOutput, type Output, table } from '../../src/cli/output.ts';
import { startProgress } from '../../src/cli/progress.ts';
import { defaultDevice } from '../../src/device/index.ts';
import { comparisonText, type Named, readRows } from '../compare.ts';
import {
  addBenchOptions,
  addCompare,
  type BenchOptions,
  type CompareOptions,
  milli,
  writeJson,
} from '../options.ts';
import { showSpread } from '../rounds.ts';
import { measureWorkloads, type StepRow, type WorkloadReport } from './measure.ts';
import { PEERS, type Peer, peerChoice, startPeer } from './peer.ts';
import type { ProfileRow } from './profile.ts';
import { WORKLOADS } from './workloads.ts';

interface Options extends BenchOptions, CompareOptions {
  readonly peer: string[];
  readonly python: string;
  readonly profile: boolean;
}

const HELP = `
A step is one second-order MAML task step: inner gradient, query loss, its gradient by every initial parameter.
${Object.entries(WORKLOADS)
  .map(([name, { about }]) => `  ${name.padEnd(6)}${about}`)
  .join('\n')}

"cold" is the first step, with tracing, planning and compiling; drivers may have shaders cached (MESA_SHADER_CACHE_DISABLE=true
for Mesa's cold time). "host" is what passes until a step is submitted,
"alone" the same on a device that does nothing. A ratio is our time by the peer's, round by round.`;

/** `workloads`: whole MAML steps, beside other frameworks. */
export function addWorkloads(program: Command): void {
  const command = program
    .command('workloads')
    .argument('[names]', 'which of them, such as W1,W2', 'W1,W2,W3')
    .description('time second-order MAML steps, beside a peer if one is named')
    .option(
      '--peer <name>',
      `the same steps in another framework (${PEERS.join(', ')}); may be repeated`,
      (name: string, list: string[]) => [...list, name],
      [],
    )
    .option('--profile', 'also what each kernel takes of a step', false)
    .option('--python <program>', 'the Python of the PyTorch peers', 'python3')
    .addHelpText('after', HELP);
  addCompare(addBenchOptions(command, 9)).action(async (names: string, options: Options) => {
    const chosen = names.split(',');
    const unknown = chosen.find((name) => !(name in WORKLOADS));
    if (unknown !== undefined)
      throw new UsageError(`unknown workload "${unknown}"; there are ${Object.keys(WORKLOADS).join(', ')}`);
    const output = makeOutput();
    // Read first: the same file may be written.
    const earlier = options.compare === undefined ? undefined : readRows<StepRow>(options.compare);
    await withDevice({ adapter: options.adapter }, output, async (signal) => {
      const peers = await startPeers(options, output);
      try {
        const progress = startProgress('workloads', 'step', chosen.length * (options.rounds + 1));
        const report = await measureWorkloads(
          Object.fromEntries(chosen.map((name) => [name, WORKLOADS[name].make])),
          peers,
          {
            rounds: options.rounds,
            onRound: progress.update,
            signal,
            profile: options.profile,
          },
        ).finally(() => progress.stop());
        printReport(output, report);
        if (earlier) output.print(`\n${comparisonText(report.rows.map(named), earlier.map(named))}`);
        await writeJson(options, report);
        if (report.failures.length > 0 || peers.length < options.peer.length)
          process.exitCode = exitCode.failure;
      } finally {
        for (const peer of peers) peer.close();
      }
    });
  });
}

const named = ({ workload, seconds }: StepRow): Named => ({ name: workload, seconds });

/** Those peers that start; it is told why others do not. */
async function startPeers({ peer, python }: Options, output: Output): Promise<Peer[]> {
  const { adapterInfo } = await defaultDevice();
  const peers: Peer[] = [];
  for (const name of peer) {
    const choice = peerChoice(name, python, !adapterInfo.software);
    if (choice === undefined) throw new UsageError(`unknown peer "${name}"; there are ${PEERS.join(', ')}`);
    try {
      peers.push(await startPeer(choice));
    } catch (error) {
      output.warn((error as Error).message);
    }
  }
  return peers;
}

function printReport(output: Output, { rounds, rows, peers, failures }: WorkloadReport): void {
  output.print(`${rounds} rounds\n`);
  const header = [
    'step',
    'median',
    'spread',
    'min',
    'cold',
    'host',
    'alone',
    'dispatches',
    'pipelines',
    'scratch',
  ];
  const cells = rows.map((row) => [
    row.workload,
    milli(row.seconds.median),
    showSpread(row.seconds),
    milli(row.seconds.min),
    milli(row.coldSeconds),
    milli(row.hostSeconds.median),
    row.alone ? milli(row.alone.seconds.median) : '-',
    String(row.dispatches),
    String(row.pipelines),
    `${(row.scratchBytes / 2 ** 20).toFixed(0)} MiB`,
  ]);
  output.print(table([header, ...cells]));
  for (const { workload, alone } of rows)
    if (alone && alone.buffers > 0)
      output.print(`\n${workload} makes ${alone.buffers.toFixed(1)} buffers a step after the first`);
  if (peers.length > 0) {
    const peerCells = peers.map(({ workload, peer, seconds, ratio, peakMiB }) => [
      workload,
      peer,
      milli(seconds.median),
      showSpread(seconds),
      milli(seconds.min),
      peakMiB === undefined ? '-' : `${peakMiB.toFixed(0)} MiB`,
      `${ratio.median.toPrecision(3)} x`,
      showSpread(ratio),
    ]);
    output.print();
    output.print(
      table([['step', 'peer', 'median', 'spread', 'min', 'memory', 'ours to it', 'spread'], ...peerCells]),
    );
  }
  for (const { workload, profile } of rows) if (profile) output.print(`\n${profileText(workload, profile)}`);
  for (const { workload, error } of failures) output.print(`\n${workload}: ${error}`);
}

/** The kernels of a step, the costliest first. */
function profileText(workload: string, profile: readonly ProfileRow[]): string {
  const total = profile.reduce((sum, { seconds }) => sum + seconds, 0);
  const rate = (amount: number, seconds: number) =>
    amount === 0 ? '-' : (amount / seconds / 1e9).toFixed(1);
  const cells = profile.map(({ kernel, dispatches, seconds, flops, bytes }) => [
    kernel,
    String(dispatches),
    milli(seconds),
    `${((100 * seconds) / total).toFixed(1)} %`,
    rate(flops, seconds),
    rate(bytes, seconds),
  ]);
  return table([
    [`kernels of ${workload}, each alone`, 'dispatches', 'time', 'share', 'GFLOP/s', 'GB/s'],
    ...cells,
  ]);
}
