import { NovaError } from '../../contracts/failures';
import { type Audit, type AuditedFeeds } from './deps';
import { feedDifference } from './feed-difference';
import { type Gathered } from './suspicions';

/**
 * A random sample of feeds in Redis against the tables. Redis may lose single entries without any sign: a person deletes a key,
 * a script of another service writes there. The sample finds what concerns many readers soon, and of few readers in the end.
 */
export async function checkFeeds({ feeds, outboxes }: Audit, gathered: Gathered): Promise<void> {
  if (feeds === undefined || feeds.sampleSize === 0) return;
  if (!outboxes.isComplete) {
    // An event that explains a difference may be there.
    gathered.note(`feeds were not compared: ${outboxes.notRead.join(', ')} could not be read`);
    return;
  }
  try {
    if (await isUnderRepair(feeds)) {
      gathered.notes.push('feeds were not compared: Redis lost data and is being compared with the tables');
      return;
    }
    for (const userId of await feeds.sample.readers(feeds.sampleSize)) {
      const difference = await feedDifference(feeds, userId);
      gathered.examined.feeds += 1;
      if (difference !== null && difference.missing.length + difference.surplus.length > 0)
        gathered.suspect('feed_differs', userId);
    }
  } catch (thrown) {
    if (!isRedisAway(thrown)) throw thrown;
    gathered.notes.push(`feeds were not compared: ${thrown.message}`);
  }
}

/** Redis lost data, and not every feed is repaired: differences are expected, and no reader believes them. */
export async function isUnderRepair({ record }: Pick<AuditedFeeds, 'record'>): Promise<boolean> {
  const store = await record.find();
  return store !== undefined && store.repairedEpoch < store.epoch;
}

export function isRedisAway(thrown: unknown): thrown is NovaError {
  return thrown instanceof NovaError && thrown.code === 'REDIS_UNAVAILABLE';
}
