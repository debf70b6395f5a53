/** Runs in the copy of the product to which docs/how-to-add.md was applied (how-to-add.test.ts): its imports are of that copy. */
export const checkOfTheWalks = `
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import { openChannels } from './activities/notify/channels';
import { chooseChannels } from './activities/notify/channel-choice';
import { createPollActivities } from './activities/polls/create-poll-activities';
import { auditLimits } from './activities/audit/limits';
import { parseEvent, workflowTypeFor } from './contracts/parse-event';
import { workflowTypes } from './contracts/workflow-types';
import { configFrom } from './runtime/config';
import { OutboxPools } from './runtime/outbox-pools';
import { createActivities } from './workers/compose';
import { workerSettings } from './workers/settings';
import * as workflows from './workflows';

const id = '0190a0b0-0000-7000-8000-000000000001';

async function main(): Promise<void> {
  const parsed = parseEvent({ eventType: 'content.poll.closed', aggregateId: id, payload: { poll_id: id, votes: { yes: 2, no: 1 } } });
  assert.equal(workflowTypeFor(parsed), 'pollWorkflow');
  assert.equal(workflowTypes.pollWorkflow.queue, 'poll');
  assert.equal(typeof workflows.pollWorkflow, 'function');
  assert.equal(auditLimits({ settleMs: 0, graceMs: 0, claimWindowMs: 0 }).openMs.pollWorkflow, 600_000);

  const written = new Map<string, string>();
  const redis = { set: async (key: string, value: string) => void written.set(key, value) };
  const events = { load: async () => parsed };
  const { pollSettle } = createPollActivities({ events, redis } as never);
  assert.deepEqual(await pollSettle({} as never), { votes: 3 });
  assert.equal(written.get('poll:' + id), '{"yes":2,"no":1}');

  const received: unknown[] = [];
  const gateway = createServer((request, response) => {
    void json(request).then((body) => {
      received.push(body);
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  const url = 'http://127.0.0.1:' + (gateway.address() as AddressInfo).port;
  const config = configFrom(workerSettings, { DATABASE_URL: 'postgres://localhost/nova', PUSH_URL: url });
  assert.ok(config.workerQueues.includes('poll'));
  assert.equal(config.pollConcurrency, 10);
  const none = { pools: {}, outboxes: { audit: OutboxPools.one({} as never) }, redis: new Redis({ lazyConnect: true }), sink: {}, temporal: { workflow: {} }, channels: new Map() };
  assert.ok('pollSettle' in createActivities(none as never, config as never, {} as never));
  const channels = openChannels(config);
  assert.deepEqual([...channels.keys()], ['push']);
  const push = channels.get('push');
  assert.ok(push);
  const contact = { userId: id, email: undefined, displayName: 'Ada', active: true };
  const message = push.compose({ kind: 'follow.received', actorName: 'Ada', detail: undefined });
  for (const address of push.destinations(contact))
    assert.equal((await push.send({ ...message, deliveryId: 'd', address })).kind, 'accepted');
  assert.deepEqual(received, [{ user: id, title: 'You have a new follower', body: 'Ada' }]);
  const said = { userId: id, kind: 'follow.received', channel: 'push', enabled: true } as const;
  const [row] = chooseChannels([{ recipientId: id, kind: 'follow.received' }], [said], new Set(channels.keys()));
  assert.deepEqual(row?.external, [{ channel: 'push', skipped: undefined }]);
  gateway.close();
  gateway.closeAllConnections();
  console.log('all of it works');
}

void main();
`;
