import { writeFileSync } from 'node:fs';
import { findFaketime } from '../../../dev/stack/fetch/libfaketime';

/** The wall clock of one process, which can jump while it runs. Its monotonic clock goes on as it should. */
export interface MovableClock {
  /** What the process must be started with. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds before (-) or after (+) the true time; seen by the process within a second. */
  set(offsetMs: number): void;
}

export async function createMovableClock(file: string): Promise<MovableClock> {
  const set = (offsetMs: number): void => {
    writeFileSync(file, `${offsetMs < 0 ? '-' : '+'}${Math.abs(offsetMs) / 1_000}\n`);
  };
  set(0);
  return {
    environment: {
      LD_PRELOAD: await findFaketime(),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
      // Reading the file at every look at the clock would slow the process down.
      FAKETIME_CACHE_DURATION: '1',
    },
    set,
  };
}
