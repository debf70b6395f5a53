import { type Database } from '../../runtime/postgres';
import { type StoreVitals } from './redis/redis-store-pulse';
import { query } from '../stores/pg-query';

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

const select = `
  SELECT epoch, identity, beat, repaired_epoch AS "repairedEpoch" FROM nova.feed_stores WHERE name = $1`;

const insert = `
  INSERT INTO nova.feed_stores (name, epoch, identity, beat, beat_at, repaired_epoch, eviction)
  VALUES ($1, $2, $3, $4, clock_timestamp(), $2, $5) ON CONFLICT DO NOTHING`;

// One write a second is enough, and a worker that has not heard of a loss must not hide it.
const beat = `
  UPDATE nova.feed_stores SET beat = greatest(beat, $3), beat_at = clock_timestamp(), eviction = $5,
    identity = CASE WHEN $4 = '' THEN identity ELSE $4 END
  WHERE name = $1 AND epoch = $2 AND (beat_at < clock_timestamp() - interval '900 milliseconds' OR beat_at > clock_timestamp())`;

const lose = `
  UPDATE nova.feed_stores SET epoch = $3, identity = $4, lost_at = clock_timestamp(), lost_reason = $5,
    lost_since = timestamptz 'epoch' + $6::double precision * interval '1 millisecond'
  WHERE name = $1 AND epoch = $2`;

const repair = `
  UPDATE nova.feed_stores SET repaired_epoch = greatest(repaired_epoch, $2), repaired_at = clock_timestamp() WHERE name = $1`;

/**
 * Whether Redis still has what it had (watch-store.ts): PostgreSQL's side. All methods throw NovaError DATABASE_UNAVAILABLE.
 * `name`: REDIS_KEY_PREFIX, by which the stores of one database differ.
 */
export class PgStoreRecord {
  constructor(
    private readonly database: Database,
    private readonly name: string,
  ) {}

  async find(): Promise<KnownStore | undefined> {
    return (await query<KnownStore>(this.database, select, [this.name])).rows[0];
  }

  /** The first look ever. Nothing when another process was first. */
  async begin({ epoch, vitals }: { epoch: number; vitals: StoreVitals }): Promise<void> {
    await query(this.database, insert, [this.name, epoch, vitals.identity, vitals.beat, vitals.eviction]);
  }

  /** Remembers the counter, about once a second whatever the number of callers. */
  async beat(epoch: number, vitals: StoreVitals): Promise<void> {
    await query(this.database, beat, [this.name, epoch, vitals.beat, vitals.identity, vitals.eviction]);
  }

  /** True when this call wrote it down. */
  async lost({ seenEpoch, epoch, identity, reason, sinceMs }: StoreLoss): Promise<boolean> {
    const values = [this.name, seenEpoch, epoch, identity, reason, sinceMs];
    return (await query(this.database, lose, values)).rowCount === 1;
  }

  /** Everything in Redis was compared with the tables in this epoch. */
  async repaired(epoch: number): Promise<void> {
    await query(this.database, repair, [this.name, epoch]);
  }
}
