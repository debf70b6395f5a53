import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { repairHeads } from '../../../outbox/housekeeping/heads';

/** Rows per statement of a fill. */
const chunk = 100_000;

/** A session of the owner, without a limit of time. */
export async function ownerSession(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'nova-bench' });
  await client.connect();
  await client.query('SET search_path = nova, pg_catalog');
  return client;
}

/** Gives the outbox partitions of the days before today, so that there are `partitions` in all, today's and those ahead included. */
export async function makePartitions(client: Client, partitions: number): Promise<number> {
  await client.query('BEGIN');
  await client.query('ALTER TABLE nova.outbox_events DETACH PARTITION outbox_events_past');
  await client.query(`DO $$ DECLARE day timestamptz; part text; BEGIN
    FOR n IN 1 .. ${partitions} - (SELECT count(*) FROM nova.outbox_partitions)::int LOOP
      day := date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - n * interval '24 hours';
      part := 'outbox_events_' || to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD');
      EXECUTE format('CREATE TABLE %I (LIKE outbox_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
      EXECUTE format('ALTER TABLE %I OWNER TO nova_owner', part);
      EXECUTE format('ALTER TABLE nova.outbox_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, day, day + interval '24 hours');
    END LOOP;
    SELECT min(lower_bound) INTO day FROM nova.outbox_partitions;
    EXECUTE format('ALTER TABLE nova.outbox_events ATTACH PARTITION outbox_events_past FOR VALUES FROM (MINVALUE) TO (%L)', day);
  END $$`);
  await client.query('COMMIT');
  const { rows } = await client.query<{ days: number }>(
    'SELECT count(*)::int AS days FROM nova.outbox_partitions WHERE upper_bound <= now()',
  );
  return rows[0]?.days ?? 0;
}

type OnProgress = (done: number) => void;

/** Rows go past the triggers, as in a restore; afterwards the heads are repaired. */
async function pastTheTriggers(
  client: Client,
  { rows, progress }: { rows: number; progress: OnProgress },
  insert: string,
  values: readonly unknown[] = [],
): Promise<void> {
  await client.query('SET session_replication_role = replica');
  try {
    for (let done = 0; done < rows; done += chunk) {
      await client.query(insert, [Math.min(chunk, rows - done), ...values]);
      progress(Math.min(rows, done + chunk));
    }
  } finally {
    await client.query('SET session_replication_role = origin');
  }
  await repairHeads(client);
}

/** Rows that are done, of different aggregates, spread over the days before yesterday. */
export async function fillHistory(client: Client, rows: number, days: number, progress: OnProgress): Promise<void> {
  await pastTheTriggers(
    client,
    { rows, progress },
    `INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload, created_at, published_at, emitted_at, aggregate_type, priority, schema_version, sequence)
     SELECT gen_random_uuid(), gen_random_uuid(), 'message.edited', '{}', t, t, t, 'message', 2, 1, nextval('outbox_sequence')
     FROM (SELECT now() - interval '2 days' - (g % $2::int) * interval '1 day' AS t FROM generate_series(1, $1::int) g) past`,
    [Math.max(1, days - 2)],
  );
}

/** Reactions to one post that wait, oldest first, over the last three days. Returns the post's id. */
export async function fillHot(client: Client, rows: number, progress: OnProgress): Promise<string> {
  const post = randomUUID();
  await pastTheTriggers(
    client,
    { rows, progress },
    `INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload, created_at, aggregate_type, priority, schema_version, sequence)
     SELECT gen_random_uuid(), $2::uuid, 'reaction.added', jsonb_build_object('target_id', $2::uuid, 'target_type', 'post',
         'target_owner_id', '11111111-1111-4111-8111-111111111111', 'user_id', gen_random_uuid(), 'emoji', '👍'),
       now() - interval '1 hour', 'post', 2, 1, nextval('outbox_sequence')
     FROM generate_series(1, $1::int)`,
    [post],
  );
  return post;
}

/** Rows of different aggregates that wait, in a partition that is never analyzed, written as any service writes. */
export async function fillBurst(client: Client, rows: number, progress: OnProgress): Promise<void> {
  const tomorrow = `now() + interval '1 day'`;
  await client.query(`DO $$ BEGIN EXECUTE format('ALTER TABLE %I SET (autovacuum_enabled = off)',
    'outbox_events_' || to_char(${tomorrow}, 'YYYYMMDD')); END $$`);
  await client.query('ALTER TABLE nova.outbox_heads SET (autovacuum_enabled = off)');
  for (let done = 0; done < rows; done += chunk / 10) {
    await client.query(
      `INSERT INTO nova.outbox_events (id, aggregate_id, event_type, payload, created_at)
       SELECT gen_random_uuid(), a.id, 'message.edited', jsonb_build_object('message_id', a.id,
         'conversation_id', a.id, 'editor_id', gen_random_uuid()), ${tomorrow}
       FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $1::int)) a`,
      [Math.min(chunk / 10, rows - done)],
    );
    progress(Math.min(rows, done + chunk / 10));
  }
}

/** The aggregate's head sleeps for so long, as after a failure, or wakes up (0). No back-off is longer than five minutes. */
export async function rest(client: Client, aggregate: string, minutes: number): Promise<void> {
  await client.query(
    `UPDATE nova.outbox_heads SET wake_at = CASE WHEN $2::int > 0 THEN now() + make_interval(mins => $2::int) END WHERE aggregate_id = $1`,
    [aggregate, minutes],
  );
}
