import RequestQueue from 'kafkajs/src/network/requestQueue';

/**
 * Lets an idle connection of kafkajs sleep. Its queue of requests looks again and again whether something that waits may be
 * sent. While nothing waits it does so with a negative delay, which Node.js takes for one millisecond: every open connection
 * wakes its process some 800 times a second and takes 2 % of a core, without end. With nothing that waits there is nothing
 * to look for: a request that may not be sent at once begins the looks itself.
 *
 * A private module of kafkajs, whose version is pinned; `kafka-idle.test.ts` fails when this has no effect.
 */
const scheduleLook = RequestQueue.prototype.scheduleCheckPendingRequests;
RequestQueue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
  if (this.pending.length > 0) scheduleLook.call(this);
};
