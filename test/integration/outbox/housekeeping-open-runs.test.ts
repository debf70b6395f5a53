import { randomUUID } from 'node:crypto';
import { type Client, Connection } from '@temporalio/client';
import { readOpenRuns } from '../../../outbox/housekeeping/open-runs';
import { servers } from '../../support/servers';
import { createTestClient } from '../../support/temporal';
import { waitFor } from '../../support/wait-for';

let client: Client;
beforeAll(async () => {
  client = await createTestClient();
});
afterAll(() => client.connection.close());

const options = { namespace: servers().temporalNamespace };
const connection = () => client.connection as Connection;

describe('open runs', () => {
  it('are those of events, however lately they began, since a run that was reset or replayed is a young one; not those of others', async () => {
    const [event, replayed, other] = [randomUUID(), randomUUID(), randomUUID()];
    const start = (workflowId: string, searchAttributes: Record<string, string[]>) =>
      client.workflow.start('workflowOfNoWorker', {
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
          const open = await readOpenRuns(connection(), options);
          return open !== 'unknown' && open.includes(event) && open.includes(replayed) ? open : undefined;
        },
        { what: 'both runs to be listed' },
      );
      expect(ids).not.toContain(other);
    } finally {
      await Promise.all(handles.map((handle) => handle.terminate()));
    }
  });

  it('are unknown when Temporal does not reply', async () => {
    const nowhere = Connection.lazy({ address: '127.0.0.1:9' });
    try {
      expect(await readOpenRuns(nowhere, options)).toBe('unknown');
    } finally {
      await nowhere.close();
    }
  });
});
