import type { Command } from 'commander';
import { discoverTasks } from '../data/index.ts';
import { addCommon, type CommonOptions, outputOf } from './common.ts';
import { exitCode } from './errors.ts';
import { table } from './output.ts';

export function addTasks(program: Command): void {
  const command = program
    .command('tasks')
    .description('list the inspection tasks found in a folder, with their problems (computes nothing)')
    .argument('<dir>', 'one task, or a folder of tasks');
  addCommon(command).action(async (dir: string, options: CommonOptions) => {
    const output = outputOf(options);
    const passedOver: string[] = [];
    const tasks = await discoverTasks(dir, { onProblem: (problem) => passedOver.push(problem) });
    const described = tasks.map(({ name, root, layout, samples, problems }) => ({
      name,
      root,
      layout,
      normal: samples.filter(({ label }) => label === 0).length,
      defective: samples.filter(({ label }) => label === 1).length,
      kinds: countKinds(samples),
      masks: samples.filter(({ mask }) => mask !== undefined).length,
      problems,
    }));
    output.record({ tasks: described, problems: passedOver });
    const rows = described.map((t) => [
      t.name,
      t.layout,
      ...[t.normal, t.defective, t.masks, t.problems.length].map(String),
    ]);
    output.print(table([['task', 'layout', 'normal', 'defective', 'masks', 'problems'], ...rows]));
    const problems = [
      ...described.flatMap(({ name, problems: own }) => own.map((problem) => `${name}: ${problem}`)),
      ...passedOver,
    ];
    if (problems.length > 0) output.print(`\nproblems\n${problems.map((p) => `  ${p}`).join('\n')}`);
    if (!described.some(({ normal, defective }) => normal > 0 && defective > 0)) {
      output.warn(`${dir}: nothing here can be learned from: no task has both normal and defective pictures`);
      process.exitCode = exitCode.failure;
    }
  });
}

/** How many samples there are of each kind of defect. */
function countKinds(samples: readonly { kind: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of samples) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
