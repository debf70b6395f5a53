import { type KnownStore, type PgStoreRecord } from './pg-store-record';
import { type RedisStorePulse, type StoreVitals } from './redis/redis-store-pulse';

/** The result of one look at Redis. */
export interface StoreLook {
  readonly epoch: number;
  /** Set for the one process that noticed the loss first. */
  readonly lost?: { readonly reason: string; readonly sinceMs: number | null };
  /** Something was lost, and not everything is repaired yet. */
  readonly repairDue: boolean;
  readonly eviction: string | null;
}

/**
 * Looks once whether Redis still has what it had. A counter is counted up there, all the time, and PostgreSQL remembers how
 * far it had come. Redis that came back from a snapshot, was replaced by a replica that lagged, or was emptied has a counter
 * that went back; one that lost less than the counter shows says that it is another process. Either way the epoch grows, by
 * one write in PostgreSQL, and from then on no feed written before is believed.
 *
 * PostgreSQL is read first: what is found there was in Redis before, so that a counter behind it proves the loss.
 * When a process dies between its two writes, the next look sees the loss again, until the counter is raised.
 */
export async function lookAtStore(
  { pulse, record }: { readonly pulse: RedisStorePulse; readonly record: PgStoreRecord },
  nowMs: number,
): Promise<StoreLook> {
  const known = await record.find();
  const vitals = await pulse.beat(nowMs);
  const { eviction } = vitals;
  if (known === undefined) {
    const epoch = vitals.epoch + 1;
    await record.begin({ epoch, vitals });
    // The one that was first may be another process, with another epoch.
    const first = (await record.find()) ?? { epoch, beat: vitals.beat };
    await pulse.raise(first);
    return { epoch: first.epoch, repairDue: false, eviction };
  }
  const reason = lossOf(known, vitals);
  if (reason === undefined) {
    if (vitals.epoch < known.epoch) await pulse.raise(known);
    await record.beat(known.epoch, vitals);
    return { epoch: known.epoch, repairDue: known.repairedEpoch < known.epoch, eviction };
  }
  const epoch = Math.max(known.epoch, vitals.epoch) + 1;
  const sinceMs = vitals.previousBeatMs;
  const { identity } = vitals;
  const written = await record.lost({ seenEpoch: known.epoch, epoch, identity, reason, sinceMs });
  // Not written: another process was first, and raises what has to be raised.
  if (written) await pulse.raise({ epoch, beat: known.beat });
  return { epoch, repairDue: true, eviction, ...(written ? { lost: { reason, sinceMs } } : {}) };
}

function lossOf(known: KnownStore, vitals: StoreVitals): string | undefined {
  if (vitals.beat <= known.beat) return `its counter went back from ${known.beat} to ${vitals.beat - 1}`;
  if (vitals.epoch > known.epoch)
    return `PostgreSQL knows epoch ${known.epoch} and Redis ${vitals.epoch}: its tables are older`;
  if (vitals.identity === '' || known.identity === '' || vitals.identity === known.identity) return undefined;
  const sameProcess = vitals.identity.split(' ')[0] === known.identity.split(' ')[0];
  return sameProcess
    ? 'its replication history is another one: a failover'
    : 'it is another process: a restart or a failover';
}
