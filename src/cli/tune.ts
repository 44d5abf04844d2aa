import type { Command } from 'commander';
import { defaultDevice } from '../device/index.ts';
import { tuningPath } from '../device/tuning-file.ts';
import { Interrupted } from '../medetection/index.ts';
import { makeFolder, saveTuning, type Tuned, tune } from '../tune/index.ts';
import { addCommon, type CommonOptions, outputOf, withDevice } from './common.ts';
import { UsageError } from './errors.ts';
import { positive } from './flags.ts';
import { shortPath } from './invocation.ts';
import { type Output, table } from './output.ts';
import { startProgress } from './progress.ts';

interface Options extends CommonOptions {
  readonly seconds: number;
}

/** `tune`: finds constants of kernels for the adapter at hand, and remembers them. */
export function addTune(program: Command): void {
  const command = program
    .command('tune')
    .description('find the tile sizes that are fastest on this adapter, and remember them')
    .option('--seconds <n>', 'how long to search, about', positive, 60);
  addCommon(command).action(async (options: Options) => {
    const output = outputOf(options);
    const path = await tuningPath();
    if (path === undefined)
      throw new UsageError('MEDETECTION_CACHE=none leaves nowhere to remember a tuning: name a folder');
    // Before the search, which would be in vain.
    await makeFolder(path);
    await withDevice(options, output, (signal) => search(options, path, output, signal));
  });
}

async function search(
  { seconds }: Options,
  path: string,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const device = await defaultDevice();
  const begun = performance.now();
  let progress: ReturnType<typeof startProgress> | undefined;
  const onSearch = (done: number, of: number, name: string) => {
    progress ??= startProgress('tune', 'search', of);
    progress.update(done, name);
  };
  const tuned = await tune(device, { seconds, onSearch, signal }).finally(() => progress?.stop());
  if (signal.aborted) throw new Interrupted('stopped; nothing was saved');
  await saveTuning(path, device, tuned.tuning);
  output.print(table(rowsOf(tuned)));
  for (const name of tuned.skipped) output.print(`no time left for: ${name} (give more by --seconds)`);
  output.print(`\nsaved to ${shortPath(path)}; every command on this adapter uses it from now on`);
  const took = (performance.now() - begun) / 1000;
  output.record({ adapter: device.adapterInfo, path, seconds: took, ...tuned });
}

/** A row for every value tried; the chosen one of each search is marked. */
function rowsOf({ trials, choices }: Tuned): string[][] {
  const chosen = new Map(choices.map(({ search, ...choice }) => [search, choice]));
  const rows = trials.map(({ search, shape, value, seconds }) => {
    const { value: best, speedup } = chosen.get(search)!;
    const mark = value === best ? `chosen, ${speedup.toFixed(2)} x` : '';
    return [search, shape, value, `${(seconds * 1000).toPrecision(3)} ms`, mark];
  });
  return [['search', 'shape', 'value', 'time', ''], ...rows];
}
