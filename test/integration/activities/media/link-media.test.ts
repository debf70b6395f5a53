import { Redis } from 'ioredis';
import { PgContentOwners } from '../../../../activities/stores/pg-content-owners';
import { PgEventStore } from '../../../../activities/stores/pg-event-store';
import { PgMediaStore } from '../../../../activities/media/pg-media-store';
import { PgWaitingUploads } from '../../../../activities/stores/pg-waiting-uploads';
import { PgTombstones } from '../../../../activities/stores/pg-tombstones';
import { RedisPendingMedia } from '../../../../activities/media/redis-pending-media';
import { type MediaActivities, createMediaActivities } from '../../../../activities/media/create-media-activities';
import { type UploadWaker } from '../../../../activities/signals/upload-waker';
import { type PayloadInput } from '../../../../contracts/catalogue';
import { type EventRef } from '../../../../contracts/event-ref';
import { type MediaClaimedSignal } from '../../../../contracts/signals';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { insertEvent, newId } from '../../../support/events';
import { silentLogger } from '../../../support/logger';
import { connectTestRedis } from '../../../support/redis';
import { waitFor } from '../../../support/wait-for';
import { OutboxPools } from '../../../../runtime/outbox-pools';

const hour = 3_600_000;
let database: TestDatabase;
let redis: Redis;
let nowhere: Redis;
let activities: MediaActivities;
let woken: { workflowId: string; signal: MediaClaimedSignal }[];

const recorder: UploadWaker = {
  mediaClaimed: async (workflowId, signal) => {
    woken.push({ workflowId, signal });
    return true;
  },
};

function activitiesWith(options: { windowMs?: number; redis?: Redis }): MediaActivities {
  return createMediaActivities({
    events: new PgEventStore(OutboxPools.one(database.pool)),
    owners: new PgContentOwners(database.pool),
    media: new PgMediaStore(database.pool),
    pending: new RedisPendingMedia(options.redis ?? redis),
    tombstones: new PgTombstones(database.pool),
    uploads: recorder,
    settings: { mediaClaimWindowMs: options.windowMs ?? hour },
    logger: silentLogger,
  });
}

beforeAll(async () => {
  database = await createTestDatabase();
  redis = await connectTestRedis(`test-${newId()}:`);
  nowhere = new Redis('redis://127.0.0.1:1', {
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: () => null,
  });
  await nowhere.connect().catch(() => undefined);
  activities = activitiesWith({});
});

beforeEach(() => (woken = []));

afterAll(async () => {
  redis.disconnect();
  nowhere.disconnect();
  await database.drop();
});

type Upload = PayloadInput<'media.upload.completed'>;
type Post = PayloadInput<'content.post.created'>;
const upload = (userId: string, more: Partial<Upload> = {}): Upload => ({
  ...{ upload_id: newId(), media_id: newId(), user_id: userId, file_name: 'a.jpg', size_bytes: 1 },
  ...more,
});
const post = (userId: string, more: Partial<Post> = {}): Post => ({ post_id: newId(), user_id: userId, ...more });
const uploaded = (payload: Upload) => insertEvent(database.pool, 'media.upload.completed', payload);
const posted = (payload: Post) => insertEvent(database.pool, 'content.post.created', payload);
/** What the feed has recorded of the post when its event has run. */
const known = ({ post_id, user_id }: Post) =>
  database.pool.query(
    `INSERT INTO post_states (post_id, author_id, status, score_ms, sequence) VALUES ($1, $2, 'published', 0, 1)`,
    [post_id, user_id],
  );

async function mediaOf(postId: string): Promise<string[]> {
  const sql = 'SELECT media_id FROM post_media WHERE post_id = $1 ORDER BY media_id';
  return (await database.pool.query<{ media_id: string }>(sql, [postId])).rows.map((row) => row.media_id);
}
async function stateOf(mediaId: string): Promise<string | undefined> {
  const sql = 'SELECT state FROM parked_media WHERE media_id = $1';
  return (await database.pool.query<{ state: string }>(sql, [mediaId])).rows[0]?.state;
}
const inTurn = async (...steps: (() => Promise<unknown>)[]) => {
  for (const step of steps) await step();
};

