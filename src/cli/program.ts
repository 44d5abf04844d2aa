import { type Command, CommanderError } from 'commander';
import { Interrupted } from '../medetection/index.ts';
import { exitCode, UsageError } from './errors.ts';

/** Runs the command that was typed, of those that `commands` add, and tells how it ended, also by the exit code. */
export async function runProgram(
  program: Command,
  commands: readonly ((program: Command) => void)[],
): Promise<void> {
  program
    .exitOverride()
    // The error itself is told last, below the help, where it is seen.
    .showHelpAfterError()
    .configureOutput({ outputError: () => {} });
  for (const add of commands) add(program);
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
}

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
