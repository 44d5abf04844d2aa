import { type Command, Option } from 'commander';
import { cams, defaultExplain, type ExplainOptions, explainedLogits } from '../explain/index.ts';
import { integer } from './flags.ts';

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
      'whose features are looked at; an unknown one lists all (default: the first, whose map is the finest)',
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
    .option(
      '--shift <px>',
      'the map is the mean of nine, of the picture moved by so many pixels in each direction and as it lies; 0: one map, in a ninth of the time',
      integer(0),
      defaultExplain.shift,
    )
    .option(...registerFlag);

export const mapOptions = ({ block, method, logit, shift }: MapOptions): Partial<ExplainOptions> => ({
  ...(block !== undefined && { block }),
  method,
  logit,
  shift,
});
