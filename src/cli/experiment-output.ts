import { type Cell, type Collection, completeness, type Outcome, shown } from '../experiments/index.ts';
import { shortPath } from './invocation.ts';
import { type Output, table } from './output.ts';
import { duration } from './progress.ts';

/** How a cell ended, in a line. */
export function cellEnded({ id }: Cell, outcome: Outcome): string {
  switch (outcome.state) {
    case 'done':
      return `${id}: ${duration(outcome.seconds)}`;
    case 'failed':
      return `${id}: failed (${outcome.reason}), see ${shortPath(outcome.log)}`;
    case 'blocked':
      return `${id}: not run, since it needs ${outcome.by}`;
    case 'stopped':
      return `${id}: stopped`;
  }
}

/** Prints what differs from the paper, and the tables below it. */
export function printCollection(collection: Collection, output: Output): void {
  const { title, notes, tables } = collection;
  output.print(title);
  for (const note of [...notes, completeness(collection)]) output.print(`  ${note}`);
  for (const { title: heading, notes: own, columns, rows } of tables) {
    if (heading !== title) output.print(`\n${heading}`);
    for (const note of own) output.print(`  ${note}`);
    output.print();
    output.print(table([columns, ...rows.map((row) => row.map(shown))]));
  }
}
