import { type Scenario } from '../../../proof/traffic/scenarios/scenario';

/**
 * What the release before does otherwise than today's, so that the proof would be wrong of it: it notifies none of those a
 * draft mentions, leaves the notice of a follow or reaction when another replaces it, and takes a deleted person's posts
 * out of the feeds of those who follow them at that moment; and it takes back what others said of a post that is archived. Moved on with the release before, as its revision is.
 */
const changed = [
  'draft, published later',
  'post archived, and sometimes published again',
  'follow',
  'unfollow',
  'reaction added',
  'reaction taken back',
  'user left',
] as const;

/** Whether both releases do the same with what this scenario writes. */
export function isAlikeInReleaseBefore({ name }: Pick<Scenario, 'name'>): boolean {
  return !(changed as readonly string[]).includes(name);
}

export const changedScenarios: readonly string[] = changed;
