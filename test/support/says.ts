/** Whether an error's message holds this text; for `assert.throws`, which takes a string for its own message. */
export const says =
  (text: string) =>
  (error: Error): boolean =>
    error.message.includes(text);
