import { randomUUID } from 'node:crypto';
import { type Random } from '../../../../proof/traffic/random';
import { deletePost } from '../../../../proof/traffic/scenarios/posts';
import {
  requireActive,
  requirePublished,
  type Scenario,
  type Services,
  text,
} from '../../../../proof/traffic/scenarios/scenario';
import { type Post } from '../../../../proof/traffic/world';
import { editPost, sendMessage } from './ordered';

async function comment({ business, world }: Services, random: Random, post: Post): Promise<void> {
  const [commentId, authorId] = [randomUUID(), world.user(random)];
  await business.transaction(random, async (tx) => {
    await requireActive(tx, authorId);
    await requirePublished(tx, post.postId);
    const values = [commentId, post.postId, authorId];
    await tx.query('INSERT INTO business.comments (comment_id, post_id, author_id) VALUES ($1, $2, $3)', values);
    const about = { comment_id: commentId, post_id: post.postId, user_id: authorId };
    await tx.publish({ type: 'comment.created', payload: { ...about, content: text(random) } });
  });
}

const manyOnOnePost: Scenario = {
  name: 'several writers on one post at once, one of them perhaps deleting it',
  weight: 3,
  events: 6,
  async run(services, random) {
    const post = random.pick(services.world.posts);
    if (post === undefined) return;
    const last = random.chance(0.3) ? deletePost : editPost;
    await Promise.all([
      comment(services, random.fork(), post),
      comment(services, random.fork(), post),
      editPost(services, random.fork(), post),
      comment(services, random.fork(), post),
      editPost(services, random.fork(), post),
      last(services, random.fork(), post),
    ]);
  },
};

const everyoneTalks: Scenario = {
  name: 'several writers in one conversation at once',
  weight: 2,
  events: 5,
  async run(services, random) {
    const chat = random.pick(services.world.conversations);
    if (chat === undefined) return;
    await Promise.all(Array.from({ length: 5 }, () => sendMessage(services, random.fork(), chat)));
  },
};

const profileStorm: Scenario = {
  name: 'one profile changed by several jobs at once, at every priority',
  weight: 1.5,
  events: 4,
  async run({ business, world }, random) {
    const userId = world.user(random);
    const priorities = ['critical', 'high', 'normal', 'low'] as const;
    const change = (priority: (typeof priorities)[number], own: Random) =>
      business.transaction(own, async (tx) => {
        await requireActive(tx, userId);
        const payload = { user_id: userId, username: `user-${userId.slice(0, 8)}`, is_verified: own.chance(0.5) };
        await tx.publish({ type: 'identity.user.profile_updated', payload, priority });
      });
    await Promise.all(priorities.map((priority) => change(priority, random.fork())));
  },
};

export const hotScenarios = [manyOnOnePost, everyoneTalks, profileStorm];
