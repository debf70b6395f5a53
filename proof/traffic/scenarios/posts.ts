import { randomUUID } from 'node:crypto';
import { type PayloadInput } from '../../../contracts/catalogue';
import { type Random } from '../random';
import { type Transaction } from '../business';
import { type Post, remember, take, type World } from '../world';
import { orNothing, requireActive, type Scenario, type Services, text, traceparent } from './scenario';

type NewPost = Partial<PayloadInput<'content.post.created'>> & { post_id: string; user_id: string };

/** Writes a post and its event, as one service does in one transaction. */
export async function writePost(tx: Transaction, world: World, random: Random, post: NewPost): Promise<void> {
  await requireActive(tx, post.user_id);
  const payload = { media_type: 'none' as const, status: 'published' as const, caption: text(random), ...post };
  const values = [payload.post_id, payload.user_id, payload.status, payload.caption];
  await tx.query('INSERT INTO business.posts (post_id, author_id, status, caption) VALUES ($1, $2, $3, $4)', values);
  await tx.publish({
    type: 'content.post.created',
    payload,
    ...(random.chance(0.3) ? { traceparent: traceparent(random) } : {}),
  });
  if (payload.status === 'published')
    tx.afterCommit(() => remember(world.posts, { postId: payload.post_id, authorId: payload.user_id }));
}

/** Moves a post from one of the given states; nothing to do when it is in none of them. */
export async function changeStatus(
  tx: Transaction,
  post: Post,
  change: { from: readonly string[]; to: 'published' | 'archived' | 'deleted' },
): Promise<void> {
  const values = [post.postId, change.to, change.from];
  const { rowCount } = await tx.query(
    'UPDATE business.posts SET status = $2 WHERE post_id = $1 AND status = ANY ($3)',
    values,
  );
  orNothing(rowCount === 0 ? undefined : post);
}

/** Some services delete by a change of status, most by the event of its own. */
export async function deletePost({ business, signalPostDeleted }: Services, random: Random, post: Post): Promise<void> {
  const byStatus = random.chance(0.2);
  const committed = await business.transaction(random, async (tx) => {
    await changeStatus(tx, post, { from: ['published', 'draft', 'archived'], to: 'deleted' });
    const about = { post_id: post.postId, user_id: post.authorId };
    if (byStatus)
      await tx.publish({ type: 'content.post.status_updated', payload: { ...about, new_status: 'deleted' } });
    else await tx.publish({ type: 'content.post.deleted', payload: about });
  });
  if (committed && random.chance(0.5)) await signalPostDeleted(post.postId);
}

const published: Scenario = {
  name: 'post published',
  weight: 26,
  events: 1,
  async run({ business, world }, random) {
    const post = { post_id: randomUUID(), user_id: world.author(random) };
    await business.transaction(random, (tx) => writePost(tx, world, random, post));
  },
};

const mentioning: Scenario = {
  name: 'post that mentions people',
  weight: 5,
  events: 1,
  async run({ business, world }, random) {
    const user_id = world.author(random);
    const mentioned = [world.reachableUser(random, user_id), world.otherUser(random, user_id)];
    // The author too: no one is notified of what they did themselves.
    const mentioned_user_ids = [...new Set([...mentioned.filter((id) => id !== undefined), user_id])];
    const post = { post_id: randomUUID(), user_id, mentioned_user_ids };
    await business.transaction(random, (tx) => writePost(tx, world, random, post));
  },
};

const drafted: Scenario = {
  name: 'draft, published later',
  weight: 3,
  events: 2,
  async run({ business, world, pause }, random) {
    const post = { postId: randomUUID(), authorId: world.author(random) };
    const about = { post_id: post.postId, user_id: post.authorId };
    const mentioned = random.chance(0.5) ? world.reachableUser(random, post.authorId) : undefined;
    const mentions = mentioned === undefined ? {} : { mentioned_user_ids: [mentioned] };
    const draft = { ...about, ...mentions, status: 'draft' as const };
    if (!(await business.transaction(random, (tx) => writePost(tx, world, random, draft)))) return;
    await pause(random.below(600));
    await business.transaction(random, async (tx) => {
      await changeStatus(tx, post, { from: ['draft'], to: 'published' });
      await tx.publish({ type: 'content.post.status_updated', payload: { ...about, new_status: 'published' } });
      tx.afterCommit(() => remember(world.posts, post));
    });
  },
};

const edited: Scenario = {
  name: 'post edited',
  weight: 6,
  events: 1,
  async run({ business, world }, random) {
    const post = random.pick(world.posts);
    if (post === undefined) return;
    const caption = text(random);
    await business.transaction(random, async (tx) => {
      const { rowCount } = await tx.query(
        `UPDATE business.posts SET caption = $2 WHERE post_id = $1 AND status = 'published'`,
        [post.postId, caption],
      );
      orNothing(rowCount === 0 ? undefined : post);
      await tx.publish({
        type: 'content.post.updated',
        payload: { post_id: post.postId, user_id: post.authorId, caption },
      });
    });
  },
};

const archivedThenRestored: Scenario = {
  name: 'post archived, and sometimes published again',
  weight: 2,
  events: 2,
  async run({ business, world, pause }, random) {
    const post = take(world.posts, random);
    if (post === undefined) return;
    const about = { post_id: post.postId, user_id: post.authorId };
    const archived = await business.transaction(random, async (tx) => {
      await changeStatus(tx, post, { from: ['published'], to: 'archived' });
      await tx.publish({ type: 'content.post.status_updated', payload: { ...about, new_status: 'archived' } });
    });
    if (!archived || random.chance(0.5)) return;
    await pause(random.below(400));
    await business.transaction(random, async (tx) => {
      await changeStatus(tx, post, { from: ['archived'], to: 'published' });
      await tx.publish({ type: 'content.post.status_updated', payload: { ...about, new_status: 'published' } });
      tx.afterCommit(() => remember(world.posts, post));
    });
  },
};

const deletedAtOnce: Scenario = {
  name: 'post deleted right after it was written',
  weight: 4,
  events: 2,
  async run(services, random) {
    const { business, world, pause } = services;
    // Often by someone whose post is still on its way to thousands of feeds.
    const post = { postId: randomUUID(), authorId: world.author(random, 0.2) };
    const about = { post_id: post.postId, user_id: post.authorId };
    if (!(await business.transaction(random, (tx) => writePost(tx, world, random, about)))) return;
    await pause(random.below(80));
    await deletePost(services, random, post);
  },
};

const deletedLater: Scenario = {
  name: 'post deleted later',
  weight: 3,
  events: 1,
  async run(services, random) {
    const post = take(services.world.posts, random);
    if (post !== undefined) await deletePost(services, random, post);
  },
};

export const postScenarios = [
  published,
  mentioning,
  drafted,
  edited,
  archivedThenRestored,
  deletedAtOnce,
  deletedLater,
];
