import { type Command, Option } from 'commander';
import { cams, defaultExplain, type ExplainOptions, explainedLogits } from '../explain/index.ts';

/** What commands that make maps are told of them. */
export interface MapOptions extends ExplainOptions {
  readonly register: boolean;
}

export const addMapFlags = (command: Command): Command =>
  command
    .option('--block <name>', 'whose features are looked at; an unknown one lists all', defaultExplain.block)
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
    .option('--register', 'turn and shift each reference over its picture, even if the run does not', false);

export const mapOptions = ({ block, method, logit }: MapOptions): ExplainOptions => ({
  block,
  method,
  logit,
});
