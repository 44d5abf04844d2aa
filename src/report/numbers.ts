/** U+2212, as wide as a plus: a hyphen before a digit is hard to see. */
const MINUS = '\u2212';
/** For what is no number. */
const NONE = '\u2013';

const withMinus = (text: string): string => text.replace(/-/g, MINUS);

/** A share or a score with three decimals; a power of ten where it exploded. */
export const decimals = (value: number): string =>
  Number.isNaN(value)
    ? NONE
    : withMinus(Math.abs(value) < 1e5 ? value.toFixed(3) : value.toExponential(1).replace('+', ''));

/** A number as short as it can be with so many digits. */
export const digits = (value: number, most = 3): string =>
  Number.isNaN(value) ? NONE : withMinus(String(Number(value.toPrecision(most))));

/** "1 picture", "2 pictures". */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
