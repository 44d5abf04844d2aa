/** What an option may be: whether a value is, and in words. */
export interface Rule {
  readonly allows: (value: unknown) => boolean;
  readonly words: string;
}

/** A rule for every option, so that none is forgotten. */
export type Rules<T> = { readonly [K in keyof T]-?: Rule };

export const integer = (least: number): Rule => ({
  allows: (value) => Number.isSafeInteger(value) && (value as number) >= least,
  words: `an integer of at least ${least}`,
});

export const positive: Rule = {
  allows: (value) => Number.isFinite(value) && (value as number) > 0,
  words: 'a number above 0',
};

export const fraction: Rule = {
  allows: (value) => typeof value === 'number' && value >= 0 && value < 1,
  words: 'a number from 0 to below 1',
};

export const oneOf = (...values: readonly unknown[]): Rule => ({
  allows: (value) => values.includes(value),
  words: `one of ${values.join(', ')}`,
});

/** A list of such values, of at least one. */
export const listOf = ({ allows, words }: Rule): Rule => ({
  allows: (value) => Array.isArray(value) && value.length > 0 && value.every(allows),
  words: `a list, each ${words}`,
});

/** An option that may be left out. */
export const optional = ({ allows, words }: Rule): Rule => ({
  allows: (value) => value === undefined || allows(value),
  words,
});

/**
 * The options, when each is what its rule allows.
 * @throws naming the option, its value and what is allowed.
 */
export function checkOptions<T extends object>(rules: Rules<T>, options: T): T {
  for (const [name, { allows, words }] of Object.entries<Rule>(rules)) {
    const value = Object.hasOwn(options, name) ? options[name as keyof T] : undefined;
    if (!allows(value))
      throw new Error(
        `options: ${name} is ${value === undefined ? 'missing' : JSON.stringify(value)}; it must be ${words}`,
      );
  }
  return options;
}
