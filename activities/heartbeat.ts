/**
 * Runs `work`, and `beat` every `everyMs` meanwhile: Temporal takes an activity that is silent for one whose worker died, and
 * brings a cancellation with the reply.
 */
export async function withHeartbeats<T>(everyMs: number, beat: () => void, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(beat, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
