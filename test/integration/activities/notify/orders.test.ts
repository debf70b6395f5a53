import fc from 'fast-check';
import { type Pool } from 'pg';
import { Inbox } from '../../../../client/inbox';
import { type NotifyActivities, createNotifyActivities } from '../../../../activities/notify/notify-activities';
import { type FeedActivities, createFeedActivities } from '../../../../activities/feed/create-feed-activities';
import { PgPostStates } from '../../../../activities/feed/pg-post-states';
import { feedSettings } from '../../../../activities/feed/settings';
import { PgWaitingUploads } from '../../../../activities/stores/pg-waiting-uploads';
import { domainOf } from '../../../../contracts/catalogue';
import { type EventRef } from '../../../../contracts/event-ref';
import { type Domain } from '../../../../contracts/events/define';
import { configFrom } from '../../../../runtime/config';
import { inActivity } from '../../../support/activity-context';
import { type TestDatabase, createTestDatabase } from '../../../support/database';
import { insertEvent } from '../../../support/events';
import { FeedWorld } from '../../../support/feed-world';
import { notifyDeps } from '../../../support/notify';
import { Cast, type Happening, type Person, type Shown, eventOf, shownInTheEnd } from '../../../support/notice-model';

/** Stories that run side by side: each has ids of its own. */
const atOnce = 8;

type Activities = Pick<NotifyActivities, 'notifyInApp' | 'notifyRetract'> &
  Pick<FeedActivities, 'feedBegin' | 'retractBegin'>;

let database: TestDatabase;
let activities: Activities;
beforeAll(async () => {
  database = await createTestDatabase();
  activities = activitiesOn(database.pool);
});
afterAll(() => database.drop());

/** The activities that decide what inboxes show, with plain maps for Redis. */
function activitiesOn(pool: Pool): Activities {
  const settings = configFrom(feedSettings, {});
  const world = new FeedWorld(settings).deps(() => Promise.resolve());
  const notify = notifyDeps(pool);
  const feed = { ...world, ...notify, posts: new PgPostStates(pool), uploads: new PgWaitingUploads(pool), settings };
  return { ...createNotifyActivities(notify), ...createFeedActivities(feed) };
}

/**
 * Where the sequences of each service begin. Each draws its own: of two events of different services they say nothing. In the
 * third all are drawn from one, in the order of the story.
 */
const drawn: Record<string, Partial<Record<Domain, number>>> = {
  'of its own, those of content far ahead': { content: 1_000_000_000, identity: 500_000_000, message: 9, social: 1 },
  'of its own, those of content far behind': { content: 1, identity: 9, message: 600_000_000, social: 1_000_000_000 },
  'of all': {},
};

/** A story written to the outboxes in its order, not processed yet. */
async function written(story: readonly Happening[], sequences = 'of all') {
  const cast = new Cast();
  const events: EventRef[] = [];
  for (const happening of story) {
    const { type, payload } = eventOf(happening, cast, story);
    events.push(await insertEvent(database.pool, type, payload));
  }
  const firsts = drawn[sequences] ?? {};
  const ordered = events.map((event, i) => ({
    ...event,
    sequence: (firsts[domainOf(event)] ?? event.sequence - i) + i,
  }));
  // All at once: each such statement is planned for every day of the outbox.
  if (Object.keys(firsts).length > 0)
    await database.pool.query(
      `UPDATE outbox_events SET sequence = of.sequence FROM unnest($1::uuid[], $2::bigint[]) AS of (id, sequence)
       WHERE outbox_events.id = of.id`,
      [ordered.map(({ eventId }) => eventId), ordered.map(({ sequence }) => sequence)],
    );
  return { cast, events: ordered };
}

const takesBack = new Set(['unreact', 'deleteMessage', 'archive', 'delete', 'unfollow', 'leave']);
const ofFeeds = { post: 'feedBegin', publish: 'feedBegin', archive: 'retractBegin', delete: 'retractBegin' } as const;

/** What the workflow of an event does to the inboxes. True: it must be tried again later. */
async function processed(by: Activities, happening: Happening, event: EventRef): Promise<boolean> {
  if (happening.type in ofFeeds) await by[ofFeeds[happening.type as keyof typeof ofFeeds]](event);
  if (takesBack.has(happening.type)) {
    await inActivity(() => by.notifyRetract(event));
    return false;
  }
  try {
    await inActivity(() => by.notifyInApp(event, null));
    return false;
  } catch (thrown) {
    if ((thrown as { type?: string }).type !== 'TARGET_NOT_KNOWN_YET') throw thrown;
    return true;
  }
}

