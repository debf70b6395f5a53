import { randomUUID } from 'node:crypto';
import { type Random } from '../random';
import { type Transaction } from '../business';
import { type Conversation, type Message, remember, take, type World } from '../world';
import { orNothing, requireActive, type Scenario, text } from './scenario';

function conversation(world: World, random: Random): Conversation {
  const known = random.chance(0.6) ? random.pick(world.conversations) : undefined;
  if (known !== undefined) return known;
  const members = [...new Set(Array.from({ length: random.between(2, 6) }, () => world.user(random)))];
  return { conversationId: randomUUID(), members };
}

async function send(tx: Transaction, world: World, random: Random, chat: Conversation): Promise<void> {
  const sender = orNothing(random.pick(chat.members));
  await requireActive(tx, sender);
  const message: Message = { messageId: randomUUID(), conversationId: chat.conversationId, senderId: sender };
  const mentioned = random.chance(0.12) ? world.reachableUser(random, sender) : undefined;
  await tx.query('INSERT INTO business.messages (message_id, conversation_id, sender_id) VALUES ($1, $2, $3)', [
    message.messageId,
    chat.conversationId,
    sender,
  ]);
  await tx.publish({
    type: 'message.persisted',
    payload: {
      message_id: message.messageId,
      conversation_id: chat.conversationId,
      sender_id: sender,
      recipient_ids: chat.members.filter((member) => member !== sender),
      ...(mentioned === undefined ? {} : { mentioned_user_ids: [mentioned] }),
      ...(random.chance(0.2) ? { encrypted: true } : { content: text(random) }),
    },
  });
  tx.afterCommit(() => remember(world.messages, message));
}

/** Also what fills up the run's last events: it is always possible. */
export const messageSent: Scenario = {
  name: 'message sent',
  weight: 18,
  events: 1,
  async run({ business, world }, random) {
    const chat = conversation(world, random);
    await business.transaction(random, async (tx) => {
      await send(tx, world, random, chat);
      tx.afterCommit(() => remember(world.conversations, chat));
    });
  },
};

const threeAtOnce: Scenario = {
  name: 'three messages in one transaction',
  weight: 2,
  events: 3,
  async run({ business, world }, random) {
    const chat = conversation(world, random);
    await business.transaction(random, async (tx) => {
      for (let i = 0; i < 3; i += 1) await send(tx, world, random, chat);
    });
  },
};

const edited: Scenario = {
  name: 'message edited',
  weight: 2,
  events: 1,
  async run({ business, world }, random) {
    const message = random.pick(world.messages);
    if (message === undefined) return;
    await business.transaction(random, async (tx) => {
      await requireActive(tx, message.senderId);
      const { rowCount } = await tx.query(
        'SELECT 1 FROM business.messages WHERE message_id = $1 AND NOT deleted FOR SHARE',
        [message.messageId],
      );
      orNothing(rowCount === 0 ? undefined : message);
      const { messageId: message_id, conversationId: conversation_id, senderId: editor_id } = message;
      const payload = { message_id, conversation_id, editor_id, content: text(random) };
      await tx.publish({ type: 'message.edited', payload });
    });
  },
};

const deleted: Scenario = {
  name: 'message deleted',
  weight: 2,
  events: 1,
  async run({ business, world }, random) {
    const message = take(world.messages, random);
    if (message === undefined) return;
    await business.transaction(random, async (tx) => {
      await tx.query('UPDATE business.messages SET deleted = true WHERE message_id = $1', [message.messageId]);
      const { messageId: message_id, conversationId: conversation_id, senderId: deleter_id } = message;
      await tx.publish({ type: 'message.deleted', payload: { message_id, conversation_id, deleter_id } });
    });
  },
};

export const messageScenarios = [messageSent, threeAtOnce, edited, deleted];