it('links an upload that names its post, at once and once', async () => {
  const entry = post(newId());
  await known(entry);
  const file = upload(entry.user_id, { post_id: entry.post_id });
  const event = await uploaded(file);
  expect(await activities.mediaLink(event)).toMatchObject({ state: 'linked' });
  expect(await activities.mediaLink(event)).toMatchObject({ state: 'linked' });
  expect(await mediaOf(entry.post_id)).toEqual([file.media_id]);
});

describe('an upload that names a post', () => {
  it('of another user is never linked to it', async () => {
    const entry = post(newId(), { media_type: 'image' });
    const file = upload(newId(), { post_id: entry.post_id });
    const claim = await posted(entry);
    await known(entry);
    const link = await uploaded(file);
    expect(await activities.mediaLink(link)).toMatchObject({ state: 'unclaimed' });
    expect(await activities.mediaClaim(claim)).toEqual({ linked: 0 });
    expect(await mediaOf(entry.post_id)).toEqual([]);
  });

  it('of another user is never linked, also when the post comes later', async () => {
    const entry = post(newId(), { media_type: 'image' });
    const link = await uploaded(upload(newId(), { post_id: entry.post_id }));
    expect(await activities.mediaLink(link)).toMatchObject({ state: 'parked' });
    expect(await activities.mediaClaim(await posted(entry))).toEqual({ linked: 0 });
    await known(entry);
    expect(await activities.mediaExpire(link)).toMatchObject({ state: 'unclaimed' });
    expect(await mediaOf(entry.post_id)).toEqual([]);
  });

  it('that is not there yet waits for it, for that one alone', async () => {
    const user = newId();
    const [wanted, other] = [post(user, { media_type: 'image' }), post(user, { media_type: 'image' })];
    const file = upload(user, { post_id: wanted.post_id });
    const link = await uploaded(file);
    expect(await activities.mediaLink(link)).toMatchObject({ state: 'parked' });
    expect(await activities.mediaClaim(await posted(other))).toEqual({ linked: 0 });
    expect(await activities.mediaClaim(await posted(wanted))).toEqual({ linked: 1 });
    expect(woken).toEqual([{ workflowId: link.eventId, signal: { postId: wanted.post_id, mediaId: file.media_id } }]);
  });

  it('whose event has yet to run waits for it, wherever that event is written, and is claimed by it', async () => {
    const entry = post(newId());
    const claim = await posted(entry);
    const file = upload(entry.user_id, { post_id: entry.post_id });
    const uploads = new PgWaitingUploads(database.pool);
    expect(await uploads.waitFor(entry.post_id)).toBe(false);
    expect(await activities.mediaLink(await uploaded(file))).toMatchObject({ state: 'parked' });
    expect(await uploads.waitFor(entry.post_id)).toBe(true);
    expect(await activities.mediaClaim(claim)).toEqual({ linked: 1 });
    expect(await uploads.waitFor(entry.post_id)).toBe(false);
    expect(await mediaOf(entry.post_id)).toEqual([file.media_id]);
  });

  // Under load an attempt may be given up while it works; what it linked is not signalled by it, and its upload would wait out the hour.
  it('is signalled again by an attempt after one that ended between the link and the signal', async () => {
    const entry = post(newId());
    const claim = await posted(entry);
    const file = upload(entry.user_id, { post_id: entry.post_id });
    const link = await uploaded(file);
    await activities.mediaLink(link);
    await activities.mediaClaim(claim);
    woken = [];
    expect(await activities.mediaClaim(claim)).toEqual({ linked: 1 });
    expect(woken).toEqual([{ workflowId: link.eventId, signal: { postId: entry.post_id, mediaId: file.media_id } }]);
  });

  it('that claims no media is linked when the upload looks at the end of its window', async () => {
    const entry = post(newId());
    const file = upload(entry.user_id, { post_id: entry.post_id });
    const link = await uploaded(file);
    await activities.mediaLink(link);
    await known(entry);
    expect(await activities.mediaExpire(link)).toMatchObject({ state: 'linked' });
    expect(await mediaOf(entry.post_id)).toEqual([file.media_id]);
  });

  it('does not take media that another user has uploaded before', async () => {
    const [owner, entry] = [newId(), post(newId())];
    const file = upload(owner);
    await activities.mediaLink(await uploaded(file));
    await known(entry);
    await activities.mediaLink(
      await uploaded({ ...upload(entry.user_id, { post_id: entry.post_id }), media_id: file.media_id }),
    );
    expect(await mediaOf(entry.post_id)).toEqual([]);
    expect(await stateOf(file.media_id)).toBe('parked');
  });
});

