import { Context } from '@temporalio/activity';
import { stepPatienceMs } from '../../../activities/feed/progress';
import { type WalkPoint } from '../../../activities/feed/page-followers';
import { type EventRef } from '../../../contracts/event-ref';
import { limits } from '../../../contracts/time-budgets';
import { NovaError } from '../../../contracts/failures';
import { insertEvent, newId } from '../../support/events';
import { withSettings } from '../../support/feed-harness';
import { type FeedWorkers, startFeedWorkers } from '../../support/feed-workers';
import { override } from '../../support/override';
import { waitFor } from '../../support/wait-for';

let all: FeedWorkers;
beforeAll(async () => (all = await startFeedWorkers()));
afterAll(() => all.close());
beforeEach(() => {
  all.deps = withSettings(all.feed, { feedPageSize: 1, feedPagesPerCall: 1 });
  all.kafka = () => Promise.resolve();
  all.patience.patienceMs = stepPatienceMs;
});

const ids = (count: number): string[] => Array.from({ length: count }, newId).sort();

async function postWith(followers: readonly string[]): Promise<{ author: string; post: EventRef }> {
  const author = newId();
  await all.feed.follow(author, ...followers);
  return { author, post: await all.feed.post(author) };
}

/** Which workflow's activity asks: a test may hold up the one and not the other. */
const isFanOut = () => ['feedBegin', 'feedFanoutPages'].includes(Context.current().info.activityType);

/** Where the fan-out was by the last heartbeat that the server has. */
async function pointAtServer({ eventId }: EventRef): Promise<unknown> {
  const { raw } = await all.client.workflow.getHandle(eventId).describe();
  const data = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0]?.data;
  return data == null ? undefined : (JSON.parse(Buffer.from(data).toString('utf8')) as WalkPoint).after;
}

/** From the start of this attempt to its last heartbeat, by the server's clock; 0 when the server has no such attempt. */
async function heardOfMs({ eventId }: EventRef, attempt: number): Promise<number> {
  const { raw } = await all.client.workflow.getHandle(eventId).describe();
  const pending = raw.pendingActivities?.[0];
  if (pending?.attempt !== attempt || pending.lastHeartbeatTime == null || pending.lastStartedTime == null) return 0;
  return Number(pending.lastHeartbeatTime.seconds) * 1_000 - Number(pending.lastStartedTime.seconds) * 1_000;
}

