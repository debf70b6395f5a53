import { z } from 'zod';
import { aggregateIsKey, defineEvent, mentions, timestamp, uuid } from './define';

const base = {
  priority: 'high',
  domain: 'message',
  aggregateType: 'conversation',
  partitionKey: 'conversation_id',
  aggregate: aggregateIsKey('a message, its edits and its deletion follow each other'),
  version: 1,
} as const;

/** Older senders name no conversation; the row's aggregate id is the conversation. */
function conversationFromAggregate(raw: Record<string, unknown>, aggregateId: string): Record<string, unknown> {
  const { recipient_id, new_content, ...rest } = raw;
  return {
    conversation_id: aggregateId,
    ...(recipient_id === undefined ? {} : { recipient_ids: [recipient_id] }),
    ...(new_content === undefined ? {} : { content: new_content }),
    ...rest,
  };
}

const content = z.string().max(100_000).optional();

/** Plaintext of an end-to-end encrypted chat enters nothing at all. */
const noPlaintext = (message: { encrypted?: boolean | undefined; content?: string | undefined }) =>
  message.encrypted !== true || message.content === undefined;
const noPlaintextRule = {
  error: 'an end-to-end encrypted message must not carry its plaintext: leave `content` out',
  path: ['content'],
};
/** The same rule for who reads the JSON Schema: other languages, and `nova_publish` in SQL. */
const noPlaintextSchema = {
  not: {
    description: 'must be left out of a message with encrypted = true: plaintext of an end-to-end encrypted message',
    required: ['encrypted', 'content'],
    properties: { encrypted: { const: true } },
  },
};

export const messagePersisted = defineEvent({
  ...base,
  type: 'message.persisted',
  meaning: 'A message was stored; its recipients and the mentioned are notified.',
  aliases: ['MessageCreated', 'MessagePersisted', 'message_created', 'message_persisted'],
  workflow: 'notificationWorkflow',
  actor: 'sender_id',
  upgrade: conversationFromAggregate,
  schema: z
    .looseObject({
      message_id: uuid(),
      conversation_id: uuid(),
      sender_id: uuid(),
      recipient_ids: z.array(uuid()).max(1_000).optional(),
      mentioned_user_ids: mentions(),
      encrypted: z.boolean().optional(),
      content,
      created_at: timestamp().optional(),
    })
    .refine(noPlaintext, noPlaintextRule)
    .meta(noPlaintextSchema),
  creates: {
    contentType: 'message',
    content: (message) => ({ contentId: message.message_id, ownerId: message.sender_id }),
  },
  notifies: (message) => ({
    actorId: message.sender_id,
    subject: { type: 'message', id: message.message_id },
    item: { type: 'message', id: message.message_id },
    voidedBy: [
      { type: 'message', id: message.message_id },
      { type: 'user', id: message.sender_id },
    ],
    notified: [
      { kind: 'message.mention', userIds: message.mentioned_user_ids ?? [] },
      { kind: 'message.received', userIds: message.recipient_ids ?? [] },
    ],
  }),
});

export const messageEdited = defineEvent({
  ...base,
  type: 'message.edited',
  meaning: 'The text of a message changed; search refreshes.',
  aliases: ['MessageEdited', 'message_edited'],
  workflow: 'emitWorkflow',
  actor: 'editor_id',
  upgrade: conversationFromAggregate,
  schema: z
    .looseObject({
      message_id: uuid(),
      conversation_id: uuid(),
      editor_id: uuid(),
      encrypted: z.boolean().optional(),
      content,
      edited_at: timestamp().optional(),
    })
    .refine(noPlaintext, noPlaintextRule)
    .meta(noPlaintextSchema),
});

export const messageDeleted = defineEvent({
  ...base,
  type: 'message.deleted',
  meaning: 'A message was deleted; notifications about it are taken back.',
  aliases: ['MessageDeleted', 'message_deleted'],
  workflow: 'retractionWorkflow',
  actor: 'deleter_id',
  upgrade: conversationFromAggregate,
  schema: z.looseObject({
    message_id: uuid(),
    conversation_id: uuid(),
    deleter_id: uuid().optional(),
    deleted_at: timestamp().optional(),
  }),
  voids: (message) => ({
    subjectType: 'message',
    subjectId: message.message_id,
    final: true,
    reason: 'message deleted',
  }),
});
