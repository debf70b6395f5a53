import { randomUUID } from 'node:crypto';
import { deletePost, writePost } from '../../../../proof/traffic/scenarios/posts';
import { requireActive, type Scenario } from '../../../../proof/traffic/scenarios/scenario';
import { sendMessage } from './ordered';

/** Longest that a transaction stays open after its insert, milliseconds. */
const longestMs = 5_000;

const overtaken: Scenario = {
  name: 'post written early and committed late, overtaken by others of the same author',
  weight: 2,
  events: 3,
  async run(services, random) {
    const { business, world, pause } = services;
    const authorId = world.author(random);
    const about = () => ({ post_id: randomUUID(), user_id: authorId });
    const own = random.fork();
    const late = about();
    const slow = business.transaction(random, async (tx) => {
      await writePost(tx, world, random, late);
      await pause(random.between(500, longestMs));
    });
    await pause(random.between(20, 400));
    await business.transaction(own, (tx) => writePost(tx, world, own, about()));
    if ((await slow) && own.chance(0.3)) await deletePost(services, own, { postId: late.post_id, authorId });
  },
};

const heldUp: Scenario = {
  name: 'conversation held up by a transaction that stays open',
  weight: 1,
  events: 4,
  async run(services, random) {
    const { business, world, pause } = services;
    const [sender, other] = [world.user(random), world.user(random)];
    const chat = { conversationId: randomUUID(), members: [...new Set([sender, other])] };
    const own = random.fork();
    const slow = business.transaction(random, async (tx) => {
      await requireActive(tx, sender);
      const [messageId] = [randomUUID()];
      const values = [messageId, chat.conversationId, sender];
      await tx.query(
        'INSERT INTO business.messages (message_id, conversation_id, sender_id) VALUES ($1, $2, $3)',
        values,
      );
      const about = { message_id: messageId, conversation_id: chat.conversationId, sender_id: sender };
      await tx.publish({ type: 'message.persisted', payload: { ...about, recipient_ids: [other] } });
      await pause(random.between(500, longestMs));
    });
    await pause(20);
    await Promise.all([slow, ...[1, 2, 3].map(() => sendMessage(services, own.fork(), chat))]);
  },
};

export const longScenarios = [overtaken, heldUp];
