import { randomUUID } from 'node:crypto';
import { type PriorityName } from '../../../../contracts/priority';
import { type Random } from '../../../../proof/traffic/random';
import { deletePost, writePost } from '../../../../proof/traffic/scenarios/posts';
import {
  orNothing,
  requireActive,
  type Scenario,
  type Services,
  text,
} from '../../../../proof/traffic/scenarios/scenario';
import { type Conversation, type Post, remember } from '../../../../proof/traffic/world';

/** An edit with any priority: what is urgent must not overtake what is not, within one post. */
export async function editPost({ business }: Services, random: Random, post: Post): Promise<boolean> {
  const caption = text(random);
  const priority = random.pick<PriorityName | undefined>(['high', 'normal', 'low', undefined]);
  return business.transaction(random, async (tx) => {
    const { rowCount } = await tx.query(
      `UPDATE business.posts SET caption = $2 WHERE post_id = $1 AND status = 'published'`,
      [post.postId, caption],
    );
    orNothing(rowCount === 0 ? undefined : post);
    const payload = { post_id: post.postId, user_id: post.authorId, caption };
    await tx.publish({ type: 'content.post.updated', payload, ...(priority === undefined ? {} : { priority }) });
  });
}

/** One message of one of the members, and nothing else. */
export async function sendMessage({ business, world }: Services, random: Random, chat: Conversation): Promise<boolean> {
  const sender = random.pick(chat.members) ?? world.user(random);
  const message = { messageId: randomUUID(), conversationId: chat.conversationId, senderId: sender };
  const recipient_ids = chat.members.filter((member) => member !== sender);
  return business.transaction(random, async (tx) => {
    await requireActive(tx, sender);
    const values = [message.messageId, chat.conversationId, sender];
    await tx.query(
      'INSERT INTO business.messages (message_id, conversation_id, sender_id) VALUES ($1, $2, $3)',
      values,
    );
    const about = { message_id: message.messageId, conversation_id: chat.conversationId, sender_id: sender };
    await tx.publish({ type: 'message.persisted', payload: { ...about, recipient_ids, content: text(random) } });
    tx.afterCommit(() => remember(world.messages, message));
  });
}

const longLife: Scenario = {
  name: 'post edited again and again, and sometimes deleted',
  weight: 3,
  events: 8,
  async run(services, random) {
    const { business, world, pause } = services;
    const post = { postId: randomUUID(), authorId: world.author(random) };
    const about = { post_id: post.postId, user_id: post.authorId };
    if (!(await business.transaction(random, (tx) => writePost(tx, world, random, about)))) return;
    for (let edits = random.between(3, 6); edits > 0; edits -= 1) {
      await pause(random.below(60));
      await editPost(services, random, post);
    }
    if (random.chance(0.3)) await deletePost(services, random, post);
  },
};

const longChat: Scenario = {
  name: 'messages of one conversation, one right after the other',
  weight: 2,
  events: 6,
  async run(services, random) {
    const { world } = services;
    const members = [...new Set([world.user(random), world.user(random), world.user(random)])];
    const chat = { conversationId: randomUUID(), members };
    for (let i = 0; i < 6; i += 1) await sendMessage(services, random, chat);
  },
};

export const orderedScenarios = [longLife, longChat];
