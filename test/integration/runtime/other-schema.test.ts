import { randomUUID } from 'node:crypto';
import { Client, type Pool } from 'pg';
import { PgFeedTruth } from '../../../activities/feed/pg-feed-truth';
import { PgPostStates } from '../../../activities/feed/pg-post-states';
import { PgTombstones } from '../../../activities/stores/pg-tombstones';
import { publish } from '../../../client/publish';
import { runMigrations } from '../../../migrations/run-migrations';
import { outboxReport } from '../../../ops/status/outbox-report';
import { PgOutboxStore } from '../../../outbox-bridge/pg-outbox-store';
import { inTransaction } from '../../../runtime/postgres';
import { patientPool } from '../../support/database';
import { createDatabase, dropDatabase } from '../../support/databases';
import { turn } from '../../support/partitions';
import { databaseUrl, servers } from '../../support/servers';

const name = `nova_test_schema_${randomUUID().slice(0, 8)}`;
const schema = 'side_effects';
let admin: Client;
let pool: Pool;

beforeAll(async () => {
  admin = new Client({ connectionString: servers().databaseUrl });
  await admin.connect();
  await createDatabase(admin, name);
  const url = databaseUrl(servers().databaseUrl, name);
  await runMigrations(url, { schema });
  pool = patientPool({ url, schema, max: 3, applicationName: 'other-schema' });
});
afterAll(async () => {
  await pool.end();
  await dropDatabase(admin, name);
  await admin.end();
});

// The database has no schema nova, and neither search_path nor session knows where the tables are.
it('everything is done in the schema of DATABASE_SCHEMA: publish, claim, activities, housekeeping, reports', async () => {
  const author = randomUUID();
  const { id } = await inTransaction(pool, (client) =>
    publish(
      client,
      { type: 'identity.user.created', payload: { user_id: author, username: 'a', email: 'a@example.test' } },
      { schema },
    ),
  );
  const lanes = { perPriority: [9, 9, 9, 9], floor: 1, heads: 9 } as const;
  const request = { token: randomUUID(), leaseMs: 300_000, lanes, maxRows: 9, pausedSpellings: [] };
  const [claimed] = await new PgOutboxStore(pool, { serverMs: 100_000, waitMs: 120_000 }).claim(request);
  expect(claimed?.id).toBe(id);
  const posts = new PgPostStates(pool);
  const postId = randomUUID();
  await posts.apply({
    ...{ postId, authorId: author, status: 'published', delivery: 'push', scoreMs: 1, summary: { caption: 'x' } },
    sequence: 5,
  });
  await new PgTombstones(pool).set({
    subjectType: 'post',
    subjectId: postId,
    sequence: 6,
    final: true,
    reason: 'gone',
  });
  expect(await posts.find(postId)).toMatchObject({ voided: true, live: false });
  expect(await new PgFeedTruth(pool).visible([postId])).toEqual(new Set());
  expect(await turn(pool)).toEqual(expect.objectContaining({ dropped: {}, kept: {} }));
  expect((await outboxReport(pool, { retentionDays: 30 })).pending).toMatchObject([{ rows: 1 }]);
});
