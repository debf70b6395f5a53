/** What the Redis that holds the feeds says of itself. */
export interface StoreVitals {
  /** Of the server process and of its replication history: changes with a restart and a failover. Empty: it does not say. */
  readonly identity: string;
  /** The counter, which this call has counted up. */
  readonly beat: number;
  /** When the counter was counted up before, by the clock of the process that did, epoch milliseconds; null: unknown. */
  readonly previousBeatMs: number | null;
  /** 0: it was never set, or lost. */
  readonly epoch: number;
  /** `maxmemory-policy`; null: it does not say. */
  readonly eviction: string | null;
}

/** Redis's side. Both methods throw NovaError REDIS_UNAVAILABLE. */
export interface StorePulse {
  /** Counts up and looks, in one step. */
  beat(nowMs: number): Promise<StoreVitals>;
  /** Raises epoch and counter to at least these. */
  raise(to: { readonly epoch: number; readonly beat: number }): Promise<void>;
}

/** What PostgreSQL knows of that Redis. */
export interface KnownStore {
  readonly epoch: number;
  readonly identity: string;
  readonly beat: number;
  readonly repairedEpoch: number;
}

export interface StoreLoss {
  /** Of the row that was read before: of many workers that notice, one writes it down. */
  readonly seenEpoch: number;
  readonly epoch: number;
  readonly identity: string;
  readonly reason: string;
  /** What was written after this may be gone, epoch milliseconds; null: everything may be. */
  readonly sinceMs: number | null;
}

/** PostgreSQL's side. All methods throw NovaError DATABASE_UNAVAILABLE. */
export interface StoreRecord {
  find(): Promise<KnownStore | undefined>;
  /** The first look ever. Nothing when another process was first. */
  begin(first: { readonly epoch: number; readonly vitals: StoreVitals }): Promise<void>;
  /** Remembers the counter, about once a second whatever the number of callers. */
  beat(epoch: number, vitals: StoreVitals): Promise<void>;
  /** True when this call wrote it down. */
  lost(loss: StoreLoss): Promise<boolean>;
  /** Everything in Redis was compared with the tables in this epoch. */
  repaired(epoch: number): Promise<void>;
}
