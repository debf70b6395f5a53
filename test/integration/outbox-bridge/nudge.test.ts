import { createNudge } from '../../../client/nudge';
import { NudgeListener } from '../../../outbox-bridge/nudge-listener';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';
import { endSessions } from '../../support/server-activity';
import { waitFor } from '../../support/wait-for';

let database: TestDatabase;
let nudges = 0;
let listener: NudgeListener;

beforeAll(async () => {
  database = await createTestDatabase();
  listener = new NudgeListener({ url: database.url, onNudge: () => nudges++, logger: silentLogger });
  await listener.start();
});
afterAll(async () => {
  await listener.stop();
  await database.drop();
});

describe('a nudge', () => {
  it('reaches the bridge, and many at once are one', async () => {
    const before = nudges;
    const nudge = createNudge(database.pool);
    for (let i = 0; i < 50; i++) nudge();
    await waitFor(() => nudges > before);
    // A later one of another sender arrives after any that were still under way.
    createNudge(database.pool)();
    await waitFor(() => nudges >= before + 2);
    expect(nudges).toBe(before + 2);
  });

  it('that cannot be sent fails no request', async () => {
    const sent = Promise.reject<unknown>(new Error('no connection'));
    const handled = jest.spyOn(sent, 'catch');
    createNudge({ query: () => sent }, 0)();
    await waitFor(() => handled.mock.calls.length > 0);
    await expect(handled.mock.results[0]?.value).resolves.toBeUndefined();
  });

  it('is heard again after the listening session was lost, and the listener polls once when it is back', async () => {
    const before = nudges;
    await endSessions(database.pool, 'nova-bridge-listen');
    await waitFor(() => nudges > before);
    const back = nudges;
    createNudge(database.pool)();
    await waitFor(() => nudges > back);
  });
});
