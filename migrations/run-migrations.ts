import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import { Client } from 'pg';
import { catalogue, spellingsOf } from '../contracts/catalogue';
import { priorities } from '../contracts/priority';

/** Days of partitions made ahead; the bridge keeps making more. A missing partition fails business transactions. */
export const partitionDaysAhead = 14;

const lockWaitMs = 60_000;

/**
 * Brings a database to the newest schema: numbered SQL files in order, then the event types of the catalogue, then
 * partitions. Safe to run from many processes at once; answers the names of the files applied by this call.
 */
export async function runMigrations(databaseUrl: string): Promise<string[]> {
  const client = new Client({ connectionString: databaseUrl, application_name: 'nova-migrate' });
  await client.connect();
  try {
    // Waits for whoever migrates now: the library refuses instead of waiting. Session lock: not through a pooler.
    await client.query(`SET lock_timeout = '${lockWaitMs}ms'`);
    await client.query('SELECT pg_advisory_lock(7024)');
    const applied = await runner({
      dbClient: client,
      dir: join(__dirname, '*.sql'),
      useGlob: true,
      direction: 'up',
      migrationsTable: 'nova_migrations',
      logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
    await recordEventTypes(client);
    await client.query('SELECT outbox_ensure_partitions($1)', [partitionDaysAhead]);
    return applied.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}

/** Writes the catalogue into outbox_event_types, from which the insert trigger fills what a writer left out. */
async function recordEventTypes(client: Client): Promise<void> {
  const rows = catalogue.flatMap((definition) =>
    spellingsOf(definition.type).map((spelling) => ({
      spelling,
      event_type: definition.type,
      aggregate_type: definition.aggregateType,
      priority: priorities[definition.priority],
      schema_version: definition.version,
    })),
  );
  await client.query(
    `INSERT INTO outbox_event_types SELECT * FROM jsonb_to_recordset($1::jsonb)
       AS t (spelling text, event_type text, aggregate_type text, priority smallint, schema_version integer)
     ON CONFLICT (spelling) DO UPDATE SET event_type = excluded.event_type, aggregate_type = excluded.aggregate_type,
       priority = excluded.priority, schema_version = excluded.schema_version`,
    [JSON.stringify(rows)],
  );
}
