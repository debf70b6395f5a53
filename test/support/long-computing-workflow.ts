/** Stands still in the middle of its code, as on a machine that gives it no time, for longer than the SDK's own limit of 5 s. */
export async function longComputingWorkflow(): Promise<string> {
  // What comes after an `await` is what makes Node.js abort the process when the SDK ends it.
  await Promise.resolve();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6_000);
  return 'done';
}
