/**
 * The start/stop contract of everything that runs: `start` once; `stop` any number of times, also without a start or while
 * it is under way; `stop` resolves when what was in flight has ended.
 */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}