/** Returns what must be tried again later. */
async function processAll(story: readonly Happening[], events: readonly EventRef[], order: readonly number[]) {
  const again: number[] = [];
  for (const i of order) if (await processed(activities, story[i] as Happening, events[i] as EventRef)) again.push(i);
  return again;
}

async function inboxes(cast: Cast, events: readonly EventRef[]): Promise<Shown[]> {
  const inbox = new Inbox(database.pool);
  const people: Person[] = ['author', 'ann', 'bob', 'cleo'];
  const lists = people.map(async (person) =>
    (await inbox.list(cast.id(person), { limit: 100 })).entries.map(
      ({ kind, eventId }) => `${person} ${kind} ${events.findIndex((event) => event.eventId === eventId)}`,
    ),
  );
  return (await Promise.all(lists)).flat().sort();
}

function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)]),
  );
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

const stories: Record<string, Happening[]> = {
  'a reaction to a comment of a deleted post': [
    { type: 'post', post: 1, mentions: ['ann'] },
    { type: 'comment', comment: 1, post: 1, by: 'bob', mentions: ['cleo'] },
    { type: 'react', on: 'comment 1', by: 'ann' },
    { type: 'react', on: 'post 1', by: 'cleo' },
    { type: 'delete', post: 1 },
  ],
  'the same where no event names the owner': [
    { type: 'post', post: 1 },
    { type: 'comment', comment: 1, post: 1, by: 'bob', ownerUnnamed: true },
    { type: 'react', on: 'comment 1', by: 'ann', ownerUnnamed: true },
    { type: 'react', on: 'post 1', by: 'cleo', ownerUnnamed: true },
    { type: 'delete', post: 1 },
  ],
  'of a post that is archived nothing is listed': [
    { type: 'post', post: 1, mentions: ['ann'] },
    { type: 'comment', comment: 1, post: 1, by: 'bob', ownerUnnamed: true },
    { type: 'react', on: 'comment 1', by: 'ann' },
    { type: 'archive', post: 1 },
    { type: 'react', on: 'post 1', by: 'cleo' },
  ],
  'published again, what others said of it is listed again': [
    { type: 'comment', comment: 1, post: 1, by: 'bob' },
    { type: 'react', on: 'comment 1', by: 'ann' },
    { type: 'archive', post: 1 },
    { type: 'publish', post: 1 },
    { type: 'react', on: 'comment 1', by: 'cleo' },
  ],
  'a reaction to a message that is deleted': [
    { type: 'message', message: 1, by: 'ann', to: 'bob', mentions: ['cleo'] },
    { type: 'react', on: 'message 1', by: 'bob' },
    { type: 'message', message: 2, by: 'ann', to: 'bob' },
    { type: 'deleteMessage', message: 1 },
    { type: 'react', on: 'message 2', by: 'cleo', ownerUnnamed: true },
  ],
  'a reaction taken off and put on again': [
    { type: 'post', post: 1 },
    { type: 'react', on: 'post 1', by: 'ann' },
    { type: 'unreact', on: 'post 1', by: 'ann' },
    { type: 'react', on: 'post 1', by: 'ann' },
    { type: 'react', on: 'post 1', by: 'ann', emoji: '!' },
  ],
  'a follow that ends and begins again, twice written': [
    { type: 'follow', by: 'ann', whom: 'bob' },
    { type: 'unfollow', by: 'ann', whom: 'bob' },
    { type: 'follow', by: 'ann', whom: 'bob' },
    { type: 'follow', by: 'ann', whom: 'bob' },
    { type: 'follow', by: 'cleo', whom: 'bob' },
  ],
  'a follow that ended': [
    { type: 'follow', by: 'ann', whom: 'bob' },
    { type: 'unfollow', by: 'ann', whom: 'bob' },
    { type: 'follow', by: 'ann', whom: 'bob' },
    { type: 'unfollow', by: 'ann', whom: 'bob' },
  ],
  'a draft that mentions people and is published': [
    { type: 'post', post: 1, draft: true, mentions: ['ann', 'bob'] },
    { type: 'publish', post: 1 },
    { type: 'comment', comment: 1, post: 1, by: 'bob', mentions: ['ann'] },
    { type: 'publish', post: 1 },
  ],
  'a draft that was published, archived and published again': [
    { type: 'post', post: 1, draft: true, mentions: ['ann', 'bob'] },
    { type: 'publish', post: 1 },
    { type: 'archive', post: 1 },
    { type: 'publish', post: 1 },
  ],
  'a person who left for good': [
    { type: 'comment', comment: 1, post: 1, by: 'bob', mentions: ['cleo'] },
    { type: 'react', on: 'comment 1', by: 'ann' },
    { type: 'follow', by: 'ann', whom: 'cleo' },
    { type: 'leave', who: 'ann' },
  ],
};

