import { randomUUID } from 'node:crypto';
import { type Client, Connection } from '@temporalio/client';
import { readOpenRuns } from '../../../outbox-bridge/housekeeping/open-runs';
import { servers } from '../../support/servers';
import { createTestClient } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let client: Client;
beforeAll(async () => {
  client = await createTestClient();
});
afterAll(() => client.connection.close());

const options = (retentionDays: number) => ({
  namespace: servers().temporalNamespace,
  retentionDays,
  // As if that many days had passed, and an hour.
  now: Date.now() + retentionDays * 86_400_000 + 3_600_000,
});
const connection = () => client.connection as Connection;

describe('open runs older than the retention', () => {
  it('are those of events, replays included, and not those of others', async () => {
    const [event, replayed, other] = [randomUUID(), randomUUID(), randomUUID()];
    const start = (workflowId: string, searchAttributes: Record<string, string[]>) =>
      client.workflow.start('nobodyRunsThis', {
        taskQueue: `housekeeping-${randomUUID()}`,
        workflowId,
        searchAttributes,
      });
    const handles = [
      await start(event, { EventType: ['post.created'] }),
      await start(`${replayed}/replay-1`, { EventType: ['post.created'] }),
      await start(other, {}),
    ];
    try {
      const ids = await waitFor(
        async () => {
          const open = await readOpenRuns(connection(), options(30));
          return open !== 'unknown' && open.includes(event) && open.includes(replayed) ? open : undefined;
        },
        { what: 'both runs to be listed' },
      );
      expect(ids).not.toContain(other);
      expect(await readOpenRuns(connection(), { ...options(30), now: Date.now() })).not.toContain(event);
    } finally {
      await Promise.all(handles.map((handle) => handle.terminate()));
    }
  });

  it('are unknown when Temporal does not answer', async () => {
    const nowhere = Connection.lazy({ address: '127.0.0.1:9' });
    try {
      expect(await readOpenRuns(nowhere, options(30))).toBe('unknown');
    } finally {
      await nowhere.close();
    }
  });
});
