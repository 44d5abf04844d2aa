/** A report as the texts of its files. */
export interface Report {
  readonly html: string;
  /** One line per test picture, photograph or cell; undefined where there is no score to list. */
  readonly csv?: string;
}