it('parks media again that was uploaded again after nothing had claimed it', async () => {
  const impatient = activitiesWith({ windowMs: 1 });
  const user = newId();
  const file = upload(user);
  const first = await uploaded(file);
  await impatient.mediaLink(first);
  await waitFor(async () => (await impatient.mediaExpire(first)).state === 'unclaimed');
  const again = await uploaded({ ...file, upload_id: newId() });
  expect(await activities.mediaLink(again)).toMatchObject({ state: 'parked' });
  // A late repetition of the first changes nothing; a post claims the second.
  expect(await impatient.mediaLink(first)).toMatchObject({ state: 'parked' });
  expect(await activities.mediaClaim(await posted(post(user, { media_type: 'image' })))).toEqual({ linked: 1 });
});

it('parks an upload without a post for an hour, in the set of its user', async () => {
  const file = upload(newId());
  const event = await uploaded(file);
  const status = await activities.mediaLink(event);
  expect(status.state).toBe('parked');
  expect(status.waitMs).toBeGreaterThan(hour / 2);
  expect(status.waitMs).toBeLessThanOrEqual(hour);
  expect(await redis.smembers(`pending_media:${file.user_id}`)).toEqual([file.media_id]);
  expect(await redis.pttl(`pending_media:${file.user_id}`)).toBeGreaterThan(hour / 2);
});

describe.each([
  ['names the media', (file: Upload) => ({ media_ids: [file.media_id] })],
  ['has media but names none', () => ({ media_type: 'image' as const })],
])('a post that %s', (_title, more) => {
  async function pair(): Promise<{ file: Upload; entry: Post; link: EventRef; claim: EventRef }> {
    const user = newId();
    const file = upload(user);
    const link = await uploaded(file);
    const entry = post(user, more(file));
    return { file, entry, link, claim: await posted(entry) };
  }

  it('claims an upload that was parked, signals its workflow and empties the set', async () => {
    const { file, entry, link, claim } = await pair();
    await activities.mediaLink(link);
    expect(await activities.mediaClaim(claim)).toEqual({ linked: 1 });
    expect(woken).toEqual([{ workflowId: link.eventId, signal: { postId: entry.post_id, mediaId: file.media_id } }]);
    expect(await redis.exists(`pending_media:${file.user_id}`)).toBe(0);
    expect(await activities.mediaExpire(link)).toMatchObject({ state: 'linked' });
    expect(await mediaOf(entry.post_id)).toEqual([file.media_id]);
  });

  it('is found by an upload whose event is processed later', async () => {
    const { file, entry, link, claim } = await pair();
    expect(await activities.mediaClaim(claim)).toEqual({ linked: 0 });
    expect(await activities.mediaLink(link)).toMatchObject({ state: 'linked' });
    expect(await mediaOf(entry.post_id)).toEqual([file.media_id]);
  });

  it('gets the same links when both events are processed again', async () => {
    const { file, entry, link, claim } = await pair();
    await inTurn(
      () => activities.mediaClaim(claim),
      () => activities.mediaLink(link),
      () => activities.mediaLink(link),
    );
    expect(await activities.mediaClaim(claim)).toEqual({ linked: 1 });
    expect(await mediaOf(entry.post_id)).toEqual([file.media_id]);
  });

  it('and its upload find each other whenever they run at once', async () => {
    const pairs = await Promise.all(Array.from({ length: 50 }, pair));
    for (const { link, claim } of pairs) await Promise.all([activities.mediaLink(link), activities.mediaClaim(claim)]);
    for (const { file, entry } of pairs) {
      expect(await mediaOf(entry.post_id)).toEqual([file.media_id]);
      expect(await stateOf(file.media_id)).toBe('linked');
    }
  });

  it.each([0, 1, 2])(
    'has nothing in the end if it is deleted, also when %i of the two came before',
    async (earlier) => {
      const { file, entry, link, claim } = await pair();
      const remove = async () => {
        const tombstones = new PgTombstones(database.pool);
        const subject = { subjectType: 'post', subjectId: entry.post_id } as const;
        await tombstones.set({ ...subject, sequence: 1, final: true, reason: 'test' });
        const ids = { post_id: entry.post_id, user_id: entry.user_id };
        await activities.mediaUnlink(await insertEvent(database.pool, 'content.post.deleted', ids));
      };
      const steps: (() => Promise<unknown>)[] = [() => activities.mediaClaim(claim), () => activities.mediaLink(link)];
      steps.splice(earlier, 0, remove);
      await inTurn(...steps);
      expect(await mediaOf(entry.post_id)).toEqual([]);
      expect(await stateOf(file.media_id)).not.toBe('linked');
    },
  );
});

