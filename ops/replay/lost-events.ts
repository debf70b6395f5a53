import { Client } from '@temporalio/client';
import { PgAuditRows } from '../../activities/audit/pg-audit-rows';
import { TemporalAuditRuns } from '../../activities/audit/temporal-audit-runs';
import { definitionOf } from '../../contracts/catalogue';
import { leastUuid } from '../../runtime/uuid';
import { type Connections } from '../connections';
import { type OutboxAway, askEach, those } from '../outboxes';
import { typeFrom } from '../terminal/option-values';

/** Rows of an outbox that are compared with the list of Temporal at once. */
const pageSize = 500;
/** A frontend allows a namespace 10 visibility calls a second unless configured otherwise; the audit takes 5 of them. */
const listsPerSecond = 4;

/** Of one page of one outbox. */
interface LostEvents {
  /** By the time at which they were marked as started. */
  readonly ids: readonly string[];
  readonly looked: number;
}

/**
 * `lost`: the list of Temporal has no run of them, since its database was lost, or went back to an earlier moment. `unsent`: they are not on Kafka,
 * and no run is open that would send them.
 */
export type Lost = 'lost' | 'unsent';

/**
 * Events that were started within so many milliseconds and are lost. A run that is younger than the list of Temporal is still to be asked for
 * directly.
 * @param sinceMs of `lost` within what Temporal remembers: what is older may have been forgotten, which is no loss
 * @param onAway an outbox that does not reply; what it has is not among them
 */
export async function* lostEvents(
  { outboxes, connection, config }: Pick<Connections, 'outboxes' | 'connection' | 'config'>,
  { lost, type, sinceMs }: { readonly lost: Lost; readonly type: string | null; readonly sinceMs: number },
  onAway: (away: OutboxAway) => void,
): AsyncIterable<LostEvents> {
  const wanted = type === null ? null : typeFrom(type);
  const { taskQueuePrefix, temporalNamespace: namespace } = config;
  const client = new Client({ connection, namespace });
  const runs = new TemporalAuditRuns(client, { taskQueuePrefix, listsPerSecond, deadlineMs: 10_000 });
  for (const outbox of outboxes.names) {
    // An outbox at a time, and each of its pages for a bounded time.
    const ask = async <T>(work: (rows: PgAuditRows) => Promise<T>): Promise<T | undefined> => {
      const { said, away } = await askEach(those(outboxes, [outbox]), (pool) => work(new PgAuditRows(pool, outbox)));
      away.forEach(onAway);
      return said[0]?.value;
    };
    const toUs = await ask((rows) => rows.nowUs());
    if (toUs === undefined) continue;
    let [afterUs, afterId] = [toUs - sinceMs * 1_000, leastUuid];
    for (;;) {
      const page = await ask((rows) => rows.marked({ afterUs, afterId, toUs, limit: pageSize }));
      const last = page?.at(-1);
      if (page === undefined || last === undefined) break;
      const ids = page
        .filter(({ eventType }) => wanted === null || definitionOf(eventType)?.type === wanted)
        .filter(({ emittedUs, deadLettered }) => lost === 'lost' || (emittedUs === null && !deadLettered))
        .map(({ eventId }) => eventId);
      const listed = (await runs.withIds(ids)).filter(({ status }) => lost === 'lost' || status === 'RUNNING');
      const known = new Set(listed.map(({ workflowId }) => workflowId));
      yield { ids: ids.filter((id) => !known.has(id)), looked: page.length };
      if (page.length < pageSize) break;
      [afterUs, afterId] = [last.publishedUs ?? toUs, last.eventId];
    }
  }
}
