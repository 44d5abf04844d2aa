import type { FineTuneResult, LocaliseResult } from './cell.ts';
import type { Trial, Variant } from './grid.ts';
import type { Request } from './request.ts';

/** A table of an experiment. Numbers are measures, shown with three decimals ("-" for NaN); strings stand as they are. */
export interface Table {
  /** The name of its CSV file. */
  readonly name: string;
  readonly title: string;
  /** What must be known to read it, one sentence each. */
  readonly notes: readonly string[];
  readonly columns: readonly string[];
  /** So many of the first columns name the row. */
  readonly keys: number;
  readonly rows: readonly (readonly (string | number)[])[];
}

/** A picture of an experiment, drawn when it is asked for. */
export interface Plot {
  /** The name of its files. */
  readonly name: string;
  readonly draw: () => Promise<string>;
}

export interface Report {
  readonly tables: readonly Table[];
  readonly plots: readonly Plot[];
  /** Pictures that cells have drawn, by the names that they get in the experiment's folder. */
  readonly pictures?: readonly { readonly name: string; readonly cell: string; readonly file: string }[];
}

/** What is there of an experiment: results of trials that are finished. */
export interface Collected {
  readonly request: Request;
  readonly resultOf: (trial: Trial) => FineTuneResult | undefined;
  readonly localisedOf: (target: string, seed: number) => LocaliseResult | undefined;
}

/** A table or figure of the paper. */
export interface Experiment {
  readonly name: string;
  readonly title: string;
  /** What is compared on every target from every seed. */
  readonly variants: readonly Variant[];
  /** Whether it is also looked where the published detector sees defects, from both starts. */
  readonly localise?: true;
  readonly report: (collected: Collected) => Report;
}

/** A number of a table as text. */
export const shown = (value: string | number): string =>
  typeof value === 'string' ? value : Number.isNaN(value) ? '-' : value.toFixed(3);
