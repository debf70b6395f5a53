import { type Pool } from 'pg';
import { createFeedActivities } from '../../../activities/feed/create-feed-activities';
import { PgAuthorTraces } from '../../../activities/feed/pg-author-traces';
import { PgPostStates } from '../../../activities/feed/pg-post-states';
import { feedSettings } from '../../../activities/feed/settings';
import { createMediaActivities } from '../../../activities/media/create-media-activities';
import { PgMediaStore } from '../../../activities/media/pg-media-store';
import { createNotifyActivities } from '../../../activities/notify/notify-activities';
import { PgWaitingUploads } from '../../../activities/stores/pg-waiting-uploads';
import { type EventType, type PayloadInput, catalogue, definitionOf, domainOf } from '../../../contracts/catalogue';
import { type EventRef } from '../../../contracts/event-ref';
import { configFrom } from '../../../runtime/config';
import { inActivity } from '../../support/activity-context';
import { type TestDatabase, createTestDatabase } from '../../support/database';
import { insertEvent, newId } from '../../support/events';
import { FeedWorld } from '../../support/feed-world';
import { notifyDeps } from '../../support/notify';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

interface Asked {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The activities over a pool that notes what they ask of the outbox. */
function watched(asked: Asked[]) {
  const query = (statement: string | Asked, values?: unknown[]): unknown => {
    const one = typeof statement === 'string' ? { text: statement, values: values ?? [] } : statement;
    if (one.text.includes('outbox_events')) asked.push(one);
    return database.pool.query(statement as string, values as never);
  };
  const pool = { query } as unknown as Pool;
  const settings = configFrom(feedSettings, {});
  const world = new FeedWorld(settings).deps(() => Promise.resolve());
  const notify = notifyDeps(pool, { limits: { ownerPatienceMs: 0 } });
  const stores = { ...notify, posts: new PgPostStates(pool), traces: new PgAuthorTraces(pool), settings };
  return {
    ...createNotifyActivities(notify),
    ...createFeedActivities({ ...world, ...stores, uploads: new PgWaitingUploads(pool) }),
    ...createMediaActivities({
      ...{ ...notify, media: new PgMediaStore(pool), settings: { mediaClaimWindowMs: 1 } },
      pending: { add: async () => undefined, remove: async () => undefined } as never,
      uploads: { mediaClaimed: async () => false },
    }),
  };
}
type Activities = ReturnType<typeof watched>;

/** Everything that the workflows of these domains call, whether it is of use for the event or not. */
const activitiesOf: Partial<Record<string, readonly (keyof Activities)[]>> = {
  content: ['feedBegin', 'retractBegin', 'retractSignal', 'feedRefresh', 'mediaClaim', 'mediaUnlink', 'notifyRetract'],
  media: ['mediaLink', 'mediaExpire'],
  identity: ['feedPurgeAuthor'],
  message: ['retractBegin', 'retractSignal', 'notifyRetract'],
  social: ['retractBegin', 'notifyRetract', 'feedFollow'],
};

const [post, author, ann, conversation, message, comment] = [newId(), newId(), newId(), newId(), newId(), newId()];
const samples: { readonly [T in EventType]: PayloadInput<T> } = {
  'content.post.created': { post_id: post, user_id: author, status: 'draft', media_type: 'image' },
  'content.post.updated': { post_id: post, user_id: author, caption: 'a' },
  'content.post.status_updated': { post_id: post, user_id: author, new_status: 'published' },
  'content.post.deleted': { post_id: post, user_id: author },
  'media.upload.completed': {
    ...{ upload_id: newId(), media_id: newId(), user_id: author, file_name: 'a', size_bytes: 1, post_id: post },
  },
  'identity.user.created': { user_id: author, username: 'a' },
  'identity.user.profile_updated': { user_id: author, username: 'a' },
  'identity.user.deleted': { user_id: author },
  'message.persisted': { message_id: message, conversation_id: conversation, sender_id: ann, recipient_ids: [author] },
  'message.edited': { message_id: message, conversation_id: conversation, editor_id: ann },
  'message.deleted': { message_id: message, conversation_id: conversation },
  'reaction.added': { target_id: post, target_type: 'post', user_id: ann, emoji: '+' },
  'reaction.removed': { target_id: post, user_id: ann, emoji: '+' },
  'follow.added': { follower_id: ann, followee_id: author },
  'follow.removed': { follower_id: ann, followee_id: author },
  'comment.created': { comment_id: comment, post_id: post, user_id: ann },
  'live.stream.started': { stream_id: newId(), user_id: author },
  'security.alert.raised': { alert_id: newId(), user_id: author, kind: 'new_login' },
};

/** What the statement asks for that is none of the event's history: another aggregate, events or types of another domain. */
function foreign({ values }: Asked, event: EventRef, all: readonly EventRef[]): unknown[] {
  const history = all.filter((one) => one.aggregateId === event.aggregateId && domainOf(one) === domainOf(event));
  const known = new Set<unknown>([event.aggregateId, ...history.map(({ eventId }) => eventId)]);
  const spellings = values.flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : []));
  const others = spellings.filter((one) => definitionOf(String(one))?.domain !== domainOf(event));
  return known.has(values[0]) ? others : [values[0], ...others];
}

describe('what an effect asks of the outbox', () => {
  let events: EventRef[];
  beforeAll(async () => {
    events = [];
    // Under one aggregate id there are events of two services: a comment stands under its post's.
    for (const [type, payload] of Object.entries(samples))
      events.push(await insertEvent(database.pool, type as EventType, payload as never));
  });

  it.each(catalogue.map(({ type }) => type))(
    '%s: itself, and what came before in its aggregate and domain',
    async (type) => {
      const event = events.find(({ eventType }) => eventType === type)!;
      const asked: Asked[] = [];
      const activities = watched(asked);
      const names = ['notifyInApp', 'notifyPages', ...(activitiesOf[domainOf(event)] ?? [])] as (keyof Activities)[];
      for (const name of names) {
        const activity = activities[name] as (event: EventRef, cursor: unknown) => Promise<unknown>;
        // Some are not meant for this type, or wait for an owner: what they asked until then counts.
        await inActivity(() => activity(event, null)).catch(() => undefined);
      }
      expect(asked.length).toBeGreaterThan(names.length / 2);
      expect(asked.flatMap((one) => foreign(one, event, events))).toEqual([]);
    },
  );
});
