import { type Random } from '../../../proof/traffic/random';
import { type Graph, planGraph } from '../../../proof/traffic/graph';

const users = 1_500;
/** More followers than this cost more time to fan out to than they prove. */
const mostFollowers = 4_000;
/** The top account over the threshold; the second, at three quarters of the top, stays clear under it. */
const topOverThreshold = 1.15;

/** Who follows whom. The first account is over the pull threshold, unless that is out of reach, and no other is near it. */
export function planChaosGraph(pullThreshold: number, random: Random): Graph {
  const wanted = Math.ceil(pullThreshold * topOverThreshold);
  const followers = wanted <= mostFollowers ? wanted : Math.min(1_000, Math.floor(pullThreshold / 2));
  return { ...planGraph({ users, followers, events: 0 }, random), pullThreshold };
}
