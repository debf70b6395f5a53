/** A person's reaction has no id of its own: `target:user:emoji` is one, in notifications and in tombstones. */
export function reactionId(reaction: { target_id: string; user_id: string; emoji: string }): string {
  return `${reaction.target_id}:${reaction.user_id}:${reaction.emoji}`;
}

/** A follow has no id either: `follower:followee`. */
export function followId(follow: { follower_id: string; followee_id: string }): string {
  return `${follow.follower_id}:${follow.followee_id}`;
}
