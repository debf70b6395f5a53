import { setTimeout as pause } from 'node:timers/promises';
import RequestQueue from 'kafkajs/src/network/requestQueue';
import { type Admin } from 'kafkajs';
import { createKafka } from '../../../runtime/kafka';
import { silentLogger } from '../../support/logger';
import { servers } from '../../support/servers';
import { waitFor } from '../../support/wait-for';

let admin: Admin;
/** The queues of all connections that sent something. */
const queues = new Set<RequestQueue>();
const looks = jest.spyOn(RequestQueue.prototype, 'checkPendingRequests');

beforeAll(async () => {
  const push = RequestQueue.prototype.push;
  jest.spyOn(RequestQueue.prototype, 'push').mockImplementation(function (this: RequestQueue, request: unknown) {
    queues.add(this);
    push.call(this, request);
  });
  admin = createKafka({ kafkaBrokers: servers().kafkaBrokers.split(',') }, 'nova-test', silentLogger).admin();
  await admin.connect();
  await admin.listTopics();
});

afterAll(async () => {
  await admin.disconnect();
  jest.restoreAllMocks();
});

it('an idle connection never wakes its process', async () => {
  expect(queues.size).toBeGreaterThan(0);
  looks.mockClear();
  // However slow the machine is: each of these turns comes after the timers that were due before it.
  for (let turn = 0; turn < 100; turn++) await pause(1);
  expect(looks).not.toHaveBeenCalled();
  // The spy does see the looks that there are.
  await admin.listTopics();
  expect(looks).toHaveBeenCalled();
});

it('a request that comes while the broker wants none waits, and is sent afterwards', async () => {
  for (const queue of queues) queue.maybeThrottle(200);
  const listed = admin.listTopics();
  await waitFor(() => [...queues].some(({ pending }) => pending.length > 0), { everyMs: 1 });
  await expect(listed).resolves.toEqual(expect.any(Array));
  expect([...queues].every(({ pending }) => pending.length === 0)).toBe(true);
});

it('requests beyond the limit of those in flight are sent when others are answered', async () => {
  for (const queue of queues) Object.assign(queue, { maxInFlightRequests: 1 });
  const asked = [admin.listTopics(), admin.describeCluster(), admin.listGroups()];
  await waitFor(() => [...queues].some(({ pending }) => pending.length > 0), { everyMs: 1 });
  await expect(Promise.all(asked)).resolves.toHaveLength(3);
});
