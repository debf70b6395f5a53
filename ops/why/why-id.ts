import { Inbox } from '../../client/inbox';
import { type ContentType } from '../../contracts/events/consequences';
import { isUuid } from '../../runtime/uuid';
import { aggregateEvents } from '../show/aggregate-events';
import { type Connections } from '../connections';
import { deliveryFrom } from '../deliveries/deliveries';
import { type OutboxAway } from '../outboxes';
import { type Check, type Why, at, fine, note, wrong } from './why';
import { type EventSeen, eventSeen } from './why-event';
import { whyEventFor } from './why-notified';
import { postChecks } from './why-post-state';
import { feedSeen, postSeen, stonesSeen } from './why-post-facts';
import { runsCausedBy } from './why-runs';

export interface FoundWhy {
  readonly why: Why;
  readonly away: readonly OutboxAway[];
}

/** Events of a thing that are listed, the newest first. */
const mostEvents = 5;

const outcomes = `
  SELECT channel, state, reason, count(*) AS count FROM nova.notification_deliveries WHERE event_id = $1
  GROUP BY channel, state, reason ORDER BY channel, state, reason`;
const ownerOf = `SELECT content_type AS type, owner_id AS owner, post_id AS post FROM nova.content_owners WHERE content_type = ANY ($2) AND content_id = $1`;
const contentTypes: ContentType[] = ['post', 'message', 'comment'];
const personOf = `
  SELECT u.state, u.updated_at AS "updatedAt",
    EXISTS (SELECT FROM nova.follows f WHERE f.follower_id = $1) OR EXISTS (SELECT FROM nova.follows f WHERE f.followee_id = $1) AS follows,
    EXISTS (SELECT FROM nova.notifications n WHERE n.recipient_id = $1 AND n.in_app AND n.retracted_at IS NULL) AS noticed
  FROM (VALUES ($1::uuid)) AS k (id) LEFT JOIN nova.user_profiles u ON u.user_id = k.id`;

/**
 * What an id is of, and its story in sentences: an event, a delivery, a post, a message or comment, a person, a conversation.
 * @throws Error for a text that is no id of any of these
 */
export async function whyId(connections: Connections, id: string): Promise<FoundWhy> {
  if (id.includes('/')) {
    const { eventId, recipientId } = deliveryFrom(id);
    return whyEventFor(connections, recipientId, eventId);
  }
  if (!isUuid(id)) throw new Error(`${id} is neither a UUID nor the name of a delivery (npx nova deliveries list)`);
  const event = await eventSeen(connections, id);
  if (event !== null) return ofEvent(connections, event);
  const { events, away } = await aggregateEvents(connections, id);
  const types = [...new Set(events.map(({ aggregateType }) => aggregateType))];
  const [post, content, person] = await Promise.all([
    ofPost(connections, id),
    ofContent(connections, id),
    ofPerson(connections, id, types.includes('user')),
  ]);
  const found = [post, content, person].flatMap((one) => one ?? []);
  const named = [...new Set([...found.map(({ what }) => what), ...types.map((type) => `the ${type} of some events`)])];
  const listed = events
    .slice(0, mostEvents)
    .map(({ id: of, eventType, createdAt, state }) =>
      (state === 'pending' || state === 'dead letter' ? wrong : fine)(
        'event',
        `${eventType} of ${at(createdAt)} is ${state}: ${of}`,
        `npx nova why ${of}`,
      ),
    );
  const checks = [...found.flatMap((one) => one.checks), ...listed];
  const nothing = 'neither an outbox nor State knows it: it was never committed, or it is past its retention';
  const verdict = `${id} is ${named.length === 0 ? `unknown: ${nothing}` : named.join(', ')}`;
  return { why: { yes: null, verdict, checks }, away };
}

async function ofEvent({ pool }: Connections, event: EventSeen): Promise<FoundWhy> {
  type Line = { channel: string; state: string; reason: string | null; count: number };
  const { rows } = await pool.query<Line>(outcomes, [event.row.id]);
  const { event_type: type, aggregate_type: of, aggregate_id: aggregate } = event.row;
  const deliveries = rows.map(({ channel, state, reason, count }) =>
    (state === 'sent' || channel === 'in_app' ? fine : note)(
      'deliveries',
      `${count} on ${channel} ${state}${reason === null ? '' : ` (${reason})`}`,
    ),
  );
  const verdict = `${event.row.id} is an event: ${type} of the ${of} ${aggregate}`;
  return { why: { yes: null, verdict, checks: [...event.checks, ...deliveries] }, away: event.away };
}

interface Found {
  readonly what: string;
  readonly checks: readonly Check[];
}

async function ofPost(connections: Connections, id: string): Promise<Found | null> {
  const post = await postSeen(connections, id);
  if (post === null) return null;
  const stones = await stonesSeen(connections, id, post.authorId);
  return { what: `a post of ${post.authorId}`, checks: postChecks(post, stones) };
}

async function ofContent({ pool }: Connections, id: string): Promise<Found | null> {
  const { rows } = await pool.query<{ type: string; owner: string; post: string | null }>(ownerOf, [id, contentTypes]);
  const [row] = rows;
  if (row === undefined) return null;
  return { what: `a ${row.type} of ${row.owner}${row.post === null ? '' : ` under the post ${row.post}`}`, checks: [] };
}

async function ofPerson(connections: Connections, id: string, isNamed: boolean): Promise<Found | null> {
  const { pool } = connections;
  type Row = { state: string | null; updatedAt: Date | null; follows: boolean; noticed: boolean };
  const [row, caused] = await Promise.all([
    pool.query<Row>(personOf, [id]).then(({ rows }) => rows[0]),
    runsCausedBy(connections, id),
  ]);
  const isKnown = isNamed || row?.state != null || row?.follows === true || row?.noticed === true;
  const isPerson = isKnown || caused.some(({ ok }) => ok !== null);
  if (!isPerson) return null;
  const feed = await feedSeen(connections, id, null);
  const state = row?.state ?? 'not known by an identity event';
  const since = row?.updatedAt == null ? '' : ` since ${at(row.updatedAt)}`;
  return {
    what: 'a person',
    checks: [
      (row?.state === 'hidden' || row?.state === 'deleted' ? note : fine)('person', `${state}${since}`),
      fine('inbox', `${await new Inbox(pool).unreadCount(id)} unread notices are listed`),
      typeof feed === 'string'
        ? note('feed', `Redis did not reply: ${feed}`, 'bring Redis back (REDIS_URL)')
        : feed.stored.known
          ? fine('feed', `Redis holds ${feed.stored.entries.length} posts of their feed`)
          : note('feed', 'their feed is not in Redis: empty, or the next read makes it from PostgreSQL'),
      ...caused,
    ],
  };
}
