import { randomUUID } from 'node:crypto';
import { type Random } from '../../../../proof/traffic/random';
import { changeStatus, deletePost, writePost } from '../../../../proof/traffic/scenarios/posts';
import { type Scenario, type Services } from '../../../../proof/traffic/scenarios/scenario';
import { type Post } from '../../../../proof/traffic/world';

/** A fresh post, often of someone whose fan-out takes a while. */
function freshPost({ world }: Services, random: Random): Post {
  return { postId: randomUUID(), authorId: world.author(random, 0.25) };
}

function create({ business, world }: Services, random: Random, post: Post): Promise<boolean> {
  const about = { post_id: post.postId, user_id: post.authorId };
  return business.transaction(random, (tx) => writePost(tx, world, random, about));
}

const deletedAndSignalled: Scenario = {
  name: 'post deleted and signalled within milliseconds',
  weight: 3,
  events: 2,
  async run(services, random) {
    const post = freshPost(services, random);
    if (!(await create(services, random, post))) return;
    if (random.chance(0.5)) await services.pause(random.below(10));
    const about = { post_id: post.postId, user_id: post.authorId };
    const deleted = await services.business.transaction(random, async (tx) => {
      await changeStatus(tx, post, { from: ['published'], to: 'deleted' });
      await tx.publish({ type: 'content.post.deleted', payload: about });
    });
    if (deleted) await services.signalPostDeleted(post.postId);
  },
};

/** The event first: it waits for the one who writes the post, and only then is it known whether there is anything to delete. */
async function deleteUnseen({ business }: Services, random: Random, post: Post): Promise<boolean> {
  return business.transaction(random, async (tx) => {
    await tx.publish({ type: 'content.post.deleted', payload: { post_id: post.postId, user_id: post.authorId } });
    await changeStatus(tx, post, { from: ['published'], to: 'deleted' });
  });
}

const deletedWhileWritten: Scenario = {
  name: 'post deleted by a transaction that begins before its own is over',
  weight: 3,
  events: 2,
  async run(services, random) {
    const { business, world, pause } = services;
    const post = freshPost(services, random);
    const about = { post_id: post.postId, user_id: post.authorId };
    const own = random.fork();
    let deleting: Promise<boolean> | undefined;
    await business.transaction(random, async (tx) => {
      await writePost(tx, world, random, about);
      deleting = deleteUnseen(services, own, post);
      await pause(random.below(40));
    });
    if (await deleting) await services.signalPostDeleted(post.postId);
  },
};

const deletedTwice: Scenario = {
  name: 'post deleted by two at once',
  weight: 2,
  events: 2,
  async run(services, random) {
    const post = freshPost(services, random);
    if (!(await create(services, random, post))) return;
    await Promise.all([
      deletePost(services, random.fork(), post),
      deletePost(services, random.fork(), post),
      deletePost(services, random.fork(), post),
    ]);
  },
};

export const raceScenarios = [deletedAndSignalled, deletedWhileWritten, deletedTwice];
