/** What a subscriber has done since its process began with it: whole numbers, each of which only grows. */
export interface SubscriberCounts {
  /** Events whose handler has ended well, and that are remembered. */
  readonly handled: number;
  /** Events that were handled before: their handler was not called. */
  readonly duplicates: number;
  /** Events of types without a handler. */
  readonly passedOver: number;
  /** Tries that stopped the partition, whatever was at fault, `RetryLater` included: the event is tried again. */
  readonly failed: number;
  /** Events, and messages that are none, that were given up: they are in the topic of dead letters. */
  readonly deadLetters: number;
}

/** What is counted. */
export type SubscriberResult = keyof SubscriberCounts;

/** The part of a counter of prom-client that is needed here. */
interface ResultCounter {
  reset(): void;
  inc(labels: { result: string }, value: number): void;
}

/** `collect` of a counter of prom-client with the label `result`: at each scrape it has the counts of the subscription. */
export function collectCounts(subscription: { counts(): SubscriberCounts }): (this: ResultCounter) => void {
  return function collect() {
    this.reset();
    for (const [result, count] of Object.entries(subscription.counts())) this.inc({ result }, Number(count));
  };
}
