import { type Client } from '@temporalio/client';
import { type Evidence, type OutboxRow } from '../checks/evidence';
import { type Databases, outboxesIn } from '../services';
import { readRedis } from './redis-reader';
import { readRuns } from './read-runs';
import { readEffects, readOutbox } from './read-tables';

/** Clients of one's own, past everything that stands between the product and its servers. */
export interface Witnesses {
  readonly databases: Databases;
  readonly client: Client;
  /** Visibility query that lists the system's workflows and no others. */
  readonly workflowQuery: string;
  readonly redis: { readonly url: string; readonly prefix: string };
}

type Read = Omit<Evidence, 'messages' | 'mails' | 'unaccounted'>;

/**
 * Reads what the servers hold; Kafka and the mail server have readers of their own, which began to listen before.
 * @param events ids of the events whose runs must be found
 */
export async function collectEvidence(
  { databases, client, workflowQuery, redis }: Witnesses,
  events: readonly string[],
  detail: (text: string) => void = () => undefined,
): Promise<Read> {
  const rows: OutboxRow[] = [];
  for (const pool of outboxesIn(databases))
    rows.push(...(await readOutbox(pool, (count) => detail(`${rows.length + count} rows of the outbox`))));
  detail('the tables');
  const effects = await readEffects(databases.state);
  detail('the workflows');
  const runs = await readRuns(client, workflowQuery, events, (count) => detail(`${count} workflows`));
  detail('the feeds');
  return { rows, runs, redis: await readRedis(redis.url, redis.prefix), ...effects };
}