async function activitiesOf(event: EventRef, runId?: string): Promise<string[]> {
  const { events } = await all.client.workflow.getHandle(event.eventId, runId).fetchHistory();
  return (events ?? []).flatMap((e) => e.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
}

it('fans a post out, claims its media, notifies the mentioned and emits: small ones without a regular activity', async () => {
  all.deps = all.feed.deps;
  const [author, follower] = [newId(), newId()];
  await all.feed.follow(author, follower);
  const post = await insertEvent(all.feed.database.pool, 'content.post.created', {
    post_id: newId(),
    user_id: author,
    media_ids: [newId()],
    mentioned_user_ids: [newId()],
  });
  const result = await all.run('feedFanoutWorkflow', post);
  expect(result).toMatchObject({ outcome: 'done', counts: { followers: 1, notified: 1, emailed: 0 } });
  expect(await all.feed.feedOf(follower)).toEqual([post.aggregateId]);
  expect(all.calls).toMatchObject({ claimed: [post.eventId], notified: [post.eventId] });
  expect(all.calls.emitted).toContain(post.eventId);
  expect(await activitiesOf(post)).toEqual([]);
});

it('pages a large audience to its end', async () => {
  const followers = ids(6);
  const { post } = await postWith(followers);
  expect(await all.run('feedFanoutWorkflow', post)).toMatchObject({ outcome: 'done', counts: { followers: 6 } });
  for (const follower of followers) expect(await all.feed.feedOf(follower)).toEqual([post.aggregateId]);
});

it('continues as new after enough calls, doing nothing twice', async () => {
  const followers = ids(30);
  const { post } = await postWith(followers);
  const handle = await all.start('feedFanoutWorkflow', post);
  const first = await handle.describe();
  expect(await handle.result()).toMatchObject({ outcome: 'done', counts: { followers: 30, linked: 0 } });
  const last = await all.client.workflow.getHandle(post.eventId).describe();
  expect(last.runId).not.toBe(first.runId);
  expect(await activitiesOf(post, last.runId)).toHaveLength(10);
  expect(all.calls.emitted.filter((id) => id === post.eventId)).toHaveLength(1);
  for (const follower of followers) expect(await all.feed.feedOf(follower)).toEqual([post.aggregateId]);
});

it('stops between pages when the post is deleted, and nothing of it remains', async () => {
  const followers = ids(8);
  const { author, post } = await postWith(followers);
  const reached: string[] = [];
  let deleted!: () => void;
  const deletion = new Promise<void>((resolve) => (deleted = resolve));
  all.deps = {
    ...all.deps,
    // The fourth page is read, and then waits until the deletion is through. The retraction does not, or it would wait for itself.
    followers: override(all.deps.followers, {
      page: async (followee, after, limit) => {
        const page = await all.feed.deps.followers.page(followee, after, limit);
        if (!isFanOut()) return page;
        reached.push(...page.followerIds);
        if (page.followerIds[0] === followers[3]) await deletion;
        return page;
      },
    }),
    settings: { ...all.deps.settings, feedPagesPerCall: 100 },
  };
  const fanout = await all.start('feedFanoutWorkflow', post);
  await waitFor(() => reached.length === 4);
  const retraction = await all.run('retractionWorkflow', await all.feed.remove(post, author));
  expect(retraction).toMatchObject({ outcome: 'done', counts: { removed: 3, signalled: 1 } });
  deleted();
  expect(await fanout.result()).toMatchObject({ outcome: 'stopped' });
  expect(reached).toHaveLength(4);
  for (const follower of followers) expect(await all.feed.feedOf(follower)).toEqual([]);
  const { searchAttributes } = await fanout.describe();
  expect(searchAttributes['Outcome']).toEqual(['stopped']);
});

it('ends a wait for a broken dependency when the post is deleted', async () => {
  const followers = ids(2);
  const { author, post } = await postWith(followers);
  const working = all.deps;
  all.deps = {
    ...working,
    followers: override(working.followers, {
      page: async (followee, after, limit) => {
        if (after === null || !isFanOut()) return working.followers.page(followee, after, limit);
        // Only the signal ends this wait: the next attempt is an hour away.
        throw new NovaError('REDIS_UNAVAILABLE', 'the follower service is down', { retryAfterMs: 3_600_000 });
      },
    }),
  };
  const fanout = await all.start('feedFanoutWorkflow', post);
  const isWaiting = async () =>
    ((await fanout.describe()).raw.pendingActivities ?? []).some(({ lastFailure }) => lastFailure != null);
  await waitFor(isWaiting, { what: 'the wait for the next attempt' });
  await all.run('retractionWorkflow', await all.feed.remove(post, author));
  expect(await fanout.result()).toMatchObject({ outcome: 'stopped' });
  expect(await all.feed.feedOf(followers[0] ?? '')).toEqual([]);
  const { events } = await fanout.fetchHistory();
  expect(events?.some((event) => event.activityTaskCancelRequestedEventAttributes != null)).toBe(true);
});

it('does not believe a signal without a tombstone', async () => {
  const followers = ids(12);
  const { post } = await postWith(followers);
  let signalled!: () => void;
  const signal = new Promise<void>((resolve) => (signalled = resolve));
  all.deps = {
    ...all.deps,
    followers: override(all.deps.followers, {
      page: async (...args) => {
        // The run is not over before the signal was sent.
        if (args[1] === followers[0]) await signal;
        return all.feed.deps.followers.page(...args);
      },
    }),
  };
  const fanout = await all.start('feedFanoutWorkflow', post);
  await fanout.signal('deleted', { aggregateType: 'post', aggregateId: post.aggregateId, reason: 'by mistake' });
  signalled();
  expect(await fanout.result()).toMatchObject({ outcome: 'done', counts: { followers: 12 } });
});

it('keeps a post dead whose deletion ran first, and still emits its creation', async () => {
  const [follower] = ids(1) as [string];
  const { author, post } = await postWith([follower]);
  await all.run('retractionWorkflow', await all.feed.remove(post, author));
  expect(await all.run('feedFanoutWorkflow', post)).toMatchObject({ outcome: 'stopped', counts: { followers: 0 } });
  expect(await all.feed.feedOf(follower)).toEqual([]);
  expect(all.calls.emitted).toContain(post.eventId);
});

it('goes on at the last heartbeat when a worker falls silent', async () => {
  const followers = ids(6);
  const { post } = await postWith(followers);
  all.patience.patienceMs = 2_000;
  /** The first page of each attempt. */
  const firstPages = new Map<number, string | null>();
  let silentAttempt: number | undefined;
  let release!: () => void;
  const silence = new Promise<void>((resolve) => (release = resolve));
  all.deps = {
    ...all.deps,
    settings: { ...all.deps.settings, feedPagesPerCall: 100 },
    followers: override(all.deps.followers, {
      page: async (followee, after, limit) => {
        const { info, cancellationSignal } = Context.current();
        if (info.activityType === 'feedFanoutPages' && !firstPages.has(info.attempt))
          firstPages.set(info.attempt, after);
        if (after === followers[3] && silentAttempt === undefined) {
          // The server has the heartbeat that says so. An attempt that was given up before that is not the one to fall silent.
          await waitFor(async () => cancellationSignal.aborted || (await pointAtServer(post)) === after);
          cancellationSignal.throwIfAborted();
          silentAttempt = info.attempt;
          // This page hangs while the test lasts: its heartbeats end, by which the server finds out.
          await silence;
          throw new Error('too late');
        }
        return all.feed.deps.followers.page(followee, after, limit);
      },
    }),
  };
  const result = await all.run('feedFanoutWorkflow', post, 'product');
  expect(result).toMatchObject({ outcome: 'done', counts: { followers: 6 } });
  for (const follower of followers) expect(await all.feed.feedOf(follower)).toEqual([post.aggregateId]);
  // The next attempt begins with the page that this one fell silent on, and reads none of the earlier ones.
  expect(silentAttempt).toBeDefined();
  expect(firstPages.get(silentAttempt! + 1)).toBe(followers[3]);
  release();
});

it('finishes the feeds while Kafka is away, without handing the unfinished emit to a successor', async () => {
  let away = true;
  all.kafka = () => (away ? Promise.reject(new Error('no broker')) : Promise.resolve());
  const followers = ids(25);
  const { post } = await postWith(followers);
  const handle = await all.start('feedFanoutWorkflow', post);
  await waitFor(async () => (await all.feed.feedOf(followers[24] ?? '')).length === 1);
  const now = await all.client.workflow.getHandle(post.eventId).describe();
  expect(now).toMatchObject({ status: { name: 'RUNNING' }, runId: handle.firstExecutionRunId });
  away = false;
  expect(await handle.result()).toMatchObject({ outcome: 'done', counts: { followers: 25 } });
});

it('goes on with a page that is slower than the heartbeat timeout, by one attempt', async () => {
  const followers = ids(3);
  const { post } = await postWith(followers);
  let livedMs = 0;
  all.deps = {
    ...all.deps,
    followers: override(all.deps.followers, {
      page: async (followee, after, limit) => {
        const { info, cancellationSignal } = Context.current();
        // Until the server itself has had heartbeats of one attempt for longer than its timeout. On a machine that stands
        // still for that long it gives up the attempt, rightly, and another one shows it.
        const lived = async () => {
          livedMs = Math.max(livedMs, await heardOfMs(post, info.attempt));
          return cancellationSignal.aborted || livedMs > limits.pages.heartbeatMs;
        };
        if (after === followers[1]) await waitFor(lived, { everyMs: 100 });
        cancellationSignal.throwIfAborted();
        return all.feed.deps.followers.page(followee, after, limit);
      },
    }),
  };
  const result = await all.run('feedFanoutWorkflow', post, 'product');
  expect(result).toMatchObject({ outcome: 'done', counts: { followers: 3 } });
  expect(livedMs).toBeGreaterThan(limits.pages.heartbeatMs);
});

describe('a signal while pages are written', () => {
  /** Every call of the paging activity: where it began, and how many ran at once. */
  function watchPages(held: () => Promise<void>) {
    const seen = { pages: [] as (string | null)[], atOnce: 0, most: 0 };
    all.deps = {
      ...all.deps,
      settings: { ...all.deps.settings, feedPagesPerCall: 100 },
      followers: override(all.deps.followers, {
        page: async (followee, after, limit) => {
          if (after === null) return all.feed.deps.followers.page(followee, after, limit);
          seen.pages.push(after);
          seen.most = Math.max(seen.most, ++seen.atOnce);
          try {
            await held();
            return await all.feed.deps.followers.page(followee, after, limit);
          } finally {
            seen.atOnce--;
          }
        },
      }),
    };
    return seen;
  }
  const falseSignal = (event: EventRef) =>
    ({ aggregateType: 'post', aggregateId: event.aggregateId, reason: 'by mistake' }) as const;
  it('ends the call in flight, and the next goes on where it ended: no page twice, no two calls at once', async () => {
    const followers = ids(8);
    const { post } = await postWith(followers);
    const seen = watchPages(async () => {
      if (seen.pages.length === 4) await waitFor(() => Context.current().cancellationSignal.aborted);
    });
    const fanout = await all.start('feedFanoutWorkflow', post);
    await waitFor(() => seen.pages.length === 4);
    await fanout.signal('deleted', falseSignal(post));
    expect(await fanout.result()).toMatchObject({ outcome: 'done', counts: { followers: 8 } });
    expect(seen.most).toBe(1);
    // The first page of one belongs to the local first try.
    expect(seen.pages).toEqual(followers);
    expect(await activitiesOf(post)).toHaveLength(2);
  });

  it('does not fail a run whose call ends with a failure of its own after it was cancelled', async () => {
    const followers = ids(4);
    const { post } = await postWith(followers);
    const seen = watchPages(async () => {
      if (seen.pages.length !== 2) return;
      await waitFor(() => Context.current().cancellationSignal.aborted);
      throw new Error('Redis is away');
    });
    const fanout = await all.start('feedFanoutWorkflow', post);
    await waitFor(() => seen.pages.length === 2);
    await fanout.signal('deleted', falseSignal(post));
    expect(await fanout.result()).toMatchObject({ outcome: 'done', counts: { followers: 4 } });
    expect(seen.most).toBe(1);
  });
});
