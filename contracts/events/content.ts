import { z } from 'zod';
import { type Notice } from './consequences';
import { aggregateIsKey, defineEvent, mentions, renameFields, timestamp, uuid } from './define';

const base = {
  priority: 'normal',
  domain: 'content',
  aggregateType: 'post',
  partitionKey: 'post_id',
  actor: 'user_id',
  aggregate: aggregateIsKey('the states of a post follow each other'),
  version: 1,
} as const;

const authorIsUser = renameFields({ author_id: 'user_id' });

/** A post that can be seen from now on, and whom it mentions. */
function noticeOfPost(post: {
  readonly post_id: string;
  readonly user_id: string;
  readonly mentioned_user_ids?: readonly string[] | undefined;
}): Notice {
  return {
    actorId: post.user_id,
    subject: { type: 'post', id: post.post_id },
    item: { type: 'post', id: post.post_id },
    voidedBy: [
      { type: 'post', id: post.post_id },
      { type: 'user', id: post.user_id },
    ],
    notified: [{ kind: 'post.mention', userIds: post.mentioned_user_ids ?? [] }],
  };
}

export const postCreated = defineEvent({
  ...base,
  type: 'content.post.created',
  meaning: 'A post was written; if published it goes to the feeds of its author’s followers.',
  aliases: ['PostCreated', 'post_created', 'content.post_created'],
  workflow: 'feedFanoutWorkflow',
  upgrade: authorIsUser,
  schema: z.looseObject({
    post_id: uuid(),
    user_id: uuid(),
    caption: z.string().max(10_000).default(''),
    title: z.string().max(500).optional(),
    tags: z.array(z.string().max(100)).max(50).optional(),
    media_type: z.enum(['image', 'video', 'none']).default('none'),
    media_ids: z.array(uuid()).max(20).optional(),
    mentioned_user_ids: mentions(),
    status: z.enum(['published', 'draft']).default('published'),
    created_at: z.string().max(1_000).optional(),
  }),
  creates: { contentType: 'post', content: (post) => ({ contentId: post.post_id, ownerId: post.user_id }) },
  // The people whom a draft mentions are notified by the event that publishes it first.
  notifies: (post) => (post.status === 'published' ? noticeOfPost(post) : undefined),
});

export const postUpdated = defineEvent({
  ...base,
  type: 'content.post.updated',
  meaning: 'The text of a post was edited.',
  aliases: ['PostUpdated', 'post_updated', 'content.post_updated'],
  workflow: 'postRefreshWorkflow',
  upgrade: renameFields({ editor_id: 'user_id', author_id: 'user_id' }),
  schema: z.looseObject({
    post_id: uuid(),
    user_id: uuid(),
    caption: z.string().max(10_000).optional(),
    title: z.string().max(500).optional(),
    tags: z.array(z.string().max(100)).max(50).optional(),
    updated_at: timestamp().optional(),
  }),
});

export const postStatusUpdated = defineEvent({
  ...base,
  type: 'content.post.status_updated',
  meaning:
    'A post was published, archived or deleted by a change of status. The first publication of a draft notifies those it mentions.',
  aliases: ['PostStatusUpdated', 'post_status_updated', 'content.post_status_updated'],
  workflow: {
    among: ['feedFanoutWorkflow', 'retractionWorkflow'],
    choose: (payload) => (payload.new_status === 'published' ? 'feedFanoutWorkflow' : 'retractionWorkflow'),
  },
  upgrade: authorIsUser,
  schema: z.looseObject({
    post_id: uuid(),
    user_id: uuid(),
    new_status: z.enum(['published', 'archived', 'deleted']),
    updated_at: timestamp().optional(),
  }),
  publishes: {
    when: { new_status: 'published' },
    notifies: (creation: z.output<typeof postCreated.schema>) =>
      creation.status === 'draft' && (creation.mentioned_user_ids ?? []).length > 0
        ? noticeOfPost(creation)
        : undefined,
  },
  voids: ({ post_id, new_status: status }) =>
    status === 'published'
      ? undefined
      : { subjectType: 'post', subjectId: post_id, final: status === 'deleted', reason: `post ${status}` },
});

export const postDeleted = defineEvent({
  ...base,
  type: 'content.post.deleted',
  meaning: 'A post was deleted: nothing of it goes out any more, and what went out is taken back.',
  aliases: ['PostDeleted', 'post_deleted', 'content.post_deleted'],
  workflow: 'retractionWorkflow',
  upgrade: renameFields({ deleter_id: 'user_id', author_id: 'user_id' }),
  schema: z.looseObject({ post_id: uuid(), user_id: uuid(), deleted_at: timestamp().optional() }),
  voids: (post) => ({ subjectType: 'post', subjectId: post.post_id, final: true, reason: 'post deleted' }),
});
