#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { Interrupted } from '../medetection/index.ts';
import { addCertify } from './certify.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { exitCode, UsageError } from './errors.ts';
import { addEvaluate } from './evaluate.ts';
import { addFineTune } from './fine-tune.ts';
import { addInspect } from './inspect.ts';
import { addMetaTrain } from './meta-train.ts';
import { addPredict } from './predict.ts';
import { addReproduce } from './reproduce.ts';
import { addTasks } from './tasks.ts';
import { addTune } from './tune.ts';

const { version, description } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

const program = new Command('medetection')
  .description(description)
  .version(version)
  .exitOverride()
  // The error itself is told last, below the help, where it is seen.
  .showHelpAfterError()
  .configureOutput({ outputError: () => {} });
for (const add of [
  addCertify,
  addDemo,
  addDoctor,
  addTune,
  addTasks,
  addMetaTrain,
  addFineTune,
  addEvaluate,
  addPredict,
  addReproduce,
  addInspect,
])
  add(program);

/** What ended the program, as an exit code; it was told to the user. */
function tell(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCode.ok;
    // `commander.help`: there was no command, and the help is the answer.
    if (error.code !== 'commander.help') process.stderr.write(`\n${error.message}\n`);
    return exitCode.usage;
  }
  const message = error instanceof Error ? error.message : String(error);
  const debug = process.env.MEDETECTION_DEBUG === '1' && error instanceof Error;
  const interrupted = error instanceof Interrupted;
  process.stderr.write(`${debug ? error.stack : interrupted ? message : `error: ${message}`}\n`);
  if (interrupted) return exitCode.interrupted;
  return error instanceof UsageError ? exitCode.usage : exitCode.failure;
}

// The reader of a pipe may have had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCode.ok);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = tell(error);
}
