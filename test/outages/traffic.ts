import { type Pool } from 'pg';
import { uuidv7 } from 'uuidv7';
import { type EventType, type PayloadInput, definitionOf } from '../../contracts/catalogue';
import { type Priority } from '../../contracts/priority';
import { type ExpectedNotification } from '../../proof/checks/expected-notifications';
import { type TrueEvent, type TruePost } from '../../proof/checks/truth';
import { newId } from '../support/events';

/** A committed row. */
export interface Committed extends TrueEvent {
  readonly priority: Priority;
}

const returned = `id, aggregate_id AS "aggregateId", event_type AS type, sequence::float8 AS sequence, priority, payload,
  round(extract(epoch FROM created_at) * 1000)::float8 AS "createdAtMs", 0 AS "committedAtMs"`;

/** Commits one row as a service would; `priority` overrides the type's. */
export async function commit<T extends EventType>(
  database: Pick<Pool, 'query'>,
  type: T,
  payload: PayloadInput<T>,
  priority?: Priority,
  id = uuidv7(),
): Promise<Committed> {
  const fields = payload as Record<string, unknown>;
  const aggregateId = String(fields[definitionOf(type)?.partitionKey ?? '']);
  const { rows } = await database.query<Committed>(
    `INSERT INTO outbox_events (id, aggregate_id, event_type, payload, priority) VALUES ($1, $2, $3, $4, $5)
     RETURNING ${returned}`,
    [id, aggregateId, type, JSON.stringify(payload), priority ?? null],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the insert returned no row');
  return row;
}

/**
 * Commits one row after another until `stop`, into one conversation, whatever the database does meanwhile. A commit whose
 * reply was lost may have happened or not: `stop` looks, and adds to the story what is there.
 */
export function keepCommitting(pool: Pool, story: Pick<Story, 'events'>): { stop(): Promise<void> } {
  const conversation_id = newId();
  const tried: string[] = [];
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      const id = uuidv7();
      tried.push(id);
      const payload = { message_id: newId(), conversation_id, editor_id: newId() };
      await commit(pool, 'message.edited', payload, undefined, id).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await running;
      const { rows } = await pool.query<Committed>(
        `SELECT ${returned} FROM outbox_events
         WHERE id = ANY ($1::uuid[]) ORDER BY sequence`,
        [tried],
      );
      story.events.push(...rows);
    },
  };
}

/** What a test knows to be true, by its own bookkeeping and not by the product's. */
export interface Story {
  readonly events: Committed[];
  /** Expected feed of each reader: post ids, newest first. */
  readonly feeds: Map<string, string[]>;
  /** Every in-app notification there must be, by `event recipient`. */
  readonly notices: Map<string, ExpectedNotification>;
  /** `post media` of every link there must be. */
  readonly links: Set<string>;
  /** What is written of each post. */
  readonly posts: Map<string, TruePost>;
}

/** Adds a notification that there must be. */
export function expectNotice(
  { notices }: Pick<Story, 'notices'>,
  eventId: string,
  recipientId: string,
  kind: string,
): void {
  notices.set(`${eventId} ${recipientId}`, { eventId, recipientId, kind, inApp: true, presence: 'due' });
}

/** A small world: one author with a few followers, one chat, one account. Each call of `round` is five or six events. */
export async function createTraffic(database: Pick<Pool, 'query'>) {
  const [author, sender, recipient, owner] = [newId(), newId(), newId(), newId()];
  const followers = Array.from({ length: 4 }, newId);
  const conversation = newId();
  const gone = new Set<string>();
  const story: Story = {
    events: [],
    feeds: new Map(followers.map((follower) => [follower, []])),
    notices: new Map(),
    links: new Set(),
    posts: new Map(),
  };
  await database.query('INSERT INTO follows (followee_id, follower_id) SELECT $1, unnest($2::uuid[])', [
    author,
    followers,
  ]);
  const add = async <T extends EventType>(type: T, payload: PayloadInput<T>, priority?: Priority) => {
    const event = await commit(database, type, payload, priority);
    story.events.push(event);
    return event;
  };

  const post = async (priority: Priority = 2): Promise<string> => {
    const post_id = newId();
    await add('content.post.created', { post_id, user_id: author, caption: 'first' }, priority);
    for (const [reader, feed] of story.feeds) if (!gone.has(reader)) feed.unshift(post_id);
    story.posts.set(post_id, { authorId: author, status: 'published', caption: 'first' });
    return post_id;
  };
  const remove = async (post_id: string): Promise<void> => {
    await add('content.post.deleted', { post_id, user_id: author });
    story.posts.set(post_id, { authorId: author, status: 'deleted', caption: '' });
    for (const [reader, feed] of story.feeds)
      story.feeds.set(
        reader,
        feed.filter((id) => id !== post_id),
      );
  };
  const edit = async (post_id: string): Promise<void> => {
    await add('content.post.updated', { post_id, user_id: author, caption: 'second' });
    story.posts.set(post_id, { authorId: author, status: 'published', caption: 'second' });
  };
  const alert = async (): Promise<Committed> => {
    const event = await add('security.alert.raised', { alert_id: newId(), user_id: owner, kind: 'new_login' });
    expectNotice(story, event.id, owner, 'security.alert');
    return event;
  };
  const message = async (): Promise<Committed> => {
    const ids = { message_id: newId(), conversation_id: conversation };
    const event = await add('message.persisted', { ...ids, sender_id: sender, recipient_ids: [recipient] });
    expectNotice(story, event.id, recipient, 'message.received');
    await add('message.edited', { ...ids, editor_id: sender });
    return event;
  };
  const upload = async (post_id: string): Promise<Committed> => {
    const media = {
      upload_id: newId(),
      media_id: newId(),
      user_id: author,
      file_name: 'a.png',
      size_bytes: 1,
      post_id,
    };
    story.links.add(`${post_id} ${media.media_id}`);
    return add('media.upload.completed', media);
  };

  return {
    story,
    author,
    followers,
    owner,
    post,
    remove,
    alert,
    message,
    upload,
    /** The reader's feed is no one's business from then on, and must stay empty. */
    unfollow: async (reader: string): Promise<void> => {
      await database.query('DELETE FROM follows WHERE followee_id = $1 AND follower_id = $2', [author, reader]);
      await add('follow.removed', { follower_id: reader, followee_id: author });
      story.feeds.set(reader, []);
      gone.add(reader);
    },
    edit,
    /** Six events of all four priorities over four aggregates, two of them shared by every round. */
    round: async (): Promise<void> => {
      const post_id = await post(3);
      await edit(post_id);
      await upload(post_id);
      await message();
      await alert();
    },
  };
}

export type Traffic = Awaited<ReturnType<typeof createTraffic>>;
