/**
 * The dangerous instants of the system, by name: where one thing is done and the next, which must follow, is not. The
 * fault matrix (test/faults) kills, stops, fails and hangs a process at each and looks what becomes of its work. Unarmed,
 * which is always so in production, a point is one comparison.
 */
export const faultPoints = {
  'bridge.claimed': 'rows are leased, nothing is started',
  'bridge.before-start': 'a series of rows is under way, the next row is not started yet',
  'bridge.started': 'Temporal has the run, the row does not say so',
  'bridge.mark-sent': 'the mark’s statement is on its way, its reply is not here',
  'bridge.marked': 'the marks are committed, the bridge has not gone on',
  'bridge.stopping': 'asked to stop, with rows leased and starts in flight',

  'signals.read': 'a delete that a service signalled is read in its outbox, State does not hold it',
  'signals.brought': 'State holds the signalled delete, the outbox does not say so',

  'feed.post-recorded': 'the post is in the tables and in no feed',
  'feed.page-read': 'the followers of a page are read, none of their feeds is written',
  'feed.page-written': 'a page of feeds is written, the truth not looked at again',
  'feed.page-right': 'the truth agrees with the page, its open note is still there',
  'feed.page-done': 'a page is done, the checkpoint behind it not reported',
  'feed.checkpointed': 'the checkpoint is reported, the next page not begun',
  'feed.summary-cached': 'the summary is cached, the truth not looked at again',
  'feed.summary-merged': 'an edit is in the table, not in the cache',
  'feed.follow-filled': 'a feed got the followee’s posts, the follow not looked at again',
  'feed.follow-cleared': 'a feed lost the followee’s posts, the follow not looked at again',
  'feed.tombstone-set': 'the tombstone is committed, the post’s status is not',
  'feed.status-set': 'the tables say deleted, no feed has been touched',
  'feed.runs-found': 'the running workflows of a deleted post are known and not signalled',
  'feed.purge-tombstone': 'the deleted user’s tombstone is committed, their posts are in feeds',
  'feed.purge-listed': 'the posts to be purged are listed in Redis, no feed is visited',
  'feed.purge-removed': 'their posts are out of all feeds, still marked as published',
  'feed.purge-batch': 'summaries of a batch are dropped, its posts not marked deleted',

  'media.upload-recorded': 'an upload is recorded, no process looked whether a post wants it',
  'media.upload-linked': 'an upload is linked, its post not looked at again',
  'media.upload-settled': 'an upload’s fate is in the tables, Redis and the workflow do not know',
  'media.claim-recorded': 'a post’s claim is recorded, no process looked for its uploads',
  'media.claim-linked': 'uploads are linked, their post not looked at again',
  'media.claim-kept': 'the links are final, the waiting uploads are not signalled',
  'media.expired': 'a window’s end is recorded, the upload’s fate not read',

  'notify.owner-remembered': 'who owns the content is recorded, no one is notified',
  'notify.recipients-chosen': 'who is to be notified is known, no one is notified',
  'notify.inbox-written': 'inboxes have the notification, the tombstones not looked at again',
  'notify.page-notified': 'a page of people is notified, the checkpoint behind it not reported',
  'notify.delivery-claimed': 'a delivery is claimed, nothing is sent',
  'notify.delivery-sent': 'the provider took the message, the ledger does not say so',
  'notify.delivery-settled': 'the ledger knows, Temporal does not',
  'notify.tombstone-set': 'the tombstone is committed, no notification is taken back',
  'notify.batch-retracted': 'a batch of notifications is taken back, the next is not looked for',

  'identity.tombstone-set': 'the deleted user’s tombstone is committed, the profile is still there',
  'identity.stored': 'the tables know, Redis does not',
  'identity.cached': 'Redis is written, the truth not looked at again',

  'emit.locked': 'the aggregate’s emit lock is held and its rows are read, nothing is sent',
  'emit.sent': 'Kafka has acknowledged, the mark is not written',
  'emit.marked': 'the mark is written and not committed',
  'emit.committed': 'the mark is committed, the workflow does not know',

  'subscriber.handled': 'a subscriber’s handler is done, the event not remembered',
  'subscriber.remembered': 'the event is remembered, the offset not committed',
  'client.tombstone-set': 'signalDeleted has committed the hold, no workflow has its signal',
} as const;

export type FaultPoint = keyof typeof faultPoints;
/** What happens at a point; undefined: nothing, go on at once. */
export type FaultHandler = (point: FaultPoint) => Promise<void> | undefined;

let handler: FaultHandler | undefined;

/** Marks a dangerous instant. To be awaited: an armed point may hang or throw. */
export function faultPoint(point: FaultPoint): Promise<void> | undefined {
  return handler === undefined ? undefined : handler(point);
}

/** For the entry files of tests alone (held by a test): from now on every point of this process calls `next`. */
export function armFaultPoints(next: FaultHandler | undefined): void {
  handler = next;
}
