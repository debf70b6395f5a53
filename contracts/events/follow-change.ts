/**
 * The types of the events of a follow, by what they do to it. Their definitions (social.ts) take their names from here. A workflow
 * reads it too, and can load no definition: its imports run again for each run, and the schemas would more than double them.
 */
export const followEvents = { begins: 'follow.added', ends: 'follow.removed' } as const;

export type FollowChange = keyof typeof followEvents;

/** What the event does to a follow; undefined: nothing. */
export function followChangeOf({ eventType }: { readonly eventType: string }): FollowChange | undefined {
  const changes = Object.keys(followEvents) as FollowChange[];
  return changes.find((change) => followEvents[change] === eventType);
}
