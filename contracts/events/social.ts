import { z } from 'zod';
import { followId, reactionId } from './consequences';
import { aggregateIsKey, anyAggregate, defineEvent, mentions, timestamp, uuid } from './define';
import { followEvents } from './follow-change';

const base = { domain: 'social', version: 1 } as const;
const reaction = {
  ...base,
  priority: 'normal',
  aggregateType: 'reaction_target',
  partitionKey: 'target_id',
  actor: 'user_id',
  aggregate: aggregateIsKey('a reaction and its removal follow each other'),
} as const;
const follow = {
  ...base,
  priority: 'normal',
  aggregateType: 'follower',
  partitionKey: 'follower_id',
  actor: 'follower_id',
  aggregate: anyAggregate(
    'of two events of one pair the one with the higher `sequence` counts; subscribers compare it too',
  ),
} as const;

/** What can be reacted to. */
const targetTypes = ['message', 'post', 'comment'] as const;
const emoji = z.string().min(1).max(64);

export const reactionAdded = defineEvent({
  ...reaction,
  type: 'reaction.added',
  meaning: 'A user reacted to a post, message or comment; its owner is notified.',
  aliases: ['ReactionAdded', 'reaction_added'],
  workflow: 'notificationWorkflow',
  schema: z.looseObject({
    target_id: uuid(),
    target_type: z.enum(targetTypes),
    target_owner_id: uuid().optional(),
    user_id: uuid(),
    emoji,
  }),
  notifies: (reaction) => ({
    actorId: reaction.user_id,
    subject: { type: reaction.target_type, id: reaction.target_id },
    item: { type: 'reaction', id: reactionId(reaction) },
    voidedBy: [
      { type: 'reaction', id: reactionId(reaction) },
      { type: 'user', id: reaction.user_id },
      ...(reaction.target_type === 'comment' ? [] : [{ type: reaction.target_type, id: reaction.target_id }]),
    ],
    notified: [],
    owner: {
      contentType: reaction.target_type,
      contentId: reaction.target_id,
      ownerId: reaction.target_owner_id,
      kind: 'reaction.received',
    },
  }),
});

export const reactionRemoved = defineEvent({
  ...reaction,
  type: 'reaction.removed',
  meaning: 'A reaction was taken back, and so is its notification.',
  aliases: ['ReactionRemoved', 'reaction_removed'],
  workflow: 'retractionWorkflow',
  schema: z.looseObject({ target_id: uuid(), target_type: z.enum(targetTypes).optional(), user_id: uuid(), emoji }),
  // The same reaction may come back: only what was before this event is void.
  voids: (reaction) => ({
    subjectType: 'reaction',
    subjectId: reactionId(reaction),
    final: false,
    reason: 'reaction removed',
  }),
});

export const followAdded = defineEvent({
  ...follow,
  type: followEvents.begins,
  meaning: 'A user began to follow another: they become a follower, their feed is filled, the followee is notified.',
  aliases: ['FollowAdded', 'follow_added'],
  workflow: 'followWorkflow',
  schema: z.looseObject({ follower_id: uuid(), followee_id: uuid() }),
  notifies: (follow) => ({
    actorId: follow.follower_id,
    subject: { type: 'user', id: follow.follower_id },
    item: { type: 'user', id: follow.follower_id },
    voidedBy: [
      { type: 'user', id: follow.follower_id },
      { type: 'follow', id: followId(follow) },
    ],
    notified: [{ kind: 'follow.received', userIds: [follow.followee_id] }],
  }),
});

export const followRemoved = defineEvent({
  ...follow,
  type: followEvents.ends,
  meaning: 'A user stopped following another: the followee’s posts leave the feed, and the notice of the follow goes.',
  aliases: ['FollowRemoved', 'follow_removed'],
  workflow: 'followWorkflow',
  schema: z.looseObject({ follower_id: uuid(), followee_id: uuid() }),
  voids: (follow) => ({ subjectType: 'follow', subjectId: followId(follow), final: false, reason: 'follow ended' }),
});

export const commentCreated = defineEvent({
  ...base,
  type: 'comment.created',
  meaning: 'A user commented on a post; its owner and the mentioned are notified.',
  aliases: ['CommentCreated', 'comment_created'],
  priority: 'high',
  aggregateType: 'post',
  partitionKey: 'post_id',
  actor: 'user_id',
  aggregate: anyAggregate('a comment has one event'),
  workflow: 'notificationWorkflow',
  schema: z.looseObject({
    comment_id: uuid(),
    post_id: uuid(),
    post_owner_id: uuid().optional(),
    user_id: uuid(),
    content: z.string().max(10_000).optional(),
    mentioned_user_ids: mentions(),
    created_at: timestamp().optional(),
  }),
  creates: {
    contentType: 'comment',
    content: (comment) => ({ contentId: comment.comment_id, ownerId: comment.user_id, postId: comment.post_id }),
  },
  notifies: (comment) => ({
    actorId: comment.user_id,
    subject: { type: 'post', id: comment.post_id },
    item: { type: 'comment', id: comment.comment_id },
    voidedBy: [
      { type: 'post', id: comment.post_id },
      { type: 'user', id: comment.user_id },
    ],
    notified: [{ kind: 'comment.mention', userIds: comment.mentioned_user_ids ?? [] }],
    owner: {
      contentType: 'post',
      contentId: comment.post_id,
      ownerId: comment.post_owner_id,
      kind: 'comment.received',
    },
  }),
});
