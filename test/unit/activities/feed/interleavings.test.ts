import fc from 'fast-check';
import { type FeedDeps } from '../../../../activities/feed/deps';
import { beginFanOut, fanOutPages } from '../../../../activities/feed/fan-out';
import { settleFollow } from '../../../../activities/feed/follow';
import { purgeAuthor } from '../../../../activities/feed/purge-author';
import { beginRetraction, retractPages } from '../../../../activities/feed/retract';
import { type EventRef } from '../../../../contracts/event-ref';
import { FeedWorld } from '../../../support/feed-world';

const settings = { feedCap: 50, feedPullThreshold: 100, feedPageSize: 2, feedChunkSize: 2, feedPagesPerCall: 1 };
const author = 'author';
const followers = ['f1', 'f2', 'f3', 'f4', 'f5'];
const postId = 'post';

async function publish(deps: FeedDeps, event: EventRef): Promise<void> {
  let { next } = await beginFanOut(deps, event);
  while (next !== null) ({ next } = await fanOutPages(deps, event, next));
}

async function retract(deps: FeedDeps, event: EventRef): Promise<void> {
  let { next } = await beginRetraction(deps, event);
  while (next !== null) ({ next } = await retractPages(deps, event, next));
}

/** What happens to the post after its creation, in the order of its commits. */
const stories = [
  [],
  ['archived'],
  ['archived', 'published'],
  ['archived', 'published', 'deleted'],
  ['deleted'],
  ['deleted', 'published'],
] as const;

/** Pairs whose follow begins or ends meanwhile; a follower named again changes their mind. */
const changes = fc.array(fc.constantFrom('f1', 'f1', 'f3', 'f5'), { maxLength: 5 });
/** After how many steps each writer dies; it is then run again from its beginning, as Temporal does. */
const deaths = fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 6 });

it('ends with every feed right, however writers interleave and wherever they die', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.constantFrom(...stories),
      fc.subarray(followers),
      changes,
      deaths,
      async (scheduler, story, initial, toggled, dying) => {
        const world = new FeedWorld(settings);
        for (const follower of initial) world.follows.add(`${follower}>${author}`);
        const created = world.commit('content.post.created', postId, {
          post_id: postId,
          user_id: author,
          status: 'published',
        });
        const statuses = story.map((new_status) =>
          world.commit('content.post.status_updated', postId, { post_id: postId, user_id: author, new_status }),
        );
        const graves = [...dying];
        const run = async (work: (deps: FeedDeps) => Promise<unknown>): Promise<void> => {
          for (let attempt = 0; ; attempt++) {
            let stepsLeft = attempt < 2 ? (graves.pop() ?? Infinity) : Infinity;
            const deps = world.deps(async (step) => {
              await scheduler.schedule(Promise.resolve(), step);
              if (stepsLeft-- <= 0) throw new Error('the worker died');
            });
            try {
              await work(deps);
              return;
            } catch (thrown) {
              if ((thrown as Error).message !== 'the worker died') throw thrown;
            }
          }
        };
        const writers = [
          run((deps) => publish(deps, created)),
          ...statuses.map((event, i) =>
            run((deps) => (story[i] === 'published' ? publish(deps, event) : retract(deps, event))),
          ),
          // The service commits the row; the workflow of each change runs whenever it likes.
          (async () => {
            const workflows: Promise<void>[] = [];
            for (const follower of toggled) {
              await scheduler.schedule(Promise.resolve(), `commit follow of ${follower}`);
              const pair = `${follower}>${author}`;
              const type = world.follows.has(pair) ? 'follow.removed' : 'follow.added';
              if (!world.follows.delete(pair)) world.follows.add(pair);
              const event = world.commit(type, follower, { follower_id: follower, followee_id: author });
              workflows.push(run((deps) => settleFollow(deps, event)));
            }
            await Promise.all(workflows);
          })(),
        ];
        const all = Promise.all(writers);
        all.catch(() => undefined);
        await scheduler.waitFor(all);

        const live = !story.includes('deleted' as never) && story.at(-1) !== 'archived';
        for (const follower of followers) {
          const expected = live && world.follows.has(`${follower}>${author}`) ? [postId] : [];
          const { entries } = await world.store.read(follower);
          expect({ follower, posts: entries.map((entry) => entry.postId) }).toEqual({ follower, posts: expected });
        }
        expect(world.store.summaries.has(postId)).toBe(live);
      },
    ),
    { numRuns: Number(process.env['NOVA_FEED_RUNS'] ?? 300) },
  );
});

it('ends with an erased author in no feed, whenever a graph service removes the follows and wherever writers die', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.subarray(followers),
      fc.boolean(),
      deaths,
      async (scheduler, initial, deletedBefore, dying) => {
        const world = new FeedWorld(settings);
        for (const follower of initial) world.follows.add(`${follower}>${author}`);
        const created = world.commit('content.post.created', postId, {
          post_id: postId,
          user_id: author,
          status: 'published',
        });
        const follow = world.commit('follow.added', 'f1', { follower_id: 'f1', followee_id: author });
        const removed = world.commit('content.post.deleted', postId, { post_id: postId, user_id: author });
        const erased = world.commit('identity.user.deleted', author, { user_id: author });
        const graves = [...dying];
        const run = async (work: (deps: FeedDeps) => Promise<unknown>): Promise<void> => {
          for (let attempt = 0; ; attempt++) {
            let stepsLeft = attempt < 2 ? (graves.pop() ?? Infinity) : Infinity;
            const deps = world.deps(async (step) => {
              await scheduler.schedule(Promise.resolve(), step);
              if (stepsLeft-- <= 0) throw new Error('the worker died');
            });
            try {
              await work(deps);
              return;
            } catch (thrown) {
              if ((thrown as Error).message !== 'the worker died') throw thrown;
            }
          }
        };
        const all = Promise.all([
          run((deps) => publish(deps, created)),
          run((deps) => settleFollow(deps, follow)),
          ...(deletedBefore ? [run((deps) => retract(deps, removed))] : []),
          run((deps) => purgeAuthor(deps, erased)),
          // Without an event: no workflow of ours hears of it.
          scheduler
            .schedule(Promise.resolve(), 'the graph service removes the follows')
            .then(() => world.follows.clear()),
        ]);
        all.catch(() => undefined);
        await scheduler.waitFor(all);
        for (const follower of followers) {
          const { entries } = await world.store.read(follower);
          expect({ follower, posts: entries.map((entry) => entry.postId) }).toEqual({ follower, posts: [] });
        }
      },
    ),
    { numRuns: Number(process.env['NOVA_FEED_RUNS'] ?? 300) },
  );
});
