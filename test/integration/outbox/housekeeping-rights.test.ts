import { makeLogins, type LoginUrls } from '../../../dev/logins';
import { type TestDatabase, createTestDatabase, patientPool } from '../../support/database';
import { backdateOutbox, dayName, insertOld, noon, partitionNames, turn } from '../../support/partitions';

let database: TestDatabase;
let urls: LoginUrls;
beforeEach(async () => {
  database = await createTestDatabase();
  urls = await makeLogins(database.url);
  await backdateOutbox(database.pool, [36, 35, 10]);
});
afterEach(() => database.drop());

async function turnAs(role: 'bridge' | 'owner') {
  const pool = patientPool({ url: urls[role], max: 3, applicationName: `turn-${role}` });
  try {
    return await turn(pool);
  } finally {
    await pool.end();
  }
}

it('a bridge with the rights of its role does all the rest, and leaves old days to the owner', async () => {
  await insertOld(database.pool, 36);
  await database.pool.query(
    `INSERT INTO nova.unnamed_claims (post_id, user_id, event_id, posted_at)
     VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), ${noon(60)})`,
  );
  const [old, older] = [await dayName(database.pool, 35), await dayName(database.pool, 36)];
  const report = await turnAs('bridge');
  expect(report!.kept).toEqual({ [old]: { not_owner: 1 }, [older]: { not_owner: 1 } });
  expect(report!.dropped).toEqual({});
  expect(report!.expired).toMatchObject({ unnamed_claims: 1 });
  expect(await partitionNames(database.pool)).toEqual(expect.arrayContaining([old, older]));

  const owners = await turnAs('owner');
  expect(owners!.dropped).toEqual({ [older]: 1, [old]: 0 });
  expect(owners!.pastReaches).toBe(true);
});