describe('whatever order the workflows run in, the inboxes end the same', () => {
  const ways = Object.keys(drawn);

  it.each(Object.keys(stories))('%s', async (name) => {
    const story = stories[name] as Happening[];
    const expected = shownInTheEnd(story);
    const orders = permutations(story.length).map((order, i) => ({ order, by: ways[i % ways.length] as string }));
    await inParallel(orders, async ({ order, by }) => {
      const { cast, events } = await written(story, by);
      await processAll(story, events, await processAll(story, events, order));
      expect({ order, by, shown: await inboxes(cast, events) }).toEqual({ order, by, shown: expected });
    });
  });

  it('stories made at random, in random orders', async () => {
    const person = fc.constantFrom<Person>('author', 'ann', 'bob', 'cleo');
    const on = fc.constantFrom('post 1' as const, 'comment 1' as const, 'comment 2' as const, 'message 1' as const);
    const happening: fc.Arbitrary<Happening> = fc.oneof(
      fc.record({ type: fc.constant('react' as const), on, by: person, ownerUnnamed: fc.boolean() }),
      fc.record({ type: fc.constant('unreact' as const), on, by: person }),
      fc.record({
        type: fc.constantFrom('archive' as const, 'publish' as const, 'delete' as const),
        post: fc.constant(1),
      }),
      fc.record({ type: fc.constantFrom('follow' as const, 'unfollow' as const), by: person, whom: person }),
      fc.constant<Happening>({ type: 'deleteMessage', message: 1 }),
      fc.record({ type: fc.constant('leave' as const), who: fc.constantFrom<Person>('ann', 'bob') }),
    );
    const base = (draft: boolean): Happening[] => [
      { type: 'post', post: 1, mentions: ['ann'], draft },
      { type: 'comment', comment: 1, post: 1, by: 'bob', mentions: ['cleo'] },
      { type: 'comment', comment: 2, post: 1, by: 'ann', ownerUnnamed: true },
      { type: 'message', message: 1, by: 'ann', to: 'bob', mentions: ['cleo'] },
    ];
    const stories = fc
      .record({ draft: fc.boolean(), more: fc.array(happening, { minLength: 3, maxLength: 7 }) })
      .map(({ draft, more }) => [...base(draft), ...more])
      .chain((story) =>
        fc.record({
          story: fc.constant(story),
          by: fc.constantFrom(...Object.keys(drawn)),
          order: fc.shuffledSubarray([...story.keys()], { minLength: story.length }),
        }),
      );
    await fc.assert(
      fc.asyncProperty(stories, async ({ story, order, by }) => {
        const { cast, events } = await written(story, by);
        await processAll(story, events, await processAll(story, events, order));
        expect(await inboxes(cast, events)).toEqual(shownInTheEnd(story));
      }),
      { numRuns: 60 },
    );
  });
});

describe('between any two statements of one event, all the others may run', () => {
  /** The activities over a database that does `others` before its statement number `at`; `ran` says whether it came so far. */
  function interrupted(at: number, others: () => Promise<void>) {
    const state = { ran: false, statements: 0 };
    const query = async (sql: string, values: unknown[]): Promise<unknown> => {
      if (state.statements++ === at && !state.ran) {
        state.ran = true;
        await others();
      }
      return database.pool.query(sql, values);
    };
    return { state, activities: activitiesOn({ query } as unknown as Pool) };
  }

  it.each(Object.keys(stories))('%s', async (name) => {
    // Four happenings are enough for three to come between, and few enough to try every instant.
    const story = (stories[name] as Happening[]).slice(-4);
    const expected = shownInTheEnd(story);
    const cases = [...story.keys()].flatMap((first) =>
      permutations(story.length - 1).map((order) => ({
        first,
        others: order.map((i) => (i < first ? i : i + 1)),
      })),
    );
    await inParallel(cases, async ({ first, others }) => {
      for (let at = 1, ran = true; ran; at++) {
        const { cast, events } = await written(story);
        let later: number[] = [];
        const run = interrupted(at, async () => void (later = await processAll(story, events, others)));
        const again = await processed(run.activities, story[first] as Happening, events[first] as EventRef);
        ran = run.state.ran;
        if (!ran) later = await processAll(story, events, others);
        await processAll(story, events, [...(again ? [first] : []), ...later]);
        expect({ first, others, at, shown: await inboxes(cast, events) }).toEqual({
          first,
          others,
          at,
          shown: expected,
        });
      }
    });
  });
});
