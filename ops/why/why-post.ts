import { definitionOf, workflowsOf } from '../../contracts/catalogue';
import { type WorkflowType } from '../../contracts/workflow-types';
import { aggregateEvents } from '../show/aggregate-events';
import { type Connections } from '../connections';
import { type OutboxAway } from '../outboxes';
import { type Check, type Why, at, fine, note, wrong } from './why';
import { type EventSeen, eventSeen } from './why-event';
import { deliveryCheck, feedCheck } from './why-feed';
import { authorCheck, postChecks, stonesOf } from './why-post-state';
import {
  type FollowSeen,
  type PostSeen,
  feedSeen,
  followSeen,
  postSeen,
  stonesSeen,
  storeSeen,
} from './why-post-facts';

/** Workflows of events that say whether a post is shown. */
const deciding: readonly string[] = ['feedFanoutWorkflow', 'retractionWorkflow'] satisfies WorkflowType[];
function isDeciding(eventType: string): boolean {
  const definition = definitionOf(eventType);
  return definition !== undefined && workflowsOf(definition).some((one) => deciding.includes(one));
}
/** More that wait than a person reads. */
const mostStories = 3;

interface EventsOfPost {
  /** Those of its events that decide whether it is shown and have not taken effect; where all have, the newest. */
  readonly seen: readonly EventSeen[];
  /** One of them has not taken effect. */
  readonly waits: boolean;
  readonly away: readonly OutboxAway[];
}

/** Whether U sees P in the feed, and if not, why not and what would change it; from the row to the screen. */
export async function whyPost(
  connections: Connections,
  userId: string,
  postId: string,
): Promise<{ readonly why: Why; readonly away: readonly OutboxAway[] }> {
  const post = await postSeen(connections, postId);
  const events = await eventsOf(connections, postId, post);
  const entry = post === null ? null : { postId, scoreMs: post.scoreMs };
  const [stones, follow, store, feed] = await Promise.all([
    stonesSeen(connections, postId, post?.authorId ?? null),
    post === null ? null : followSeen(connections, post.authorId, userId),
    storeSeen(connections),
    feedSeen(connections, userId, entry),
  ]);
  const belongs =
    post?.status === 'published' &&
    !post.voided &&
    post.authorState !== 'hidden' &&
    follow !== null &&
    follow.since !== null;
  const open = events.seen.some(({ isOpen }) => isOpen);
  const ofFeed =
    typeof feed === 'string'
      ? note(
          'feed',
          `Redis did not reply, so no feed can be read: ${feed}`,
          'bring Redis back (REDIS_URL); npx nova status',
        )
      : post === null
        ? null
        : feedCheck(feed, { userId, postId, post, belongs, open });
  const decides = events.waits || ofFeed?.ok === false;
  const checks = [
    ...(events.seen.length === 0
      ? [noEvents(postId, post, events)]
      : events.seen.flatMap((one) => one.checks.filter(({ check }) => check !== 'kafka'))
    )
      // What a run waits for after the post is recorded and in the feed, as Kafka, keeps it from no screen.
      .map((check) => (check.check === 'run' && !decides ? { ...check, ok: check.ok || null } : check)),
    ...(post === null ? stonesOf(stones) : [...postChecks(post, stones), authorCheck(post)]),
    ...(post === null || follow === null ? [] : await followChecks(connections, { userId, post, follow })),
    ...(post === null ? [] : [deliveryCheck(post, connections.config.feedPullThreshold)]),
    ...(store?.repairing === true
      ? [note('redis', `Redis may have lost data (${store.lostReason}), and is compared with the tables now`)]
      : []),
    ...(ofFeed === null ? [] : [ofFeed]),
  ];
  const shown = typeof feed === 'string' ? null : feed.shown;
  return { why: verdict({ userId, postId, shown, checks }), away: events.away };
}

function verdict(of: { userId: string; postId: string; shown: boolean | null; checks: readonly Check[] }): Why {
  const { userId, postId, shown, checks } = of;
  if (shown === null)
    return {
      yes: null,
      verdict: `whether ${userId} sees the post ${postId} is not known: Redis did not reply`,
      checks,
    };
  if (shown) return { yes: true, verdict: `${userId} sees the post ${postId} in the feed`, checks };
  const reasons = checks.filter(({ ok }) => ok === false);
  const unexplained = wrong(
    'screen',
    'all of this is as it should be, and the feed does not show the post: no check knows why',
    `npx nova audit; npx nova rebuild-feeds ${userId}`,
  );
  return {
    yes: false,
    verdict: `${userId} does not see the post ${postId} in the feed`,
    checks: reasons.length > 0 ? checks : [...checks, unexplained],
  };
}

async function eventsOf(connections: Connections, postId: string, post: PostSeen | null): Promise<EventsOfPost> {
  const { events, away } = await aggregateEvents(connections, postId);
  const those = events.filter(({ eventType }) => isDeciding(eventType));
  const waiting = those.filter(({ sequence }) => sequence > (post?.sequence ?? -1)).reverse();
  const chosen = waiting.length > 0 ? waiting : those.slice(0, 1);
  const seen = await Promise.all(chosen.slice(0, mostStories).map(({ id }) => eventSeen(connections, id)));
  return { seen: seen.flatMap((one) => one ?? []), waits: waiting.length > 0, away };
}

function noEvents(postId: string, post: PostSeen | null, { away }: EventsOfPost): Check {
  if (post !== null)
    return note('written', `its events are past their retention; it took effect ${at(post.updatedAt)}`);
  if (away.length > 0)
    return note('written', `${away.map(({ outbox }) => outbox).join(', ')} could not be asked for events of ${postId}`);
  return wrong(
    'written',
    `no outbox has an event of a post ${postId}: its transaction was never committed, or its id is another`,
    'the service that writes posts must publish content.post.created in the transaction of the post',
  );
}

interface OfFollow {
  readonly userId: string;
  readonly post: PostSeen;
  readonly follow: FollowSeen;
}

async function followChecks(connections: Connections, { userId, post, follow }: OfFollow): Promise<Check[]> {
  const { authorId } = post;
  if (follow.since !== null) return [fine('follow', `${userId} follows the author since ${at(follow.since)}`)];
  const again = `follow.added with follower_id ${userId} and followee_id ${authorId}, or the service that owns follows`;
  if (userId === authorId)
    return [
      wrong('follow', 'they are the author: a feed shows posts of those whom a person follows, not their own', null),
    ];
  const { events } = await aggregateEvents(connections, userId);
  const pending = events.filter(
    ({ eventType, state }) =>
      definitionOf(eventType)?.domain === 'social' && ['pending', 'dead letter'].includes(state),
  );
  const ended =
    follow.following === false && follow.changedAt !== null
      ? `${userId} does not follow the author ${authorId} any more: ended ${at(follow.changedAt)}`
      : `${userId} does not follow the author ${authorId}, and no such follow is on record`;
  const waiting = pending.map(({ id, eventType, state }) =>
    note(
      'follow',
      `${eventType} of ${userId} has not taken effect: ${id} is ${state === 'pending' ? state : `a ${state}`}`,
      `npx nova why ${id}`,
    ),
  );
  return [wrong('follow', ended, again), ...waiting];
}