it('gives an upload that no post claimed up at the end of its window, and lets a post that names it have it still', async () => {
  const impatient = activitiesWith({ windowMs: 1 });
  const user = newId();
  const file = upload(user);
  const link = await uploaded(file);
  await impatient.mediaLink(link);
  await waitFor(async () => (await impatient.mediaExpire(link)).state === 'unclaimed');
  const later = await posted(post(user, { media_type: 'video' }));
  expect(await impatient.mediaClaim(later)).toEqual({ linked: 0 });

  const naming = post(user, { media_ids: [file.media_id] });
  expect(await impatient.mediaClaim(await posted(naming))).toEqual({ linked: 1 });
  expect(await stateOf(file.media_id)).toBe('linked');
});

it('does not give up an upload before its window has ended', async () => {
  const link = await uploaded(upload(newId()));
  await activities.mediaLink(link);
  expect(await activities.mediaExpire(link)).toMatchObject({ state: 'parked' });
});

it('lets a post claim only what its own author uploaded, and only before it', async () => {
  const [author, other] = [newId(), newId()];
  const foreign = upload(other);
  await activities.mediaLink(await uploaded(foreign));
  const entry = post(author, { media_type: 'image' });
  const claim = await posted(entry);
  await activities.mediaLink(await uploaded(upload(author)));
  expect(await activities.mediaClaim(claim)).toEqual({ linked: 0 });
  expect(await activities.mediaClaim(await posted(post(author, { media_ids: [foreign.media_id] })))).toEqual({
    linked: 0,
  });
});

it('gives each upload to one post, when posts that name none claim at once', async () => {
  for (let round = 0; round < 20; round++) {
    const user = newId();
    const files = Array.from({ length: 5 }, () => upload(user));
    await Promise.all(files.map(async (file) => activities.mediaLink(await uploaded(file))));
    const posts = Array.from({ length: 6 }, () => post(user, { media_type: 'image' }));
    const claims = await Promise.all(posts.map(posted));
    await Promise.all(claims.map((claim) => activities.mediaClaim(claim)));
    const linked = (await Promise.all(posts.map(({ post_id }) => mediaOf(post_id)))).flat();
    expect(linked.sort()).toEqual(files.map((file) => file.media_id).sort());
  }
});

it('leaves an upload that names its post to that post', async () => {
  const user = newId();
  const file = upload(user, { post_id: newId() });
  await activities.mediaLink(await uploaded(file));
  expect(await activities.mediaClaim(await posted(post(user, { media_type: 'image' })))).toEqual({ linked: 0 });
});

it('links though Redis is away', async () => {
  const without = activitiesWith({ redis: nowhere });
  const user = newId();
  const file = upload(user);
  await without.mediaLink(await uploaded(file));
  expect(await without.mediaClaim(await posted(post(user, { media_ids: [file.media_id] })))).toEqual({ linked: 1 });
});
