import { type Command, Option } from 'commander';
import type { Tree } from '../graph/index.ts';
import {
  type ClassifierParams,
  type OmniglotSettings,
  omniglot,
  omniglotOutline,
  type RegressorParams,
  readOmniglot,
  type SinusoidSettings,
  type Study,
  type StudyOutline,
  type StudySettings,
  scaledOmniglot,
  scales,
  sinusoid,
} from '../reproduce/index.ts';
import { type Flags, flagValues, givenFlags, oneOf } from './flags.ts';
import { omniglotFlags, sinusoidFlags } from './reproduce-flags.ts';

/** A study on the command line. */
export interface StudyCommand<S extends StudySettings, P extends Tree> {
  readonly outline: StudyOutline<S>;
  /** Of the study's settings. */
  readonly flags: Flags<S>;
  /** Options that are no settings; those that are required go with --resume too. */
  readonly own: readonly Option[];
  readonly settingsOf: (command: Command) => S;
  readonly studyOf: (command: Command) => Promise<Study<S, P>>;
}

export const sinusoidCommand: StudyCommand<SinusoidSettings, RegressorParams> = {
  outline: sinusoid,
  flags: sinusoidFlags,
  own: [],
  settingsOf: (command) => flagValues(command, sinusoidFlags),
  studyOf: async () => sinusoid,
};

export const omniglotCommand: StudyCommand<OmniglotSettings, ClassifierParams> = {
  outline: omniglotOutline,
  flags: omniglotFlags,
  own: [
    new Option(
      '--data <folder>',
      'images_background and images_evaluation with a PNG sheet per alphabet: a row per character, 20 columns',
    ).makeOptionMandatory(),
    new Option(
      '--scale <name>',
      `${scales.join(' or ')}: the published settings for --way, or few small meta-steps; other flags go before`,
    )
      .argParser(oneOf(scales))
      .default('full'),
  ],
  settingsOf: (command) => {
    const given = givenFlags(command, omniglotFlags);
    const { way } = flagValues(command, omniglotFlags);
    return { ...scaledOmniglot(command.getOptionValue('scale'), way), ...given };
  },
  studyOf: async (command) => omniglot(await readOmniglot(command.getOptionValue('data'))),
};
