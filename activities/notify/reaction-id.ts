/** A person's reaction has no id of its own: `target:user:emoji` is one, in notifications and in tombstones. */
export function reactionId(reaction: { target_id: string; user_id: string; emoji: string }): string {
  return `${reaction.target_id}:${reaction.user_id}:${reaction.emoji}`;
}
