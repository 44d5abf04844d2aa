import { type Command, Option } from 'commander';
import { cams, defaultExplain, type ExplainOptions, explainedLogits } from '../explain/index.ts';

/** What commands that make maps are told of them. */
export interface MapOptions extends Partial<ExplainOptions> {
  readonly register: boolean;
}

/** For products at any angle; of every command that judges pictures by a run. */
export const registerFlag = [
  '--register',
  'turn and shift each reference over its picture, even if the run does not',
  false,
] as const;

export const addMapFlags = (command: Command): Command =>
  command
    .option(
      '--block <name>',
      'whose features are looked at; an unknown one lists all (default: difference, or of a network without references the last of the trunk)',
    )
    .addOption(
      new Option('--method <name>', 'how the map is made')
        .choices(Object.keys(cams))
        .default(defaultExplain.method),
    )
    .addOption(
      new Option('--logit <name>', 'the score that is explained')
        .choices(explainedLogits)
        .default(defaultExplain.logit),
    )
    .option(...registerFlag);

export const mapOptions = ({ block, method, logit }: MapOptions): Partial<ExplainOptions> => ({
  ...(block !== undefined && { block }),
  method,
  logit,
});
