import { type Pool } from 'pg';
import { type Databases, outboxesIn } from '../services';
import { type Books } from '../traffic/books';
import { type Truth, type TrueEvent } from '../checks/truth';

interface EventRow {
  id: string;
  aggregate_id: string;
  sequence: number;
  priority: number;
  created_at_ms: number;
  payload: Record<string, unknown>;
}

/** $1 ids, or null for all. In the order of the sequence: of one outbox, which is as far as it says anything. */
const eventRows = `
  SELECT id, aggregate_id, sequence::float8 AS sequence, priority, payload,
    round(extract(epoch FROM created_at) * 1000)::float8 AS created_at_ms
  FROM nova.outbox_events WHERE $1::uuid[] IS NULL OR id = ANY ($1) ORDER BY sequence`;

/** What those who wrote know of their events. */
type KnownEvents = { readonly [Part in 'committed' | 'rolledBack']: Readonly<Books[Part]> };

/**
 * The events that were committed, as their rows report them, and sentences on rows and events that are not each other's.
 * @param only ids to look at; absent: every row of the table
 */
export async function loadEvents(
  outboxes: readonly Pick<Pool, 'query'>[],
  known: KnownEvents,
  only?: readonly string[],
): Promise<{ readonly events: TrueEvent[]; readonly unaccounted: string[] }> {
  const outbox: EventRow[] = [];
  for (const pool of outboxes) outbox.push(...(await pool.query<EventRow>(eventRows, [only ?? null])).rows);
  const events: TrueEvent[] = [];
  const unaccounted: string[] = [];
  for (const row of outbox) {
    const commit = known.committed.get(row.id);
    if (commit === undefined) {
      const what = known.rolledBack.has(row.id) ? 'it was rolled back' : 'no service committed it';
      unaccounted.push(`outbox row ${row.id} is in the table, but ${what}`);
      continue;
    }
    const { id, aggregate_id: aggregateId, sequence, priority, payload, created_at_ms: createdAtMs } = row;
    const { type, atMs: committedAtMs } = commit;
    events.push({ id, type, aggregateId, sequence, priority, createdAtMs, committedAtMs, payload });
  }
  const present = new Set(outbox.map(({ id }) => id));
  for (const id of known.committed.keys())
    if (!present.has(id)) unaccounted.push(`event ${id} was committed, but its outbox row is not there`);
  return { events, unaccounted };
}

interface Follow {
  readonly followee_id: string;
  readonly follower_id: string;
}

const pairOf = ({ followee_id, follower_id }: Follow): string => `${followee_id} ${follower_id}`;

/** Of people who are deleted the business keeps whom they were followed by, and the product nothing. */
function followsApart(ours: readonly Follow[], theirs: readonly Follow[], deleted: ReadonlySet<string>): string[] {
  const without = (some: readonly Follow[], others: readonly Follow[], what: string): string[] => {
    const there = new Set(others.map(pairOf));
    return some
      .filter((one) => !there.has(pairOf(one)) && !deleted.has(one.followee_id) && !deleted.has(one.follower_id))
      .map((one) => `the follow of ${one.followee_id} by ${one.follower_id} ${what}`);
  };
  return [
    ...without(theirs, ours, 'is not in nova.follows'),
    ...without(ours, theirs, 'is in nova.follows, and ended'),
  ];
}

/**
 * Reads the truth from the services' tables. Rows of the outboxes that no service committed, or that are gone, are kept apart, and so are
 * follows that the product does not know as the business does.
 */
export async function loadTruth(
  { state, services }: Databases,
  books: KnownEvents,
  settings: Pick<Truth, 'pullThreshold' | 'feedCap'>,
): Promise<{ truth: Truth; unaccounted: string[] }> {
  const { content, identity, social, messaging } = services;
  const [{ events, unaccounted }, posts, messages, comments, gone, follows, endedFollows, preferences, ours] =
    await Promise.all([
      loadEvents(outboxesIn({ services }), books),
      rows<{ post_id: string; author_id: string; status: string; caption: string }>(
        content,
        'SELECT * FROM business.posts',
      ),
      rows<{ message_id: string; sender_id: string; deleted: boolean }>(messaging, 'SELECT * FROM business.messages'),
      rows<{ comment_id: string; post_id: string; author_id: string }>(social, 'SELECT * FROM business.comments'),
      rows<{ user_id: string; state: 'hidden' | 'deleted' }>(
        identity,
        `SELECT user_id, state FROM business.people WHERE state <> 'active'`,
      ),
      rows<Follow>(social, `SELECT followee_id, follower_id FROM business.follows`),
      rows<Follow>(social, `SELECT followee_id, follower_id FROM business.ended_follows`),
      rows<{ user_id: string; kind: string; channel: string; enabled: boolean }>(
        state,
        'SELECT * FROM nova.notification_preferences',
      ),
      rows<Follow>(state, 'SELECT followee_id, follower_id FROM nova.follows'),
    ]);
  const deleted = new Set(gone.filter((person) => person.state === 'deleted').map(({ user_id }) => user_id));
  const truth: Truth = {
    events,
    rolledBack: books.rolledBack,
    posts: new Map(posts.map((post) => [post.post_id, { ...post, authorId: post.author_id }])),
    messages: new Map(messages.map((m) => [m.message_id, { ownerId: m.sender_id, deleted: m.deleted }])),
    comments: new Map(comments.map((c) => [c.comment_id, { ownerId: c.author_id, postId: c.post_id }])),
    gone: new Map(gone.map(({ user_id, state: of }) => [user_id, of])),
    followers: followersOf(follows, new Set([...posts.map(({ author_id }) => author_id), ...streamersIn(events)])),
    endedFollows: new Set(endedFollows.map(pairOf)),
    preferences: new Map(preferences.map((p) => [`${p.user_id} ${p.kind} ${p.channel}`, p.enabled])),
    ...settings,
  };
  return { truth, unaccounted: [...unaccounted, ...followsApart(ours, follows, deleted)] };
}

function streamersIn(events: readonly TrueEvent[]): string[] {
  const streams = events.filter(({ type }) => type === 'live.stream.started');
  return streams.map(({ payload }) => String(payload['user_id']));
}

/** Of those whose followers matter. */
function followersOf(follows: readonly Follow[], people: ReadonlySet<string>): Map<string, string[]> {
  const followers = new Map<string, string[]>();
  for (const { followee_id, follower_id } of follows) {
    if (!people.has(followee_id)) continue;
    const known = followers.get(followee_id) ?? [];
    known.push(follower_id);
    followers.set(followee_id, known);
  }
  return followers;
}

async function rows<Row extends object>(pool: Pool, sql: string): Promise<Row[]> {
  return (await pool.query<Row>(sql)).rows;
}
