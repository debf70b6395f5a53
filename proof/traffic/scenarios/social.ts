import { randomUUID } from 'node:crypto';
import { NothingToDo, type Transaction } from '../business';
import { type Random } from '../random';
import { type Follow, type Reaction, remember, take, type World } from '../world';
import { orNothing, requireActive, requirePublished, type Scenario, text } from './scenario';

type Target = Pick<Reaction, 'targetId' | 'targetType'> & { readonly ownerId: string };

function target(world: World, random: Random): Target | undefined {
  const post = random.pick(world.posts);
  const message = random.pick(world.messages);
  const comment = random.pick(world.comments);
  const targets: (Target | undefined)[] = [
    post && { targetId: post.postId, targetType: 'post', ownerId: post.authorId },
    post && { targetId: post.postId, targetType: 'post', ownerId: post.authorId },
    message && { targetId: message.messageId, targetType: 'message', ownerId: message.senderId },
    comment && { targetId: comment.commentId, targetType: 'comment', ownerId: comment.authorId },
  ];
  return random.pick(targets.filter((one) => one !== undefined));
}

/** What the service remembers of a comment may be gone from its table: it may have been restored to an earlier moment. */
async function requireComment(tx: Transaction, commentId: string): Promise<void> {
  const { rowCount } = await tx.query('SELECT 1 FROM business.comments WHERE comment_id = $1', [commentId]);
  if (rowCount === 0) throw new NothingToDo();
}

const reacted: Scenario = {
  name: 'reaction added',
  weight: 9,
  events: 1,
  async run({ business, world }, random) {
    const on = target(world, random);
    if (on === undefined) return;
    const reaction = { ...on, userId: world.user(random), emoji: random.pick(['👍', '❤️', '🎉']) ?? '👍' };
    const { targetId, targetType, userId, emoji } = reaction;
    await business.transaction(random, async (tx) => {
      await requireActive(tx, userId);
      if (targetType === 'post') await requirePublished(tx, targetId);
      if (targetType === 'comment') await requireComment(tx, targetId);
      const { rowCount } = await tx.query(
        'INSERT INTO business.reactions (target_id, user_id, emoji) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
        [targetId, userId, emoji],
      );
      orNothing(rowCount === 0 ? undefined : reaction);
      const payload = { target_id: targetId, target_type: targetType, user_id: userId, emoji };
      // Older senders do not name the owner: then it has to be found.
      const owner = random.chance(0.7) ? { target_owner_id: on.ownerId } : {};
      await tx.publish({ type: 'reaction.added', payload: { ...payload, ...owner } });
      tx.afterCommit(() => remember(world.reactions, reaction));
    });
  },
};

const unreacted: Scenario = {
  name: 'reaction taken back',
  weight: 2,
  events: 1,
  async run({ business, world }, random) {
    const reaction = take(world.reactions, random);
    if (reaction === undefined) return;
    const { targetId, targetType, userId, emoji } = reaction;
    await business.transaction(random, async (tx) => {
      const values = [targetId, userId, emoji];
      const { rowCount } = await tx.query(
        'DELETE FROM business.reactions WHERE target_id = $1 AND user_id = $2 AND emoji = $3',
        values,
      );
      orNothing(rowCount === 0 ? undefined : reaction);
      const payload = { target_id: targetId, target_type: targetType, user_id: userId, emoji };
      await tx.publish({ type: 'reaction.removed', payload });
    });
  },
};

const followed: Scenario = {
  name: 'follow',
  weight: 5,
  events: 1,
  async run({ business, world, follows }, random) {
    const followerId = world.user(random);
    const followeeId = random.chance(0.2) ? world.celebrity(random) : world.otherUser(random, followerId);
    if (followeeId === followerId) return;
    await business.transaction(random, async (tx) => {
      await requireActive(tx, followerId);
      if (!(await follows.begin(tx, { followerId, followeeId }))) throw new NothingToDo();
      await tx.publish({ type: 'follow.added', payload: { follower_id: followerId, followee_id: followeeId } });
      tx.afterCommit(() => remember(world.follows, { followerId, followeeId }));
    });
  },
};

const unfollowed: Scenario = {
  name: 'unfollow',
  weight: 3,
  events: 1,
  async run({ business, world, follows }, random) {
    const recent: Follow | undefined = random.chance(0.5) ? take(world.follows, random) : undefined;
    const follow = recent ?? world.plannedFollow(random);
    if (follow === undefined) return;
    const { followerId, followeeId } = follow;
    await business.transaction(random, async (tx) => {
      await requireActive(tx, followerId);
      if (!(await follows.end(tx, follow))) throw new NothingToDo();
      await tx.publish({ type: 'follow.removed', payload: { follower_id: followerId, followee_id: followeeId } });
    });
  },
};

const commented: Scenario = {
  name: 'comment written',
  weight: 7,
  events: 1,
  async run({ business, world }, random) {
    const post = random.pick(world.posts);
    if (post === undefined) return;
    const comment = { commentId: randomUUID(), authorId: world.user(random) };
    const mentioned = random.chance(0.2) ? world.reachableUser(random, comment.authorId) : undefined;
    await business.transaction(random, async (tx) => {
      await requireActive(tx, comment.authorId);
      await requirePublished(tx, post.postId);
      await tx.query('INSERT INTO business.comments (comment_id, post_id, author_id) VALUES ($1, $2, $3)', [
        comment.commentId,
        post.postId,
        comment.authorId,
      ]);
      await tx.publish({
        type: 'comment.created',
        payload: {
          comment_id: comment.commentId,
          post_id: post.postId,
          user_id: comment.authorId,
          content: text(random),
          ...(random.chance(0.7) ? { post_owner_id: post.authorId } : {}),
          ...(mentioned === undefined ? {} : { mentioned_user_ids: [mentioned] }),
        },
      });
      tx.afterCommit(() => remember(world.comments, comment));
    });
  },
};

export const socialScenarios = [reacted, unreacted, followed, unfollowed, commented];
