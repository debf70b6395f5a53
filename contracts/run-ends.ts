import { type EventRef } from './event-ref';

/** What workflow code says to its worker when the run of a traced event has ended, outside of every history. A type: an interface has no index. */
export type RunEndSinks = {
  readonly runEnds: {
    /** `failure`: why; null: the run is done, was cancelled, or goes on as another run. */
    ended(event: EventRef, failure: string | null): void;
  };
};
