import * as assert from 'uvu/assert';

/** Fails unless this work fails, with such a message. */
export async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await work.then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  assert.ok(error, 'nothing was thrown');
  assert.match(error.message, message);
}
