import { z } from 'zod';
import { type Voided } from './consequences';
import { aggregateIsKey, defineEvent, timestamp, url, uuid } from './define';

const base = {
  domain: 'identity',
  aggregateType: 'user',
  partitionKey: 'user_id',
  actor: 'user_id',
  aggregate: aggregateIsKey('the states of a user follow each other'),
  version: 1,
  workflow: 'identityWorkflow',
} as const;

export const userCreated = defineEvent({
  ...base,
  type: 'identity.user.created',
  meaning: 'A user signed up.',
  aliases: ['UserCreatedEvent', 'UserCreated', 'user_created'],
  priority: 'normal',
  schema: z.looseObject({
    user_id: uuid(),
    username: z.string().max(200),
    email: z.email().max(1_000).optional(),
    created_at: timestamp().optional(),
  }),
  profile: (user) => ({ userId: user.user_id, username: user.username, email: user.email }),
});

export const userProfileUpdated = defineEvent({
  ...base,
  type: 'identity.user.profile_updated',
  meaning: 'Name, avatar or badges of a user changed; cached author data follows.',
  aliases: ['UserProfileUpdatedEvent', 'UserProfileUpdated', 'user_profile_updated'],
  priority: 'normal',
  schema: z.looseObject({
    user_id: uuid(),
    username: z.string().max(200),
    display_name: z.string().max(500).optional(),
    avatar_url: url().optional(),
    is_verified: z.boolean().optional(),
    follower_count: z.int().nonnegative().optional(),
    updated_at: timestamp().optional(),
  }),
  profile: (user) => ({
    userId: user.user_id,
    username: user.username,
    displayName: user.display_name,
    avatarUrl: user.avatar_url,
    isVerified: user.is_verified,
  }),
});

/** Everything of the user goes, also what an event before or after their delete says. */
export const erasedUser = (userId: string): Voided => ({
  subjectType: 'user',
  subjectId: userId,
  final: true,
  reason: 'user deleted',
});

export const userDeleted = defineEvent({
  ...base,
  type: 'identity.user.deleted',
  meaning: 'A user left: hidden at once; on a hard delete their posts leave every feed.',
  aliases: ['UserDeletedEvent', 'UserDeleted', 'user_deleted'],
  priority: 'high',
  schema: z.looseObject({
    user_id: uuid(),
    deleted_at: timestamp().optional(),
    soft_delete: z.boolean().default(false),
  }),
  // Of a soft delete nothing is taken back: readers and senders hide it while the user is hidden.
  voids: (user) =>
    user.soft_delete
      ? { subjectType: 'user', subjectId: user.user_id, final: false, reason: 'user hidden' }
      : erasedUser(user.user_id),
});
