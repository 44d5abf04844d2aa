/** Exit codes of the program. */
export const exitCode = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** What was typed cannot be done as it was typed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
